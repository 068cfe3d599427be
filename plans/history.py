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

from accounts import audit
from accounts.models import AuditEntry, User
from accounts.querysets import AuditQuerySet

EMPTY = "（空欄）"
# Names of fields that a library brings along without a Japanese one.
LABELS = {"parent": "上位", "tag_names": "タグ"}
VERBS = {
    "record": "入力",
    "correct": "訂正",
    "submit": "提出",
    "withdraw": "提出の取下げ",
    "return": "差戻し",
    "approve": "承認",
    "finalise": "確定",
    "unsettle": "確定の取消",
    "remind": "督促",
    "refresh": "項目の更新",
    "end": "取りやめ",
    "write": "書込み",
    "add": "追加",
    "remove": "削除",
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
    "issue": "発行",
    "rotate": "更新",
    "revoke": "失効",
    "change_password": "パスワードの変更",
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


# A row by its kind (`plans.plan`) and number: it may be gone.
RowName = tuple[str, int]


def names_of(rows: Iterable[models.Model]) -> list[RowName]:
    return [(row._meta.label_lower, row.pk) for row in rows]


def history_of(
    user: User,
    rows: Iterable[models.Model],
    limit: int = 50,
    also: Iterable[RowName] = (),
) -> list[HistoryItem]:
    """The latest entries about these rows, newest first, in a fixed number of queries.

    `also` names rows that are gone.
    """
    found = entries_of([*names_of(rows), *also])
    return history_items(list(found.visible_to(user)[:limit])) if found is not None else []


def entries_of(names: Iterable[RowName]) -> AuditQuerySet | None:
    """The entries about these rows, newest first; None where no row is named."""
    wanted: dict[str, list[int]] = defaultdict(list)
    for object_type, pk in names:
        wanted[object_type].append(pk)
    condition = Q()
    for object_type, ids in wanted.items():
        condition |= Q(object_type=object_type, object_id__in=ids)
    return AuditEntry.objects.filter(condition).order_by("-id") if wanted else None


def values_at(
    names: Iterable[RowName],
    now: audit.Values | None,
    moment: datetime.datetime,
) -> audit.Values | None:
    """What a row said at a moment, worked out backwards from the audit log.

    `now` is what it says now (`audit.values_of`), None where it is gone. `names` are the row and
    those that stood in its place before it: a value that was cleared and entered again. None
    means that nothing was there. What the log does not tell of has always been so.
    """
    found = entries_of(names)
    later = found.filter(at__gt=moment) if found is not None else []
    return rewound(now, later)


def rewound(values: audit.Values | None, entries: Iterable[AuditEntry]) -> audit.Values | None:
    """Take back these changes, the newest first."""
    for entry in entries:
        if entry.after and not entry.before:
            values = None  # it was made
        elif entry.before and not entry.after:
            values = dict(entry.before)  # it was removed
        elif entry.before:
            values = {**(values or {}), **entry.before}
    return values


def shown_values(object_type: str, values: audit.Values) -> list[tuple[str, str]]:
    """Values of the log as label and text, as the history shows them."""
    changes = history_items([AuditEntry(object_type=object_type, after=values)])[0].changes
    return [(change.label, change.after) for change in changes]


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
    if isinstance(value, list):
        return "、".join(map(str, value)) or EMPTY
    if isinstance(value, bool):
        return "はい" if value else "いいえ"
    field = _field(entry, name)
    if _is_foreign_key(field):
        return names.get((field.related_model._meta.label_lower, value), f"（番号 {value}）")
    if choices := dict(getattr(field, "flatchoices", ())):
        return str(choices.get(value, value))
    if isinstance(field, models.DateTimeField) and (moment := parse_datetime(str(value))):
        return f"{localtime(moment):%Y-%m-%d %H:%M}"
    return str(value)


def _is_foreign_key(field: Any) -> bool:
    """Whether the log holds a number for it; relations to many are told by their names."""
    return field is not None and field.is_relation and field.concrete and not field.many_to_many


def _names_of_related(entries: list[AuditEntry]) -> dict[tuple[str, Any], str]:
    """What the foreign keys in the entries point to, one query for each model."""
    ids: dict[type[models.Model], set[Any]] = defaultdict(set)
    for entry in entries:
        for values in (entry.before, entry.after):
            for name, value in values.items():
                field = _field(entry, name)
                if value is not None and _is_foreign_key(field):
                    ids[field.related_model].add(value)
    return {
        (model._meta.label_lower, pk): str(row)
        for model, wanted in ids.items()
        for pk, row in model._base_manager.in_bulk(wanted).items()
    }
