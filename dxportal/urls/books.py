"""Pages on which plan books and a city's own tables are taken in and out."""

from django.urls import path

from dxportal.views import books, column_mappings

app_name = "books"
urlpatterns = [
    path("", books.book_list, name="list"),
    path("upload/", books.upload, name="upload"),
    path("<int:pk>/", books.preview, name="preview"),
    path("<int:pk>/choose/", books.choose, name="choose"),
    path("<int:pk>/apply/", books.apply, name="apply"),
    path("<int:pk>/discard/", books.discard, name="discard"),
    path("plans/<int:pk>/", books.export, name="export"),
    path("mappings/", column_mappings.mappings, name="mappings"),
    path("mappings/new/", column_mappings.mapping_new, name="mapping_new"),
    path("mappings/<int:pk>/", column_mappings.mapping, name="mapping"),
    path("mappings/<int:pk>/delete/", column_mappings.mapping_delete, name="mapping_delete"),
]
