"""Evidence (根拠資料): files that support what was entered, kept as they were put in."""

import hashlib
import unicodedata
import zipfile
from pathlib import PurePosixPath

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from accounts import audit
from accounts.audit import Actor
from accounts.editing import Locked
from dxportal.rounds.grid import may_enter, row_of
from plans.models import Evidence, RoundItem

FILES_PER_ITEM = 20
NAME_LENGTH = 200
MEGABYTE = 1_000_000
AUDITED_FIELDS = ("name", "size", "sha256")
MAGIC = {
    "pdf": b"%PDF-",
    "png": b"\x89PNG\r\n\x1a\n",
    "jpg": b"\xff\xd8\xff",
    "jpeg": b"\xff\xd8\xff",
    "gif": b"GIF8",
}
# What an Office file of each kind has inside.
OFFICE_FOLDERS = {"xlsx": "xl/", "docx": "word/", "pptx": "ppt/"}
TEXTS = ("csv", "txt")


def add_evidence(actor: Actor, item: RoundItem, upload: UploadedFile) -> Evidence:
    """Keep a file at an item, under the name that it came with.

    Raises PermissionDenied, Locked, and ValidationError for a file that is too large, of a type
    that is not allowed, or not what its name says.
    """
    name = clean_name(upload.name or "")
    extension = _check(name, upload)
    with transaction.atomic():
        item = _held(actor, item)
        if item.evidence.count() >= FILES_PER_ITEM:
            raise ValidationError(f"根拠資料は1つの項目に{FILES_PER_ITEM}件までです。")
        digest = _sha256(upload)
        if item.evidence.filter(sha256=digest).exists():
            raise ValidationError(f"「{name}」と同じ内容のファイルが、すでに添付されています。")
        evidence = Evidence(
            item=item, name=name, size=upload.size or 0, sha256=digest, added_by=actor.account
        )
        # On the disk it has no name of its own: names may be too long for one, or worse.
        upload.seek(0)
        evidence.file.save(f"evidence.{extension}", upload, save=False)
        evidence.save()
        after = audit.values_of(evidence, AUDITED_FIELDS)
        organization_id = item.cycle.plan.organization_id
        audit.record(actor, "evidence.add", evidence, organization_id, {}, after)
    return evidence


def remove_evidence(actor: Actor, evidence: Evidence) -> None:
    """Take a file away; the log keeps its name and fingerprint. Raises what adding raises."""
    with transaction.atomic():
        item = _held(actor, evidence.item)
        before = audit.values_of(evidence, AUDITED_FIELDS)
        organization_id = item.cycle.plan.organization_id
        audit.record(actor, "evidence.remove", evidence, organization_id, before, {})
        storage, name = evidence.file.storage, str(evidence.file.name)
        evidence.delete()
        transaction.on_commit(lambda: storage.delete(name))


def clean_name(name: str) -> str:
    """The file's own name without folders and control characters, not longer than can be kept."""
    bare = PurePosixPath(unicodedata.normalize("NFC", name).replace("\\", "/")).name
    visible = "".join(c for c in bare if unicodedata.category(c) not in ("Cc", "Cf")).strip(" .")
    path = PurePosixPath(visible)
    return path.stem[: NAME_LENGTH - len(path.suffix)] + path.suffix


def _held(actor: Actor, item: RoundItem) -> RoundItem:
    """The item, held until the commit, if the actor may enter it now."""
    found = (
        RoundItem.objects.select_for_update(of=("self",))
        .select_related("cycle__plan", "department")
        .get(pk=item.pk)
    )
    if not may_enter(actor, found):
        raise PermissionDenied(f"「{found}」の根拠資料を変更する権限がありません。")
    if reason := row_of(found).locked_reason:
        raise Locked(reason)
    return found


def _check(name: str, upload: UploadedFile) -> str:
    """The file's extension, if it may be kept and its content is of that kind."""
    allowed = settings.EVIDENCE_TYPES
    extension = PurePosixPath(name).suffix.lower().removeprefix(".")
    if not name or extension not in allowed:
        raise ValidationError(
            f"「{name}」は添付できない種類のファイルです。添付できるのは{'、'.join(allowed)}です。"
        )
    if not upload.size:
        raise ValidationError(f"「{name}」は空のファイルです。")
    if upload.size > settings.EVIDENCE_MAX_MEGABYTES * MEGABYTE:
        raise ValidationError(
            f"「{name}」は大きすぎます。1つ{settings.EVIDENCE_MAX_MEGABYTES}MBまでです。"
        )
    if not _is_what_it_says(extension, upload):
        raise ValidationError(
            f"「{name}」の中身が、名前の拡張子（{extension}）と合いません。壊れているか、別の種類の"
            "ファイルです。"
        )
    return extension


def _is_what_it_says(extension: str, upload: UploadedFile) -> bool:
    upload.seek(0)
    head = upload.read(4096)
    upload.seek(0)
    if extension in MAGIC:
        return head.startswith(MAGIC[extension])
    if extension in OFFICE_FOLDERS:
        return _is_office(OFFICE_FOLDERS[extension], upload)
    if extension == "zip":
        return zipfile.is_zipfile(upload)
    return extension not in TEXTS or b"\0" not in head


def _is_office(folder: str, upload: UploadedFile) -> bool:
    """An Office file of the kind that keeps this folder, without macros; nothing is unpacked."""
    try:
        names = zipfile.ZipFile(upload).namelist()
    except (zipfile.BadZipFile, ValueError):
        return False
    has_macros = any(name.lower().endswith("vbaproject.bin") for name in names)
    is_kind = any(name.startswith(folder) for name in names)
    return "[Content_Types].xml" in names and is_kind and not has_macros


def _sha256(upload: UploadedFile) -> str:
    digest = hashlib.sha256()
    upload.seek(0)
    for chunk in upload.chunks():
        digest.update(chunk)
    return digest.hexdigest()
