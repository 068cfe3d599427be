"""A plan's year as it was at one moment, kept as typed rows from which every file is made.

The rows are JSON, packed: dataclasses are `{"$": name, …}`, decimals `{"$n": "1.50"}`, moments
`{"$t": "…"}`, days `{"$d": "…"}`, and every list is a tuple. The same content gives the same bytes.
"""

import datetime
import gzip
import hashlib
import json
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts import audit, policy
from accounts.audit import Actor
from accounts.models import Channel
from accounts.policy import Act
from dxportal.models import ReportJob, ReportSnapshot
from dxportal.models.reports import snapshot_path
from dxportal.reports import content as content_rows
from dxportal.reports import design, plan_content
from dxportal.reports.compose import report_of
from dxportal.reports.content import ReportContent
from dxportal.reports.design import Design
from kpi import charts
from plans.models import Plan

FORMAT = 1
AUDITED_FIELDS = ("plan", "fiscal_year", "taken_at", "sha256")
Reader = Callable[[Plan, int], ReportContent]


class SnapshotDamaged(Exception):
    """The file of a snapshot is gone, or is not what was written."""


# Rows as bytes, and back


def _classes(*modules: ModuleType) -> dict[str, type]:
    return {
        name: found
        for module in modules
        for name, found in vars(module).items()
        if isinstance(found, type) and is_dataclass(found)
    }


_KNOWN = _classes(content_rows, plan_content, design, charts)


def encode(value: Any) -> Any:
    """A value of the report as JSON can hold it. Raises TypeError for a kind that is not known."""
    if value is None or isinstance(value, bool | int) or type(value) is str:
        return value
    if isinstance(value, str):  # a choice of Django's is a text like any other
        return str(value)
    if isinstance(value, tuple):
        return [encode(part) for part in value]
    if isinstance(value, Decimal):
        return {"$n": str(value)}
    if isinstance(value, datetime.datetime):
        return {"$t": value.isoformat()}
    if isinstance(value, datetime.date):
        return {"$d": value.isoformat()}
    name = type(value).__name__
    if _KNOWN.get(name) is not type(value):
        raise TypeError(f"A snapshot cannot hold a {name}.")
    names = (f.name for f in fields(_KNOWN[name]))
    return {"$": name, **{field: encode(getattr(value, field)) for field in names}}


def decode(value: Any) -> Any:
    """What `encode` was given; fields that a class has got since keep their default."""
    if isinstance(value, list):
        return tuple(decode(part) for part in value)
    if not isinstance(value, dict):
        return value
    if "$n" in value:
        return Decimal(value["$n"])
    if "$t" in value:
        return datetime.datetime.fromisoformat(value["$t"])
    if "$d" in value:
        return datetime.date.fromisoformat(value["$d"])
    found = _KNOWN[value["$"]]
    names = {f.name for f in fields(found)}
    return found(**{name: decode(part) for name, part in value.items() if name in names})


def pack(content: ReportContent) -> bytes:
    rows = encode(replace(content, design=Design()))
    text = json.dumps({"format": FORMAT, "content": rows}, ensure_ascii=False, sort_keys=True)
    return gzip.compress(text.encode(), mtime=0)


def unpack(packed: bytes) -> ReportContent:
    content = decode(json.loads(gzip.decompress(packed))["content"])
    assert isinstance(content, ReportContent)
    return content


# Taking and reading


def take_snapshot(actor: Actor, plan: Plan, fiscal_year: int) -> ReportSnapshot:
    """Read one consistent state of the plan's year, and keep it.

    Raises PermissionDenied without the right to manage the organization's plans.
    """
    policy.require(actor, Act.MANAGE, plan.organization_id, what="報告書の時点の記録", on=plan)
    return fill(ordered(actor, plan, fiscal_year), report_of)


def ordered(actor: Actor, plan: Plan, fiscal_year: int) -> ReportSnapshot:
    """A snapshot that is yet to be read: the first worker that needs it does so (`fill`)."""
    return ReportSnapshot.objects.create(
        plan=plan, fiscal_year=fiscal_year, taken_at=timezone.now(), taken_by=actor.account
    )


def is_filled(snapshot: ReportSnapshot) -> bool:
    return bool(snapshot.sha256)


def fill(snapshot: ReportSnapshot, read: Reader) -> ReportSnapshot:
    """Read the state unless it was read already. Of two workers at once, the first one's counts."""
    snapshot.refresh_from_db()
    if is_filled(snapshot):
        return snapshot
    content = read(snapshot.plan, snapshot.fiscal_year)
    packed = pack(content)
    sha256 = hashlib.sha256(packed).hexdigest()
    name = snapshot_path(snapshot, f"{snapshot.pk}-{sha256[:16]}.json.gz")
    path = Path(default_storage.path(name))
    _write(path, packed)
    won = ReportSnapshot.objects.filter(pk=snapshot.pk, sha256="").update(
        file=name,
        sha256=sha256,
        taken_at=content.data_as_of,
        unapproved_count=content.unapproved_count,
    )
    snapshot.refresh_from_db()
    if won:
        user = snapshot.taken_by
        actor = Actor(user, Channel.JOB) if user else Actor.system(Channel.JOB)
        after = audit.values_of(snapshot, AUDITED_FIELDS)
        organization = snapshot.plan.organization_id
        audit.record(actor, "report.snapshot", snapshot, organization, {}, after)
    _sweep(snapshot)
    return snapshot


def content_of(snapshot: ReportSnapshot) -> ReportContent:
    """The report's rows as they were. Raises SnapshotDamaged."""
    try:
        packed = Path(snapshot.file.path).read_bytes()
    except (FileNotFoundError, ValueError) as error:
        raise SnapshotDamaged(f"Snapshot {snapshot.pk} has no file.") from error
    if hashlib.sha256(packed).hexdigest() != snapshot.sha256:
        raise SnapshotDamaged(f"Snapshot {snapshot.pk} is not what was written.")
    return unpack(packed)


def expire(kept_since: datetime.datetime) -> int:
    """Remove the files of older snapshots on which no report rests any more; how many.

    One of a published report is kept for good, also when the report is withdrawn: it is what the
    report can be traced to. The row stays, with the file's SHA-256.
    """
    resting = ReportJob.objects.filter(
        Q(publication__isnull=False) | Q(state__in=[*ReportJob.ACTIVE_STATES, ReportJob.State.DONE])
    )
    old = ReportSnapshot.objects.filter(taken_at__lt=kept_since).exclude(file="")
    expired = 0
    for snapshot in old.exclude(pk__in=resting.values("snapshot")).select_related("plan"):
        path = Path(snapshot.file.path)
        with transaction.atomic():
            snapshot.file = ""
            snapshot.save(update_fields=["file"])
            audit.record(
                Actor.system(Channel.JOB),
                "report.snapshot_expire",
                snapshot,
                snapshot.plan.organization_id,
                {"file": path.name},
                {"file": ""},
            )
        path.unlink(missing_ok=True)
        expired += 1
    return expired


def _write(path: Path, packed: bytes) -> None:
    """Whole or not at all: a worker may be killed at any moment."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.part")
    draft.write_bytes(packed)
    draft.replace(path)


def _sweep(snapshot: ReportSnapshot) -> None:
    """Remove what slower or killed attempts left."""
    path = Path(snapshot.file.path)
    for other in path.parent.glob(f"{snapshot.pk}-*"):
        if other.name != path.name:
            other.unlink(missing_ok=True)
