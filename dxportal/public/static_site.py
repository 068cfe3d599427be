"""The whole public site as files with relative links, for a server without the portal behind it.

Starting from the first page, every address that a page or style sheet names is asked of the
public views and written down, so what a citizen cannot read is not written either.
"""

import html
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, unquote, urldefrag, urljoin, urlsplit

from django.conf import settings
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage
from django.http import Http404, HttpRequest, HttpResponseBase, QueryDict
from django.urls import resolve, reverse

# A page's links and sources; a style sheet's files.
_IN_PAGES = re.compile(r'(\s(?:href|src)=")([^"]+)(")')
_IN_STYLES = re.compile(r"""(url\(["']?)([^"')]+)(["']?\))""")
MARKER = ".dxportal-public"


def write_site(folder: Path, base_url: str = "") -> int:
    """Write the site into `folder` and say how many files it has.

    The folder is emptied first, so that what is no longer public is gone; a folder that holds
    anything else than an earlier site is refused with ValueError. `base_url` is where the site
    will stand, for the addresses in the catalogue.
    """
    _empty(folder)
    writer = _Writer(folder, base_url)
    writer.write(reverse("public:index"))
    writer.write(reverse("public:catalogue"))
    while writer.waiting:
        writer.write_next()
    start = writer.relative("/index.html", writer.name_of(reverse("public:index")))
    (folder / "index.html").write_text(
        '<!doctype html><html lang="ja"><meta charset="utf-8"><title>DX計画の進みぐあい</title>'
        f'<meta http-equiv="refresh" content="0; url={start}">'
        f'<p><a href="{start}">DX計画の進みぐあい</a></p></html>\n',
        encoding="utf-8",
    )
    (folder / MARKER).write_text("Written by manage.py export_public.\n", encoding="utf-8")
    return len(writer.written) + 1


def _empty(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()) and not (folder / MARKER).exists():
        raise ValueError(
            f"{folder} is not empty and holds no public site of the portal. Name a new folder."
        )
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


class _Writer:
    """Writes addresses as files and collects the addresses that these name."""

    def __init__(self, folder: Path, base_url: str) -> None:
        self.folder, self.base_url = folder, base_url
        self.waiting: list[str] = []
        self.written: set[str] = set()

    def write_next(self) -> None:
        self.write(self.waiting.pop())

    def write(self, address: str) -> None:
        """Ask for an address and write what it answers; each once."""
        if address in self.written:
            return
        self.written.add(address)
        if address.startswith(_static_prefix()):
            content, kind = _static_file(address), ""
        else:
            content, kind = self._answer(address)
        name = self.name_of(address)
        if kind.startswith("text/html") and not name.endswith(".html"):
            name += ".html"  # a page that says why there is no such file
        if name.endswith(".html"):
            content = self._with_relative_links(content, address, name, _IN_PAGES)
        elif name.endswith(".css"):
            content = self._with_relative_links(content, address, name, _IN_STYLES)
        path = self.folder / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def _answer(self, address: str) -> tuple[bytes, str]:
        request = HttpRequest()
        parts = urlsplit(address)
        request.method, request.path = "GET", unquote(parts.path)
        request.path_info, request.GET = request.path, QueryDict(parts.query)
        request.META = {"QUERY_STRING": parts.query, "SERVER_NAME": "localhost"}
        request.META["SERVER_PORT"] = "80"
        if self.base_url:
            request.public_base = self.base_url  # type: ignore[attr-defined]  # for catalogue.absolute
        match = resolve(request.path)
        if "public" not in match.namespaces:
            raise Http404(f"{address} is no public address.")
        request.resolver_match = match
        response: HttpResponseBase = match.func(request, *match.args, **match.kwargs)
        content = b"".join(response) if response.streaming else response.content  # type: ignore[attr-defined,arg-type]
        return content, response["Content-Type"]

    def name_of(self, address: str) -> str:
        """The file of an address; `?encoding=cp932` becomes part of the name."""
        parts = urlsplit(address)
        name = unquote(parts.path)
        if name.endswith("/"):
            name += "index.html"
        for value in (v for values in parse_qs(parts.query).values() for v in values):
            stem, dot, extension = name.rpartition(".")
            name = f"{stem}-{re.sub('[^0-9A-Za-z_-]', '_', value)}{dot}{extension}"
        return name

    @staticmethod
    def relative(source: str, target: str) -> str:
        return os.path.relpath(target, Path(source).parent).replace(os.sep, "/")

    def _with_relative_links(
        self, content: bytes, address: str, name: str, pattern: re.Pattern[str]
    ) -> bytes:
        def link(match: re.Match[str]) -> str:
            url = html.unescape(match[2])
            if url.startswith(("#", "data:", "mailto:", "http://", "https://")):
                return match[0]
            target, fragment = urldefrag(urljoin(address, url))
            self.waiting.append(target)
            found = self._file_or_page(target)
            told = self.relative(name, found) + (f"#{fragment}" if fragment else "")
            return f"{match[1]}{html.escape(told)}{match[3]}"

        return pattern.sub(link, content.decode()).encode()

    def _file_or_page(self, target: str) -> str:
        """Where a target is written: a file in another encoding may turn out to be a page."""
        name = self.name_of(target)
        if "encoding=" in target:
            self.write(target)
            if not (self.folder / name.lstrip("/")).exists():
                return f"{name}.html"
        return name


def _static_prefix() -> str:
    url = settings.STATIC_URL
    return url if url.startswith("/") else f"/{url}"


def _static_file(address: str) -> bytes:
    name = unquote(urlsplit(address).path).removeprefix(_static_prefix())
    find: Callable[[str], str | None] = finders.find  # type: ignore[assignment]  # one file
    found = find(name) or staticfiles_storage.path(name)
    return Path(found).read_bytes()
