"""The open data's pages and files, and an indicator's chart as a file or in a frame."""

import csv
import io
import json

from csp.decorators import csp_replace
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.views.decorators.clickjacking import xframe_options_exempt

from dxportal.models import DataVersion
from dxportal.public import versions
from dxportal.public.answers import of_all_plans, of_plan
from dxportal.public.catalogue import MEDIA_TYPES, dcat, licence_of, schema_dataset
from dxportal.public.changes import changes_of
from dxportal.public.datasets import DATASETS
from dxportal.public.exports import FORMATS, ItemExporter, PublicExporter
from dxportal.public.items import ITEM_HEAD, Dataset, item_rows
from dxportal.public.pictures import png_of
from dxportal.public.reading import PublicPlan
from plans.exports import CP932, ENCODINGS, CannotEncode, Exporter, csv_text

FONT = "BIZ UDPGothic, Hiragino Sans, Noto Sans JP, sans-serif"


@of_all_plans
def data(request: HttpRequest, found: list[PublicPlan]) -> HttpResponse:
    """The catalogue for people."""
    context = {
        "plans": [(public, licence_of(public.publication)) for public in found],
        "datasets": DATASETS.values(),
        "breadcrumb": [("オープンデータ", "")],
    }
    return render(request, "public/data.html", context)


@of_all_plans
def catalogue(request: HttpRequest, found: list[PublicPlan]) -> HttpResponse:
    """The catalogue for harvesters (DCAT)."""
    text = json.dumps(dcat(request, found), ensure_ascii=False, indent=1)
    return HttpResponse(text, content_type="application/ld+json")


@of_plan
def plan_data(request: HttpRequest, public: PublicPlan) -> HttpResponse:
    """The datasets of one plan with their items, licence and history."""
    context = {
        "public": public,
        "plan": public.plan,
        "datasets": [(dataset, item_rows(public, dataset)) for dataset in DATASETS.values()],
        "item_head": ITEM_HEAD,
        "formats": FORMATS,
        "licence": licence_of(public.publication),
        "changes": changes_of(public),
        "json_ld": [schema_dataset(request, public, dataset) for dataset in DATASETS.values()],
        "breadcrumb": [("オープンデータ", reverse("public:data")), (public.plan.name, "")],
    }
    return render(request, "public/plan_data.html", context)


@of_plan
def dataset(
    request: HttpRequest,
    public: PublicPlan,
    name: str,
    format: str,
    fiscal_year: int | None = None,
) -> HttpResponse:
    """A dataset as a file, of all published years or of one."""
    found = _dataset(name)
    if fiscal_year is not None:
        public.require_year(fiscal_year)
        if not found.by_year:
            raise Http404("このデータは年度ごとではありません。")
    return _file(request, PublicExporter(found, public, fiscal_year), format)


@of_plan
def items(request: HttpRequest, public: PublicPlan, name: str, format: str) -> HttpResponse:
    """The 項目定義書 of a dataset as a file."""
    return _file(request, ItemExporter(_dataset(name), public), format)


def _dataset(name: str) -> Dataset:
    if name not in DATASETS:
        raise Http404("このデータはありません。")
    return DATASETS[name]


def _file(request: HttpRequest, exporter: Exporter, file_format: str) -> HttpResponse:
    encoding = request.GET.get("encoding", "utf-8")
    if encoding not in ENCODINGS:
        raise Http404("この文字コードでは書き出せません。")
    try:
        response = exporter.file(file_format, encoding).response()
    except CannotEncode as error:
        context = {"title": exporter.title, "uncarried": error.uncarried, "encoding": CP932}
        return render(request, "public/cannot_encode.html", context, status=422)
    # Anybody's page may read open data.
    response["Access-Control-Allow-Origin"] = "*"
    return response


@of_plan
def version(request: HttpRequest, public: PublicPlan, version: str) -> HttpResponse:
    """A kept version of the data: its files with what proves that they are the same."""
    found = _version(public, version)
    context = {
        "public": public,
        "plan": public.plan,
        "version": found,
        "files": versions.files_of_version(found),
        "licence": licence_of(public.publication),
        "breadcrumb": [
            ("オープンデータ", reverse("public:data")),
            (public.plan.name, reverse("public:plan_data", args=[public.code, public.key])),
            (f"版 {found.name}", ""),
        ],
    }
    return render(request, "public/version.html", context)


@of_plan
def version_file(request: HttpRequest, public: PublicPlan, version: str, file: str) -> HttpResponse:
    """A file as it was kept; the same bytes for as long as the version is public."""
    content = versions.read_kept(_version(public, version), file)
    if content is None:
        raise Http404("この版に、このデータはありません。")
    response = HttpResponse(content, content_type=MEDIA_TYPES[file.rpartition(".")[2]])
    name = f"{public.code}_{public.key}_{version}_{file}"
    response["Content-Disposition"] = content_disposition_header(True, name) or ""
    response["Access-Control-Allow-Origin"] = "*"
    return response


def _version(public: PublicPlan, name: str) -> DataVersion:
    for version in public.versions:
        if version.name == name:
            return version
    raise Http404("この版は公開されていません。")


@of_plan
def chart(request: HttpRequest, public: PublicPlan, pk: int, format: str) -> HttpResponse:
    """An indicator's chart as SVG or PNG, or its numbers as CSV."""
    indicator = public.indicator(pk)
    drawn = public.sheet(indicator).chart
    name = f"{public.code}_{public.key}_{indicator.pk}"
    if format == "csv":
        text = io.StringIO()
        rows = [drawn.head, *([row.label, *row.texts] for row in drawn.rows())]
        csv.writer(text, lineterminator="\r\n").writerows(
            [csv_text(cell) for cell in row] for row in rows
        )
        content, kind = text.getvalue().encode("utf-8-sig"), "text/csv; charset=utf-8"
    else:
        svg = drawn.svg(font=FONT)
        if svg is None:
            raise Http404("数値がないため、グラフはありません。")
        content = str(svg).encode() if format == "svg" else png_of(str(svg))
        kind = "image/svg+xml" if format == "svg" else "image/png"
    response = HttpResponse(content, content_type=kind)
    response["Content-Disposition"] = f'attachment; filename="{name}.{format}"'
    response["Access-Control-Allow-Origin"] = "*"
    return response


@xframe_options_exempt
@csp_replace({"frame-ancestors": ["*"]})
@of_plan
def embed(request: HttpRequest, public: PublicPlan, pk: int) -> HttpResponse:
    """An indicator's chart alone, to stand in a frame on anybody's page."""
    indicator = public.indicator(pk)
    context = {
        "public": public,
        "plan": public.plan,
        "indicator": indicator,
        "sheet": public.sheet(indicator),
        "licence": licence_of(public.publication),
    }
    return render(request, "public/embed.html", context)
