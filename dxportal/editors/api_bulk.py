"""Many rows of an edited kind in one call: budgets, targets, planned stages, by natural key."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import editing_many
from accounts.editing_many import RowEdit
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
    rows_field,
    write_rows,
)
from accounts.rest.viewsets import StrictSerializer, find_visible
from accounts.versions import AnyVersion
from dxportal.editors.api import CreatesRows, body_of
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
    """Upsert by natural key, through the verb for many rows."""

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
        read = self._read(owners, OnceInACall())
        among: Any = self.editor.model._base_manager.filter(**self.natural.current)
        write = partial(editing_many.write_many, actor_of(request), among)
        return Response(write_rows(rows, read, write, body["mode"], body["dry_run"]))

    def _read(
        self, owners: ByNumberOrKey, once: OnceInACall
    ) -> Callable[[dict[str, Any]], RowEdit]:
        natural = self.natural
        beside = {natural.owner, f"{natural.owner}_key", "version", *natural.fields}

        def read(row: dict[str, Any]) -> RowEdit:
            place = {natural.owner: owners.of(row)}
            place |= {name: row.get(name, self._default(name)) for name in natural.fields}
            write = RowEdit(
                place,
                {name: value for name, value in row.items() if name not in beside},
                row.get("version", AnyVersion.ANY),
            )
            once.check(write.key)
            return write

        return read

    def _default(self, name: str) -> Any:
        return self.editor.model._meta.get_field(name).get_default()  # type: ignore[union-attr]
