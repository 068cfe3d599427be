"""Many rows of an edited kind in one call: budgets, targets, planned stages, by natural key."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from django.core.exceptions import ValidationError as ModelValidationError
from django.db import models
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.rest.authentication import actor_of
from accounts.rest.bulk import (
    BulkReportSerializer,
    BulkSerializer,
    ByNumberOrKey,
    OnceInACall,
    RowVersion,
    check_rows,
    key_field,
    number_field,
    one_by_one,
    rows_field,
    write_rows,
)
from accounts.rest.viewsets import StrictSerializer, find_visible
from accounts.versions import AnyVersion, StaleVersion, Written
from dxportal.editors.api import CreatesRows, Said, body_of
from dxportal.editors.registry import BY_KIND
from plans.models import Plan


@dataclass(frozen=True)
class NaturalKey:
    """How a row is found: by what it belongs to (by number or key), and by other fields.

    `current` are conditions besides, such as the revision of a target that holds.
    """

    owner: str
    owner_label: str
    fields: tuple[str, ...]
    current: Mapping[str, Any]
    example: Mapping[str, Any]


NATURAL_KEYS = {
    "budget": NaturalKey(
        "project",
        "事業",
        ("fiscal_year", "stage", "number"),
        {},
        {"project_key": "01-01", "fiscal_year": 2026, "stage": "initial", "amount": 12_345_000},
    ),
    "target": NaturalKey(
        "indicator",
        "指標",
        ("fiscal_year", "kind"),
        {"is_current": True},
        {"indicator_key": "K001", "fiscal_year": 2026, "value": "85.5"},
    ),
    "schedule": NaturalKey(
        "project",
        "事業",
        ("fiscal_year",),
        {},
        {"project_key": "01-01", "fiscal_year": 2026, "planned": "build"},
    ),
}


@dataclass(frozen=True)
class _Wish:
    """A row as it is wanted: the stored one that it changes, if there is one."""

    owner: models.Model
    key: tuple[Any, ...]
    said: dict[str, Any]
    version: Any


def in_bulk(kind: str) -> type[CreatesRows]:
    """The mixin that gives an edited resource its `bulk`."""
    natural = NATURAL_KEYS[kind]
    row_class = _row_class(kind, natural)
    members = {"natural": natural, "row_class": row_class}
    verb = BY_KIND[kind].model.__name__
    body = type(
        f"{verb}BulkSerializer",
        (BulkSerializer,),
        {
            "plan": serializers.IntegerField(label="計画", min_value=1),
            "rows": rows_field(row_class),
        },
    )
    body = extend_schema_serializer(
        examples=[
            OpenApiExample("1行を試す", {"plan": 1, "dry_run": True, "rows": [natural.example]})
        ]
    )(body)
    members["body_classes"] = {"bulk": body}
    return type(f"{verb}Bulk", (BulkEdits,), members)


def _row_class(kind: str, natural: NaturalKey) -> type[StrictSerializer]:
    editor = BY_KIND[kind]
    more = {
        natural.owner: number_field(natural.owner, natural.owner_label),
        f"{natural.owner}_key": key_field(natural.owner_label),
        "version": RowVersion(),
    }
    names = [name for name in editor.fields if name != natural.owner]
    plain = body_of(editor, "Row", names, optional=True, **more)

    def validate(self: Any, row: dict[str, Any]) -> dict[str, Any]:
        owner = natural.owner
        if (owner in row) == (f"{owner}_key" in row):
            raise serializers.ValidationError(
                {owner: f"{owner} か {owner}_key のどちらか1つを指定してください。"}
            )
        for name in natural.fields:
            field = editor.model._meta.get_field(name)
            if name not in row and not field.has_default():  # type: ignore[union-attr]
                raise serializers.ValidationError({name: "この項目は必須です。"})
        return row

    return type(plain.__name__, (plain,), {"validate": validate})


class BulkEdits(CreatesRows):
    """Upsert by natural key, through the editor's verbs."""

    natural: ClassVar[NaturalKey]
    row_class: ClassVar[type[StrictSerializer]]
    told = {
        "bulk": (
            "多くの{noun}をまとめて書き込む",
            "行を見つけ、なければ作成し、あれば送った項目だけを変えます（省いた項目はそのままです）。"
            "行ごとに、作成・変更・変更なし・断ったのどれかと、断った理由を返します。",
        )
    }

    @extend_schema(responses=BulkReportSerializer)
    @action(detail=False, methods=["post"], filter_backends=[])
    def bulk(self, request: Request) -> Response:
        body = self.body()
        plan = find_visible(
            Plan.objects.select_related("organization"), request, body["plan"], "plan"
        )
        rows = check_rows(body["rows"], self.row_class)
        model: Any = self.editor.model._meta.get_field(self.natural.owner).related_model
        of_city = model.objects.visible_to(request.user).filter(
            organization_id=plan.organization_id
        )
        owners = ByNumberOrKey(self.natural.owner, of_city, rows)
        stored = self._stored(owners)
        read = self._read(owners, OnceInACall())

        def write(wish: _Wish) -> Written[Any]:
            return self._write(plan, stored, wish)

        report = write_rows(rows, read, one_by_one(write), body["mode"], body["dry_run"])
        return Response(report)

    def _stored(self, owners: ByNumberOrKey) -> dict[tuple[Any, ...], Any]:
        natural = self.natural
        found = self.editor.model._base_manager.filter(
            **{f"{natural.owner}__in": owners.numbers}, **natural.current
        )
        names = (f"{natural.owner}_id", *natural.fields)
        return {tuple(getattr(row, name) for name in names): row for row in found}

    def _read(self, owners: ByNumberOrKey, once: OnceInACall) -> Callable[[dict[str, Any]], _Wish]:
        def read(row: dict[str, Any]) -> _Wish:
            owner = owners.of(row)
            place = tuple(row.get(name, self._default(name)) for name in self.natural.fields)
            once.check((owner.pk, *place))
            beside = {self.natural.owner, f"{self.natural.owner}_key", "version"}
            said = {name: value for name, value in row.items() if name not in beside}
            version = row.get("version", AnyVersion.ANY)
            return _Wish(owner, (owner.pk, *place), said, version)

        return read

    def _default(self, name: str) -> Any:
        return self.editor.model._meta.get_field(name).get_default()  # type: ignore[union-attr]

    def _write(self, plan: Plan, stored: dict[tuple[Any, ...], Any], wish: _Wish) -> Written[Any]:
        row = stored.get(wish.key)
        if row is None:
            if wish.version not in (None, AnyVersion.ANY):
                raise ModelValidationError({"version": "この行はまだありません。"})
            body = {self.natural.owner: wish.owner, **wish.said}
            return Written(self.make(plan, body), None)
        if wish.version is None:
            raise StaleVersion(row)
        version = row.version if wish.version is AnyVersion.ANY else wish.version
        changes = {n: v for n, v in wish.said.items() if n not in self.natural.fields}
        said = Said(row, changes, changes)
        changed = self.editor.change(actor_of(self.request), plan, row, said, version)
        return Written(changed, version)
