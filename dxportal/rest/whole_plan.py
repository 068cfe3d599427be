"""All rows of a plan in one answer of the API: lines of JSON, or a table a resource in a ZIP."""

import io
import zipfile
from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet
from rest_framework.request import Request

from accounts.rest.resources import resources
from accounts.rest.shaping import Shape, reader_of
from accounts.rest.streaming import Csv, Ndjson, as_ndjson, encoded
from accounts.rest.viewsets import in_stable_order
from plans.models import Plan

# In an order in which a copy can take them in. What is kept beside the plan (reports, jobs,
# deletions, webhooks) is not of it; settlements are among the budgets.
OF_ORGANIZATION = ("organizations", "departments", "tag-schemes", "tags")
OF_PLAN = (
    "plans",
    "levels",
    "phases",
    "marks",
    "plan-relations",
    "measures",
    "target-states",
    "sections",
    "terms",
    "term-notes",
    "reference-lists",
    "reference-items",
    "correspondences",
    "projects",
    "project-aliases",
    "project-successions",
    "project-departments",
    "placements",
    "project-tags",
    "milestones",
    "schedule",
    "indicators",
    "definition-changes",
    "indicator-uses",
    "targets",
    "actuals",
    "reviews",
    "budgets",
    "stated-totals",
    "cycles",
    "submissions",
    "items",
    "extensions",
    "comments",
    "corrections",
    "evidence",
)
# The way to the plan where a list has no filter by it.
PATHS = {
    "project-aliases": "project__placements__plan",
    "project-successions": "successor__placements__plan",
    "definition-changes": "indicator__uses__plan",
}
NAMES = (*OF_ORGANIZATION, *OF_PLAN)
MEDIA_TYPES = {Ndjson.format: Ndjson.media_type, Csv.format: "application/zip"}


def pieces_of(plan: Plan, request: Request, asked: str) -> Iterator[bytes]:
    """The answer in pieces, as it is read. Raises at once where a resource may not be read."""
    parts = [(name, *_rows(name, plan, request)) for name in NAMES]
    if asked == Ndjson.format:
        return _lines(parts)
    return _zipped(parts)


Part = tuple[str, QuerySet, Shape]


def _rows(name: str, plan: Plan, request: Request) -> tuple[QuerySet, Shape]:
    """Through the resource's own view: its scope, its prefetching, its fields."""
    view: Any = reader_of(resources()[name], request)
    rows = view.get_queryset()
    if name == "plans":
        rows = rows.filter(pk=plan.pk)
    elif name in PATHS:
        wanted = view.queryset.model._base_manager.filter(**{PATHS[name]: plan}).values("pk")
        rows = rows.filter(pk__in=wanted)
    else:
        by = (
            {"organization": plan.organization_id} if name in OF_ORGANIZATION else {"plan": plan.pk}
        )
        if name == "organizations":
            rows, by = rows.filter(pk=plan.organization_id), {}
        rows = view.filterset_class(by, rows, request=request).qs
    return in_stable_order(rows), Shape(view)


def _lines(parts: list[Part]) -> Iterator[bytes]:
    for name, rows, shape in parts:
        yield from as_ndjson(rows, shape, lambda row, name=name: {"resource": name, "row": row})


def _zipped(parts: list[Part]) -> Iterator[bytes]:
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, rows, shape in parts:
            with archive.open(f"{name}.csv", "w", force_zip64=True) as member:
                for piece in encoded(rows, shape, Csv.format):
                    member.write(piece)
                    yield sink.take()
    yield sink.take()


class _Sink(io.RawIOBase):
    """What was written since it was last taken."""

    def __init__(self) -> None:
        self.written = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.written += data
        return len(data)

    def take(self) -> bytes:
        taken, self.written = bytes(self.written), bytearray()
        return taken
