"""The history of rows as people read it: the audit log with names instead of field codes."""

import datetime
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.db.models import Q
from django.utils.dateparse import parse_datetime
from django.utils.timezone import localtime

from accounts.models import AuditEntry, User

EMPTY = "（空欄）"
# Names of fields that a library brings along without a Japanese one.
LABELS = {"parent": "上位", "tag_names": "タグ"}
VERBS = {
    "record": "入力",
    "clear": "取消",
    "create": "作成",
    "update": "変更",
    "change": "変更",
    "restore": "復元",
    "delete": "削除",
    "move": "状態の変更",
    "tag": "タグの変更",
    "import": "取込",
    "load": "取込",
    "revise": "改定案の作成",
    "supersede": "旧版への移行",
    "put_into_force": "施行",
}


@dataclass(frozen=True)
class Change:
    label: str
    before: str
    after: str


@dataclass(frozen=True)
class HistoryItem:
    at: datetime.datetime
    who: str
    channel: str
    act: str
    what: str
    changes: list[Change]
    reason: str
    # A first entry has much to tell and nothing to compare, so pages fold it.
    is_new: bool


def history_of(user: User, rows: Iterable[models.Model], limit: int = 50) -> list[HistoryItem]:
    """The latest entries about these rows, newest first, in a fixed number of queries."""
    wanted: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        wanted[row._meta.label_lower].append(row.pk)
    if not wanted:
        return []
    condition = Q()
    for object_type, ids in wanted.items():
        condition |= Q(object_type=object_type, object_id__in=ids)
    return history_items(list(AuditEntry.objects.visible_to(user).filter(condition)[:limit]))


def history_items(entries: list[AuditEntry]) -> list[HistoryItem]:
    """These entries as people read them, in their order and a fixed number of queries."""
    names = _names_of_related(entries)
    return [_item(entry, names) for entry in entries]


def _item(entry: AuditEntry, names: dict[tuple[str, Any], str]) -> HistoryItem:
    fields = {**entry.before, **entry.after}
    return HistoryItem(
        at=entry.at,
        who=entry.actor_name,
        channel=entry.get_channel_display(),
        act=_act(entry),
        what=entry.object_label,
        changes=[
            Change(
                _label(entry, name),
                _text(entry, name, entry.before.get(name), names),
                _text(entry, name, entry.after.get(name), names),
            )
            for name in fields
        ],
        reason=entry.reason,
        is_new=not entry.before and len(entry.after) > 1,
    )


def _model(entry: AuditEntry) -> type[models.Model] | None:
    try:
        return apps.get_model(entry.object_type)
    except (LookupError, ValueError):  # an app that was removed; its history stays readable
        return None


def _field(entry: AuditEntry, name: str) -> Any:
    model = _model(entry)
    try:
        return model._meta.get_field(name) if model else None
    except FieldDoesNotExist:
        return None


def _act(entry: AuditEntry) -> str:
    model = _model(entry)
    noun = str(model._meta.verbose_name) if model else entry.object_type
    verb = entry.action.rpartition(".")[2]
    return f"{noun}の{VERBS.get(verb, '変更')}"


def _label(entry: AuditEntry, name: str) -> str:
    field = _field(entry, name)
    return LABELS.get(name) or str(getattr(field, "verbose_name", name))


def _text(entry: AuditEntry, name: str, value: Any, names: dict[tuple[str, Any], str]) -> str:
    if value is None or value == "":
        return EMPTY
    if isinstance(value, bool):
        return "はい" if value else "いいえ"
    field = _field(entry, name)
    if field is not None and field.is_relation:
        return names.get((field.related_model._meta.label_lower, value), f"（番号 {value}）")
    if choices := dict(getattr(field, "flatchoices", ())):
        return str(choices.get(value, value))
    if isinstance(field, models.DateTimeField) and (moment := parse_datetime(str(value))):
        return f"{localtime(moment):%Y-%m-%d %H:%M}"
    return str(value)


def _names_of_related(entries: list[AuditEntry]) -> dict[tuple[str, Any], str]:
    """What the foreign keys in the entries point to, one query for each model."""
    ids: dict[type[models.Model], set[Any]] = defaultdict(set)
    for entry in entries:
        for values in (entry.before, entry.after):
            for name, value in values.items():
                field = _field(entry, name)
                if value is not None and field is not None and field.is_relation:
                    ids[field.related_model].add(value)
    return {
        (model._meta.label_lower, pk): str(row)
        for model, wanted in ids.items()
        for pk, row in model._base_manager.in_bulk(wanted).items()
    }
