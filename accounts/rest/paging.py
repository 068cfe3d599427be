"""Pages of the API's lists: by number, or by a cursor that stays right while rows are written.

A cursor remembers the last row that was given, not how many there were: rows come in the order of
their numbers, which never change, so a row that is there from beginning to end comes exactly
once, whatever is inserted, changed or deleted meanwhile.
"""

import hashlib
from typing import Any

from django.core import signing
from django.db.models import QuerySet
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import PageNumberPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param, replace_query_param

BY_NUMBER, BY_CURSOR = "number", "cursor"
NO_CURSOR = "このカーソルは使えません。`next` のアドレスを、条件を変えずにそのまま使ってください。"


class Pages(PageNumberPagination):
    """`count`, `next`, `previous`, `results`; a page that makes no sense is refused.

    `page_type=cursor` begins, and the `next` of each page goes on.
    """

    page_size = 100
    max_page_size = 1000
    page_size_query_param = "page_size"
    cursor_query_param = "cursor"
    type_query_param = "page_type"
    parameters = ("page", page_size_query_param, cursor_query_param, type_query_param)

    page_query_description = "ページ番号（1から）。"
    page_size_query_description = f"1ページの件数（1〜{max_page_size}、既定は{page_size}）。"
    cursor_query_description = "前のページの `next` が含むカーソル。そのまま使います。"
    type_query_description = (
        "`cursor` にすると、番号（`id`）の順に、カーソルでページを進みます。読み取りの途中で行が"
        "書き込まれても、同じ行が2度現れず、初めからある行が抜けません。`ordering` と `page` は"
        "使えません。"
    )
    invalid_page_message = "{page_number}ページはありません。"

    def paginate_queryset(
        self, queryset: QuerySet, request: Request, view: Any = None
    ) -> list[Any] | None:
        self.follows_cursor = _follows_cursor(request)
        if not self.follows_cursor:
            return super().paginate_queryset(queryset, request, view)
        self.request = request
        size = self.get_page_size(request)
        signer = _signer(request)
        found = list(_after(queryset.order_by("pk"), request, signer)[: size + 1])
        self.count = queryset.count()
        self.next_cursor = signer.sign(str(found[size - 1].pk)) if len(found) > size else None
        return found[:size]

    def get_paginated_response(self, data: Any) -> Response:
        if not self.follows_cursor:
            return super().get_paginated_response(data)
        return Response(
            {"count": self.count, "next": self._next_link(), "previous": None, "results": data}
        )

    def _next_link(self) -> str | None:
        if self.next_cursor is None:
            return None
        here = self.request.build_absolute_uri()
        without_type = remove_query_param(here, self.type_query_param)
        link: str = replace_query_param(without_type, self.cursor_query_param, self.next_cursor)
        return link

    def get_page_size(self, request: Request) -> int:
        text = request.query_params.get(self.page_size_query_param)
        if text is None:
            return self.page_size
        size = whole_number(text)
        if size is None or not 1 <= size <= self.max_page_size:
            raise ValidationError(
                {self.page_size_query_param: f"1から{self.max_page_size}までの整数です。"}
            )
        return size

    def get_page_number(self, request: Request, paginator: Any) -> int:
        text = request.query_params.get(self.page_query_param, "1")
        number = whole_number(text)
        if number is None or number < 1:
            raise ValidationError({self.page_query_param: "1以上の整数です。"})
        return number

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        return [
            *super().get_schema_operation_parameters(view),
            {
                "name": self.cursor_query_param,
                "required": False,
                "in": "query",
                "description": self.cursor_query_description,
                "schema": {"type": "string"},
            },
            {
                "name": self.type_query_param,
                "required": False,
                "in": "query",
                "description": self.type_query_description,
                "schema": {"type": "string", "enum": [BY_NUMBER, BY_CURSOR]},
            },
        ]

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        return {
            "type": "object",
            "required": ["count", "next", "previous", "results"],
            "properties": {
                "count": {"type": "integer", "description": "条件に合うすべての件数。"},
                "next": _page_link("次のページのアドレス。最後のページではnull。"),
                "previous": _page_link(
                    "前のページのアドレス。最初のページと、カーソルで進むときはnull。"
                ),
                "results": schema,
            },
        }


def whole_number(text: str) -> int | None:
    """A number of a page, a size or a version; None where the text is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _page_link(description: str) -> dict[str, Any]:
    return {"type": ["string", "null"], "format": "uri", "description": description}


def _follows_cursor(request: Request) -> bool:
    said = request.query_params
    page_type = said.get(Pages.type_query_param)
    if page_type not in (None, BY_NUMBER, BY_CURSOR):
        raise ValidationError(
            {Pages.type_query_param: f"{BY_NUMBER} か {BY_CURSOR} を指定してください。"}
        )
    if Pages.cursor_query_param not in said and page_type != BY_CURSOR:
        return False
    if page_type == BY_NUMBER:
        raise ValidationError(
            {Pages.type_query_param: f"cursor と一緒に {BY_NUMBER} は使えません。"}
        )
    for name in (Pages.page_query_param, "ordering"):
        if name in said:
            raise ValidationError({name: "カーソルで進むときは使えません。"})
    return True


def _signer(request: Request) -> signing.Signer:
    """A cursor goes on where it came from: the same list under the same conditions."""
    own = (*Pages.parameters, "fields", "expand")
    conditions = sorted(item for item in request.query_params.items() if item[0] not in own)
    said = repr((request.path, conditions)).encode("utf-8", "backslashreplace")
    digest = hashlib.sha256(said).hexdigest()
    return signing.Signer(salt=f"api-cursor-{digest}")


def _after(queryset: QuerySet, request: Request, signer: signing.Signer) -> QuerySet:
    cursor = request.query_params.get(Pages.cursor_query_param)
    if cursor is None:
        return queryset
    try:
        return queryset.filter(pk__gt=int(signer.unsign(cursor)))
    except signing.BadSignature:
        raise ValidationError({Pages.cursor_query_param: NO_CURSOR}) from None
