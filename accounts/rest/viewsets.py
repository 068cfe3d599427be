"""What every endpoint of the API is made of. Views declare; these bases act.

Rows come through `visible_to` here and nowhere else, so what a person may not see does not exist
for them (404). Nothing that a client sends is passed over in silence: a parameter or a field that
the endpoint does not know is refused by name, so a slip of the pen never widens a selection or
loses a value.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import django_filters
from django.conf import settings
from django.db.models import Model, QuerySet
from django.http import HttpResponseBase, HttpResponseNotModified
from django.utils.cache import patch_cache_control
from django.utils.http import parse_etags
from django.utils.module_loading import import_string
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import APIException, NotFound, ValidationError
from rest_framework.metadata import BaseMetadata
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from accounts.policy import Act, scope_of
from accounts.rest.paging import Pages, whole_number
from accounts.rest.resources import resource_of
from accounts.rest.shaping import EXPAND, FIELDS, Shape, expands_of
from accounts.rest.streaming import FORMAT, STREAMED, format_asked, streamed
from accounts.versions import StaleVersion, Versioned

TRUE_FALSE = ("true", "false")
NOT_TWICE = "応答に鍵が入るため、この呼び出しでは Idempotency-Key を使えません。"
NO_VERSION = "読み取ったときの版（整数）を指定してください。"


class TooLarge(APIException):
    """The body is larger than anybody has reason to send."""

    status_code = 413


class StrictFilters(DjangoFilterBackend):
    """The model's FilterSet, the same as on its page, but nothing is guessed or passed over."""

    def filter_queryset(self, request: Request, queryset: QuerySet, view: Any) -> QuerySet:
        filterset_class = self.get_filterset_class(view, queryset)
        if filterset_class is not None:
            _require_plain_booleans(request, filterset_class)
        return in_stable_order(super().filter_queryset(request, queryset, view))


def _require_plain_booleans(request: Request, filterset_class: Any) -> None:
    """The forms of pages take anything else than yes or no for "don't care"; a client must not."""
    wrong = {
        name: "true か false を指定してください。"
        for name, declared in filterset_class.base_filters.items()
        if isinstance(declared, django_filters.BooleanFilter)
        and request.query_params.get(name, "true") not in TRUE_FALSE
    }
    if wrong:
        raise ValidationError(wrong)


def in_stable_order(queryset: QuerySet) -> QuerySet:
    """Rows that are equal in what they are sorted by keep one order, so pages never overlap."""
    names = queryset.query.order_by or queryset.model._meta.ordering
    return queryset.order_by(*names, "pk")


class Brief(BaseMetadata):
    """The answer to OPTIONS: what this is and what can be done here. The schema has the rest."""

    def determine_metadata(self, request: Request, view: Any) -> dict[str, Any]:
        return {
            "name": view.queryset.model._meta.verbose_name,
            "description": view.about,
            "methods": view.allowed_methods,
        }


