"""Versions of the open data: each state that was public keeps its files, under its own address.

What a citizen cites stays as it was read. A version holds all datasets of one plan in all formats
as one archive, named by what it holds. It is public as long as every year in it is: a round that
is taken back takes its versions along, and the office can take back a single one.
"""

import hashlib
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone

from accounts import audit, policy
from accounts.audit import Actor
from accounts.policy import Act
from dxportal.models import DataVersion
from dxportal.public.datasets import DATASETS
from dxportal.public.exports import FORMATS, ItemExporter, PublicExporter
from dxportal.public.reading import PublicPlan, published_plans
from dxportal.public.state import state_of

# Every file of an archive carries the same moment, so that the same data gives the same bytes.
SAME_MOMENT = (1980, 1, 1, 0, 0, 0)
AUDITED_FIELDS = ("name", "fiscal_years", "sha256", "withdrawn_at")


class FileDamaged(Exception):
    """A version's archive is gone, or is not what was kept."""


@dataclass(frozen=True)
class KeptFile:
    """One file of a version. `size` is in bytes."""

    name: str
    size: int
    sha256: str

    @property
    def title(self) -> str:
        """What it is: the dataset, or its 項目定義書."""
        name, _, _ = self.name.rpartition(".")
        dataset = DATASETS.get(name.removesuffix("-items"))
        title = dataset.title if dataset else ""
        return f"{title}の項目定義書" if name.endswith("-items") else title


def keep_due_versions() -> int:
    """Keep the present state of every public plan that has changed; says how many were kept."""
    return sum(keep_version(public) for public in published_plans())


def keep_version(public: PublicPlan) -> bool:
    """Keep the plan's open data as it stands now; whether there was anything new to keep.

    If somebody changes the plan meanwhile nothing is kept: the next run finds the newer state.
    """
    state = public.state
    if DataVersion.objects.filter(plan=public.plan, name=state.version).exists():
        return False
    archive = _archive(public)
    if state_of(public.publication, public.years).fingerprint != state.fingerprint:
        return False
    digest = hashlib.sha256(archive).hexdigest()
    _write(path_of(public.plan.pk, digest), archive)
    with transaction.atomic():
        # Two workers that keep the same state find the same row.
        _, is_new = DataVersion.objects.get_or_create(
            plan=public.plan,
            name=state.version,
            defaults={
                "fingerprint": state.fingerprint,
                "fiscal_years": list(public.years),
                "sha256": digest,
                "size": len(archive),
            },
        )
    return is_new


def withdraw_version(actor: Actor, version: DataVersion, reason: str) -> DataVersion:
    """Take a version back for good: its address says so, and its files are deleted.

    Raises PermissionDenied, and ValidationError without a reason or if it is taken back already.
    """
    plan, what = version.plan, "データの版の取下げ"
    organization_id = plan.organization_id
    policy.require(actor, Act.MANAGE, organization_id, what=what, on=plan)
    if not reason.strip():
        raise ValidationError({"reason": "取り下げる理由を書いてください。"})
    with transaction.atomic():
        stored = DataVersion.objects.select_for_update(of=("self",)).get(pk=version.pk)
        if stored.withdrawn_at is not None:
            raise ValidationError("この版は、すでに取り下げられています。")
        before = audit.values_of(stored, AUDITED_FIELDS)
        stored.withdrawn_at, stored.withdrawal_reason = timezone.now(), reason.strip()
        stored.save(update_fields=["withdrawn_at", "withdrawal_reason"])
        after = audit.values_of(stored, AUDITED_FIELDS)
        audit.record(actor, "dataversion.withdraw", stored, organization_id, before, after, reason)
        path = path_of(stored.plan_id, stored.sha256)
        transaction.on_commit(lambda: _delete_unused(path, stored))
    return stored


def path_of(plan_id: int, digest: str) -> Path:
    return Path(default_storage.path(f"open-data/{plan_id}/{digest}.zip"))


def files_of_version(version: DataVersion) -> list[KeptFile]:
    """What the version holds. Raises FileDamaged."""
    with _opened(version) as archive:
        return [
            KeptFile(
                info.filename,
                info.file_size,
                hashlib.sha256(archive.read(info)).hexdigest(),
            )
            for info in archive.infolist()
        ]


def read_kept(version: DataVersion, name: str) -> bytes | None:
    """A file of the version as it was kept; None if it has none of this name.

    Raises FileDamaged.
    """
    with _opened(version) as archive:
        return archive.read(name) if name in archive.namelist() else None


def _opened(version: DataVersion) -> zipfile.ZipFile:
    path = path_of(version.plan_id, version.sha256)
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        content = b""
    if hashlib.sha256(content).hexdigest() != version.sha256:
        raise FileDamaged(f"The archive of data version {version.pk} is not what was kept.")
    return zipfile.ZipFile(io.BytesIO(content))


def _archive(public: PublicPlan) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in _files(public):
            info = zipfile.ZipInfo(name, SAME_MOMENT)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return held.getvalue()


def _files(public: PublicPlan) -> Iterator[tuple[str, bytes]]:
    for dataset in DATASETS.values():
        for file_format in FORMATS:
            made = PublicExporter(dataset, public).file(file_format)
            yield f"{dataset.name}.{file_format}", made.content
        yield f"{dataset.name}-items.csv", ItemExporter(dataset, public).file("csv").content


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{id(content)}.part")
    draft.write_bytes(content)
    draft.replace(path)


def _delete_unused(path: Path, withdrawn: DataVersion) -> None:
    same = DataVersion.objects.filter(
        plan_id=withdrawn.plan_id, sha256=withdrawn.sha256, withdrawn_at__isnull=True
    )
    if not same.exists():
        path.unlink(missing_ok=True)
