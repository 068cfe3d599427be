"""What a caller wants to see of rows: some of their fields, and rows that they point to.

    actuals/?fields=id,fiscal_year,value
    actuals/?expand=indicator              each row then has `expanded.indicator`

Only relations that a serializer declares (`Meta.expands`) can be expanded, and their rows come
from the other resource's own view: through `visible_to`, and only where it may be read at all.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db.models import Model
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from accounts.rest.resources import resources

FIELDS, EXPAND = "fields", "expand"
EXPANDED = "expanded"
DESCRIPTIONS = {
    FIELDS: "返す項目の名前（コンマ区切り）。省くとすべて。必須の項目も、選ばなければ返りません。",
    EXPAND: (
        "一緒に返す、指している先の行（コンマ区切り）。`expanded` に、その資源の"
        "アドレスで読むのと同じ形で入ります。"
        "見えない行はnullです。"
    ),
}


def expands_of(view_class: Any) -> Mapping[str, Any]:
    """The relations of a resource's rows that can be expanded, with the view of each."""
    return getattr(view_class.serializer_class.Meta, "expands", {})


def reader_of(view_class: Any, request: Request) -> Any:
    """A view as if this request read its list. Raises what that would: PermissionDenied."""
    name = next(name for name, view in resources().items() if issubclass(view, view_class))
    view = view_class(
        request=request,
        args=(),
        kwargs={},
        format_kwarg=None,
        action="list",
        basename=f"api-{name}",
    )
    view.action_map = {"get": "list"}
    view.check_permissions(request)
    return view


class Shape:
    """Turns rows of a view into what the caller asked for, in a fixed number of queries."""

    def __init__(self, view: Any) -> None:
        said = view.request.query_params
        self.serializer = _serializer_of(view)
        self.expanded = {
            name: reader_of(expands_of(view)[name], view.request)
            for name in _named(said, EXPAND, expands_of(view))
        }
        if FIELDS in said:
            wanted = _named(said, FIELDS, self.serializer.fields)
            for name in set(self.serializer.fields) - set(wanted):
                self.serializer.fields.pop(name)

    @property
    def fields(self) -> list[str]:
        """What the rows are made of, besides what was expanded."""
        return list(self.serializer.fields)

    def represent(self, rows: Sequence[Model]) -> list[dict[str, Any]]:
        made: list[dict[str, Any]] = [self.serializer.to_representation(row) for row in rows]
        if self.expanded:
            there = {name: _rows_at(view, name, rows) for name, view in self.expanded.items()}
            for row, said in zip(rows, made, strict=True):
                said[EXPANDED] = {name: there[name].get(_target(row, name)) for name in there}
        return made


def _serializer_of(view: Any) -> Any:
    return view.serializer_class(context=view.get_serializer_context())


def _target(row: Model, name: str) -> Any:
    return getattr(row, row._meta.get_field(name).attname)  # type: ignore[union-attr]  # a foreign key


def _rows_at(view: Any, name: str, rows: Iterable[Model]) -> dict[int, dict[str, Any]]:
    """What the rows point to by that name, as the other resource shows it."""
    numbers = {_target(row, name) for row in rows} - {None}
    if not numbers:
        return {}
    serializer = _serializer_of(view)
    found = view.get_queryset().filter(pk__in=numbers)
    return {row.pk: serializer.to_representation(row) for row in found}


def _named(said: Mapping[str, str], parameter: str, known: Iterable[str]) -> list[str]:
    if parameter not in said:
        return []
    names = [name.strip() for name in said[parameter].split(",")]
    unknown = [name for name in names if name not in known]
    if unknown:
        listed = "、".join(sorted(known)) or "ありません"
        raise ValidationError(
            {parameter: f"「{unknown[0][:100]}」は指定できません。指定できるのは {listed} です。"}
        )
    if len(set(names)) < len(names):
        raise ValidationError({parameter: "同じ名前が2回以上あります。"})
    return names
