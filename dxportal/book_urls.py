"""Pages on which plan books and a city's own tables are taken in and out."""

from django.urls import URLPattern

app_name = "books"
urlpatterns: list[URLPattern] = []