class Rows(GenericViewSet):
    """The base of all endpoints: rows of one model that the person may see.

    Subclasses declare `queryset`, `serializer_class` and `filterset_class`, what the rows are in
    a sentence (`about`), and fetch in advance what one page shows (`for_reading`).
    """

    pagination_class = Pages
    metadata_class = Brief
    filter_backends = [StrictFilters]
    lookup_value_converter = "int"

    filterset_class: ClassVar[Any] = None
    # A sentence for the reference: what one row is.
    about: ClassVar[str] = ""
    # Filters that say nothing without another one: {filter: the one it needs}.
    needs: ClassVar[Mapping[str, str]] = {}
    # Query parameters of single actions; lists know theirs from the FilterSet.
    parameters: ClassVar[Mapping[str, Iterable[str]]] = {}
    # Actions that take a file, as multipart/form-data, and how large one may be.
    files_in: ClassVar[Iterable[str]] = ()
    max_megabytes: ClassVar[Mapping[str, int]] = {}
    # What actions of its own are called and do, for the reference: {action: (summary, detail)}.
    told: ClassVar[Mapping[str, tuple[str, str]]] = {}

    @property
    def resource(self) -> str:
        """What the rows are called in the addresses, and in what tokens are limited to."""
        return resource_of(type(self))

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        most = max(settings.API_MAX_MEGABYTES, self.max_megabytes.get(self.action or "", 0))
        if int(request.META.get("CONTENT_LENGTH") or 0) > most * 1_000_000:
            raise TooLarge(f"本文は{most}MBまでです。分けて送ってください。")
        self.refuse_unknown_parameters(request)
        self._write_once(request)

    def get_parsers(self) -> list[Any]:
        """A file comes as multipart/form-data, all else as JSON."""
        method = self.request.method.lower() if self.request else ""
        action = getattr(self, "action", None) or self.action_map.get(method)
        return [MultiPartParser()] if action in self.files_in else super().get_parsers()

    def _write_once(self, request: Request) -> None:
        """Let a write with an `Idempotency-Key` be done once (`dxportal.rest.idempotency`)."""
        method = request.method.lower()
        if method not in ("post", "put", "patch", "delete") or self.action is None:
            return
        if "Idempotency-Key" in request.headers:
            handler, once = getattr(self, method), import_string(settings.API_WRITES_ONCE)

            def guarded(request: Request, *args: Any, **kwargs: Any) -> Any:
                return once(self, request, lambda: handler(request, *args, **kwargs))

            setattr(self, method, guarded)

    def finalize_response(
        self, request: Request, response: Any, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        """What one person may see is kept by no cache between us and them.

        The ETag names the row's version, for `If-Match`, and what was read, for `If-None-Match`.
        """
        patch_cache_control(response, private=True, no_cache=True)
        response = super().finalize_response(request, response, *args, **kwargs)
        said = getattr(response, "data", None)
        parts = []
        if isinstance(said, Mapping) and isinstance(said.get("version"), int):
            parts.append(str(said["version"]))
        if said is not None and request.method in SAFE_METHODS and response.status_code == 200:
            response.render()
            parts.append(hashlib.sha256(response.content).hexdigest()[:16])
        if not parts:
            return response
        response["ETag"] = f'"{"-".join(parts)}"'
        return _unless_known(request, response)

    def get_queryset(self) -> QuerySet:
        rows = self.queryset.all()
        if getattr(self, "swagger_fake_view", False):
            return rows.none()
        return self.for_reading(rows.visible_to(self.request.user))

    def for_reading(self, queryset: QuerySet) -> QuerySet:
        """Fetch in advance what the rows show, in a number of queries that does not grow."""
        return queryset

    def known_parameters(self) -> set[str]:
        if self.action not in ("list", "retrieve"):
            return set(self.parameters.get(self.action or "", ()))
        shape = {FIELDS, EXPAND} if expands_of(self) else {FIELDS}
        if self.action == "retrieve":
            return shape
        filters = self.filterset_class.base_filters if self.filterset_class else ()
        return {*filters, *Pages.parameters, *shape, FORMAT}

    def refuse_unknown_parameters(self, request: Request) -> None:
        if self.action not in (None, "metadata"):
            refuse_parameters(request, self.known_parameters(), self.needs)


def refuse_parameters(
    request: Request, known: Iterable[str], needs: Mapping[str, str] | None = None
) -> None:
    """Raise ValidationError for parameters that are not known, come without the one they need
    (`needs`), twice, or empty: what was meant is unclear."""
    wrong = {}
    for name, values in request.query_params.lists():
        if name not in known:
            wrong[name] = "このパラメーターはありません。" + _list_of(known)
        elif len(values) > 1:
            wrong[name] = "同じパラメーターが2回以上あります。"
        elif not values[0].strip():
            wrong[name] = "値が空です。絞り込まないときは、パラメーターごと省いてください。"
        elif needs and needs.get(name, name) not in request.query_params:
            wrong[name] = f"{needs[name]} と一緒に指定してください。"
    if wrong:
        raise ValidationError(wrong, code="parameter")


def _unless_known(request: Request, response: HttpResponseBase) -> HttpResponseBase:
    """304 instead of what the client has already."""
    known = parse_etags(request.headers.get("If-None-Match", ""))
    if request.method not in SAFE_METHODS or response["ETag"] not in known:
        return response
    unchanged = HttpResponseNotModified()
    for name in ("ETag", "Cache-Control", "Vary"):
        if response.has_header(name):
            unchanged[name] = response[name]
    return unchanged


def _list_of(names: Iterable[str]) -> str:
    listed = "、".join(sorted(names))
    return f"使えるのは {listed} です。" if listed else "ここではパラメーターを使えません。"


class ReadOnlyRows(Rows):
    """Rows that the API shows and does not change: as pages, one by one, or all in one answer."""

    @property
    def has_format_parameter(self) -> bool:
        """Not where `format` is a filter of the rows; there the `Accept` header says it."""
        return FORMAT not in self.filterset_class.base_filters

    def get_renderers(self) -> list[Any]:
        more = [made() for made in STREAMED.values()] if self.action == "list" else []
        return [*super().get_renderers(), *more]

    def list(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        asked = format_asked(request, self.has_format_parameter)
        shape = Shape(self)
        rows = self.filter_queryset(self.get_queryset())
        if asked is not None:
            return streamed(rows, shape, asked, self.basename.removeprefix("api-"))
        page = self.paginate_queryset(rows)
        return self.get_paginated_response(shape.represent(page))

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        shape = Shape(self)
        return Response(shape.represent([self.get_object()])[0])


class KeptByOffice:
    """Rows for those who manage the plans, and for administrators, whose log tells of them too."""

    def for_reading(self, queryset: QuerySet) -> QuerySet:
        scope = scope_of(self.request.user).organizations  # type: ignore[attr-defined]  # a view's
        kept = scope.get(Act.MANAGE, frozenset()) | scope.get(Act.ADMINISTER, frozenset())
        return queryset.filter(organization_id__in=kept)


class RowSerializer(serializers.ModelSerializer):
    """A row as reading shows it. Nothing is written through it: bodies are `StrictSerializer`s."""

    def get_extra_kwargs(self) -> dict[str, Any]:
        options = super().get_extra_kwargs()
        for name in self.Meta.fields:
            if name not in self._declared_fields:
                options.setdefault(name, {})["read_only"] = True
        return options

    def get_fields(self) -> dict[str, serializers.Field]:
        """A choice that may be left open says so in the schema, as the empty text that it is."""
        fields = super().get_fields()
        for name, field in fields.items():
            if isinstance(field, serializers.ChoiceField) and name not in self._declared_fields:
                field.allow_blank = self.Meta.model._meta.get_field(name).blank
        return fields


class StrictSerializer(serializers.Serializer):
    """The body of a write. A field that it does not have is refused by name."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            unknown = [str(name) for name in data if name not in self.fields]
            if unknown:
                known = "、".join(self.fields)
                message = f"この項目はありません。書き込めるのは {known} です。"
                raise ValidationError(dict.fromkeys(unknown, message))
        return super().to_internal_value(data)


@extend_schema_field({"type": ["string", "integer"], "maxLength": 200})
class FigureText(serializers.Field):
    """A figure as text, so that no digit is lost on the way; a whole number may be a JSON number.

    Becomes the text; null and "" are both "nothing entered".
    """

    MAX_LENGTH = 200
    default_error_messages = {
        "decimal": '小数は、けたが失われないように文字列で送ってください（例："12.3"）。',
        "type": '数値は文字列で送ってください（例："1234"）。',
        "length": f"{MAX_LENGTH}文字までです。",
        "control": "使えない文字があります。",
    }

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, allow_null=True, **options)

    def to_internal_value(self, data: Any) -> str:
        if isinstance(data, float):
            self.fail("decimal")
        if isinstance(data, bool) or not isinstance(data, str | int):
            self.fail("type")
        text = str(data)
        if len(text) > self.MAX_LENGTH:
            self.fail("length")
        if any(char == "\0" or "\ud800" <= char <= "\udfff" for char in text):
            self.fail("control")
        return text

    def validate_empty_values(self, data: Any) -> tuple[bool, Any]:
        empty, value = super().validate_empty_values(data)
        return empty, "" if empty and value is None else value

    def to_representation(self, value: Any) -> str:
        return str(value)


class NothingSerializer(StrictSerializer):
    """A body that says nothing: `{}`, or none."""


class VersionRead(serializers.IntegerField):
    """The version that a change is made from. It may come as `If-Match` instead."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("label", "版")
        options.setdefault(
            "help_text", "読み取ったときの `version`。`If-Match` を送るときは省けます。"
        )
        super().__init__(min_value=1, required=False, **options)


class NoVersionYet(serializers.IntegerField):
    """A first write says that there is no version yet, or says nothing of it."""

    def __init__(self, **options: Any) -> None:
        options.setdefault(
            "help_text", "初めての書き込みなのでnullです。すでに書かれていれば409になります。"
        )
        super().__init__(label="版", required=False, allow_null=True, **options)

    def to_internal_value(self, data: Any) -> Any:
        raise ValidationError("新しく作るときはnullです。直すときはPATCHを使ってください。")


class Figure(serializers.DecimalField):
    """A stored decimal as text, without the zeros that the column adds behind it."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("max_digits", 20)
        options.setdefault("decimal_places", 6)
        super().__init__(normalize_output=True, read_only=True, **options)


def find_visible(queryset: Any, request: Request, pk: int, field: str) -> Any:
    """The row that a body names, if the person may see it; else 404, as for its own address."""
    row = queryset.visible_to(request.user).filter(pk=pk).first()
    if row is None:
        raise NotFound({field: f"{queryset.model._meta.verbose_name}がありません。"})
    return row


def refuse_second_answer(request: Request) -> None:
    """An answer that may be given again is kept for a day, and a secret must not be."""
    if "Idempotency-Key" in request.headers:
        raise ValidationError({"Idempotency-Key": NOT_TWICE})


class WritesWithVersion:
    """Writes through a service. Subclasses give `body_classes` and say what the services do."""

    body_classes: ClassVar[Mapping[str, type[StrictSerializer]]]

    def get_serializer_class(self) -> type[serializers.BaseSerializer]:
        return self.body_classes.get(self.action, self.serializer_class)

    def body(self, partial: bool = False) -> dict[str, Any]:
        """What was sent, its shape checked."""
        made = self.body_classes[self.action](
            data=self.request.data, partial=partial, context=self.get_serializer_context()
        )
        made.is_valid(raise_exception=True)
        said = made.validated_data
        if isinstance(made.fields.get("version"), VersionRead):
            said["version"] = self._version_read(said.get("version"))
        return said

    def version_in_address(self) -> int:
        """The version that a request without a body names, as `version` or as `If-Match`."""
        text = self.request.query_params.get("version")
        number = None if text is None else whole_number(text)
        if text is not None and number is None:
            raise ValidationError({"version": NO_VERSION})
        return self._version_read(number)

    def takes_version(self) -> bool:
        body = self.body_classes.get(self.action)
        has_field = body is not None and isinstance(body().fields.get("version"), VersionRead)
        return has_field or "version" in self.parameters.get(self.action, ())

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        wrong = request.method not in SAFE_METHODS and "If-Match" in request.headers
        if wrong and self.action is not None and not self.takes_version():
            raise ValidationError({"If-Match": "この呼び出しでは If-Match を使えません。"})

    def _version_read(self, said: int | None) -> int:
        text = self.request.headers.get("If-Match")
        if text is None:
            if said is None:
                raise ValidationError({"version": NO_VERSION})
            return said
        matched = re.fullmatch(r'"([1-9][0-9]{0,8})(?:-[0-9a-f]{16})?"', text.strip())
        if matched is None:
            raise ValidationError(
                {"If-Match": '読み取ったときの ETag を1つ、そのまま送ってください（例："3"）。'}
            )
        if said not in (None, int(matched[1])):
            raise ValidationError(
                {"version": "If-Match の版と違います。どちらか1つを送ってください。"}
            )
        return int(matched[1])

    def represent_current(self, current: Model) -> dict[str, Any]:
        """What stands there now, for the one who came second. Not always a row of this view."""
        return self.represent(current.pk)

    def represent(self, pk: int) -> dict[str, Any]:
        """The row as reading it would answer now."""
        row = self.get_queryset().filter(pk=pk).first()
        if row is None:
            raise NotFound("ほかの人が先に取り消しました。")
        return self.serializer_class(row, context=self.get_serializer_context()).data

    @staticmethod
    def require_fresh(row: Versioned, version: int) -> None:
        """For services that look at the row's state before its version."""
        if row.version != version:
            raise StaleVersion(row)

    def created(self, pk: int, status: int = 201) -> Response:
        location = self.reverse_action("detail", args=[pk])
        return Response(self.represent(pk), status=status, headers={"Location": location})
