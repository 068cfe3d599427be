"""A page's tables as files, where the page is no list."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from plans.exports import CP932, ENCODINGS, CannotEncode, Exporter


def download(request: HttpRequest, exporters: dict[str, Exporter]) -> HttpResponse:
    """The table `export` (the first unless told) as `format`, in `encoding`; else a 404."""
    file_format = request.GET.get("format", "")
    encoding = request.GET.get("encoding", "utf-8")
    name = request.GET.get("export", next(iter(exporters)))
    if name not in exporters or file_format not in ("csv", "xlsx") or encoding not in ENCODINGS:
        raise Http404("この形式では書き出せません。")
    exporter = exporters[name]
    try:
        return exporter.file(file_format, encoding).response()
    except CannotEncode as error:
        context = {"title": exporter.title, "uncarried": error.uncarried, "encoding": CP932}
        return render(request, "plans/cannot_encode.html", context, status=422)
