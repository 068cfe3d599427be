"""What citizens read when something is not there or goes wrong; it never tells what."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views import defaults


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "public/error.html", {"code": 404}, status=404)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "public/error.html", {"code": 400}, status=400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "public/error.html", {"code": 403}, status=403)


def server_error(request: HttpRequest, *args: Any) -> HttpResponse:
    return render(request, "public/error.html", {"code": 500}, status=500)


def not_found_anywhere(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The whole portal's 404: in the words of the public pages where it is one of them."""
    if request.path.startswith("/public/"):
        return not_found(request, exception)
    return defaults.page_not_found(request, exception)
