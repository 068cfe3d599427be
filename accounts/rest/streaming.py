"""Whole lists in one answer, however long: a line a row, written while the rows are read.

The memory that it takes does not grow with the rows: the database hands them over in chunks, and
each chunk is sent before the next is read. One statement reads them, so they are as they were at
one moment.
"""

import csv
import gc
import io
import re
from collections.abc import Callable, Iterator
from itertools import count, islice
from typing import Any

from django.db.models import Model, QuerySet
from django.http import StreamingHttpResponse
from rest_framework.exceptions import ValidationError
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.utils.encoders import JSONEncoder

from accounts.csv_cells import csv_text
from accounts.rest.paging import Pages
from accounts.rest.shaping import EXPAND, Shape

# Rows that are read, made and sent together.
CHUNK = 500
CHUNKS_BETWEEN = 4
FORMAT = "format"
FORMAT_DESCRIPTION = (
    "すべての行を、ページに分けずに1度に返します。`ndjson` は1行に1つのJSON、"
    "`csv` はUTF-8（BOM付き）の表です。"
    "`Accept` で `application/x-ndjson` か `text/csv` を指定しても同じです。"
)


class Ndjson(BaseRenderer):
    """Named for the negotiation; the lines are written by `lines_of`."""

    media_type = "application/x-ndjson"
    format = "ndjson"


class Csv(BaseRenderer):
    media_type = "text/csv"
    format = "csv"


STREAMED = {renderer.format: renderer for renderer in (Ndjson, Csv)}
_as_json = JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")


def format_asked(request: Request, by_parameter: bool) -> str | None:
    """`ndjson`, `csv`, or None for pages of JSON.

    Raises ValidationError for parameters that go with pages alone.
    """
    asked = request.query_params.get(FORMAT) if by_parameter else None
    if asked not in (None, *STREAMED):
        raise ValidationError({FORMAT: f"{' か '.join(STREAMED)} を指定してください。"})
    if asked is None and request.accepted_renderer.format in STREAMED:
        asked = request.accepted_renderer.format
    if asked is None:
        return None
    without_pages = {
        name: "すべての行を1度に返すので使えません。"
        for name in Pages.parameters
        if name in request.query_params
    }
    if asked == Csv.format and EXPAND in request.query_params:
        without_pages[EXPAND] = "CSVでは使えません。ndjsonを使ってください。"
    if without_pages:
        raise ValidationError(without_pages)
    return asked


def streamed(rows: QuerySet, shape: Shape, asked: str, name: str) -> StreamingHttpResponse:
    response = StreamingHttpResponse(
        encoded(rows, shape, asked), content_type=f"{STREAMED[asked].media_type}; charset=utf-8"
    )
    response["Content-Disposition"] = f'attachment; filename="{name}.{asked}"'
    return response


def encoded(rows: QuerySet, shape: Shape, asked: str) -> Iterator[bytes]:
    """The whole file in pieces of `CHUNK` rows."""
    if asked == Ndjson.format:
        return as_ndjson(rows, shape, lambda row: row)
    return _as_csv(rows, shape)


def as_ndjson(
    rows: QuerySet, shape: Shape, wrap: Callable[[dict[str, Any]], dict[str, Any]]
) -> Iterator[bytes]:
    for chunk in _chunks(rows):
        lines = [_as_json(wrap(row)) for row in shape.represent(chunk)]
        yield ("\n".join(lines) + "\n").encode()


def _as_csv(rows: QuerySet, shape: Shape) -> Iterator[bytes]:
    names = shape.fields
    yield b"\xef\xbb\xbf" + _csv_lines([names])
    for chunk in _chunks(rows):
        made = shape.represent(chunk)
        yield _csv_lines([[_cell(row[name]) for name in names] for row in made])


def _chunks(rows: QuerySet) -> Iterator[list[Model]]:
    found = rows.iterator(chunk_size=CHUNK)
    for number in count(1):
        if not (chunk := list(islice(found, CHUNK))):
            return
        yield chunk
        # Rows and what was fetched for them point at each other, and between pages Python looks
        # for such cycles seldom (`dxportal.garbage`).
        if number % CHUNKS_BETWEEN == 0:
            gc.collect()


def _csv_lines(table: list[list[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(table)
    return text.getvalue().encode()


def _cell(value: Any) -> str:
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return value  # a decimal is text in JSON; below zero it is no formula
    if isinstance(value, list | dict):
        return _as_json(value)
    return csv_text(value)
