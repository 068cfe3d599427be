"""The language of the API's sentences, chosen by each client; pages are Japanese."""

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.translation.trans_real import parse_accept_lang_header

PREFIX = "/api/"


class ApiLanguage:
    """Middleware: English where a client of the API prefers it to Japanese, else Japanese."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.path.startswith(PREFIX):
            return self.get_response(request)
        with translation.override(_wanted(request.headers.get("Accept-Language", ""))):
            response = self.get_response(request)
        patch_vary_headers(response, ["Accept-Language"])
        return response


def _wanted(header: str) -> str:
    """`en` or `ja`: whichever of the two the header puts first; Japanese without a word of them."""
    for tag, _ in parse_accept_lang_header(header):
        if (language := tag.partition("-")[0]) in ("en", "ja"):
            return language
    return "ja"
