"""Pages on which plan books and a city's own tables are taken in and out."""

from django.urls import path

from dxportal.views import books

app_name = "books"
urlpatterns = [
    path("", books.book_list, name="list"),
    path("upload/", books.upload, name="upload"),
    path("<int:pk>/", books.preview, name="preview"),
    path("<int:pk>/choose/", books.choose, name="choose"),
    path("<int:pk>/apply/", books.apply, name="apply"),
    path("<int:pk>/discard/", books.discard, name="discard"),
    path("plans/<int:pk>/", books.export, name="export"),
]
