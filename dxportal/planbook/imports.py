"""Verbs of plan books on their way in: upload, check, choose, apply, discard, clear away.

They stand beside `services.py`, which has the verbs of report jobs, because the two share nothing;
reading and loading the book itself is `dxportal.planbook`. An upload is checked at once by a dry
run, and what that found is kept in a file beside the book. A book can be applied for
`KEEP_DAYS` days; then, or at once when it is discarded, its files are deleted, while the row stays
and says who took in what, and when.
"""

import datetime
import hashlib
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files import File
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models.fields.files import FieldFile
from django.utils import timezone, translation

from accounts import audit, policy
from accounts.audit import Actor
from accounts.models import Organization
from accounts.policy import Act
from dxportal.models import BookImport, ColumnMapping
from dxportal.planbook.changes import Change, ChangeKind, Choice, digest_of
from dxportal.planbook.faults import Fault, PlanBookError
from dxportal.planbook.loader import LoadResult, load_book
from dxportal.planbook.preview import Preview
from dxportal.planbook.reader import Book, is_zip_of_csv, read_book, why_refused
from plans.models import Plan

State = BookImport.State
WAITING = (State.CHECKED, State.REFUSED)
KEEP_DAYS = 30
AUDITED_FIELDS = ("plan", "file_name", "sha256", "state")


class PlanChanged(Exception):
    """The changes are no longer those that were shown; the new ones are kept as the preview."""


class ChoiceRefused(Exception):
    """What was chosen cannot be done by itself; nothing was changed."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = faults
        super().__init__("\n".join(map(str, faults)))


def upload_book(
    actor: Actor,
    organization: Organization,
    file: File,
    plan: Plan | None = None,
    mapping: ColumnMapping | None = None,
) -> BookImport:
    """Keep an uploaded book and check it; without a plan it is to become a new one.

    Raises PermissionDenied, and ValidationError (for the field `file`) where the file is too large
    or no book at all; faults within a book do not raise, they are kept with it.
    """
    policy.require(actor, Act.MANAGE, organization.pk, what="計画ブックの取込")
    for of_organization in (plan, mapping):
        if of_organization is not None and of_organization.organization_id != organization.pk:
            raise ValidationError("計画と対応表は、同じ団体のものを選んでください。")
    if mapping is not None and plan is None:
        raise ValidationError({"plan": "対応表で読むときは、取込先の計画を選んでください。"})
    suffix = _suffix(file, mapping)
    book_import = BookImport(
        organization=organization,
        plan=plan,
        mapping=mapping,
        file_name=Path(file.name or "").name[-200:],
        sha256=_sha256(file),
        uploaded_by=actor.account,
    )
    # A name of the portal's own: that of the person may be too long for a disk.
    book_import.file.save(f"book{suffix}", file, save=False)
    try:
        _keep(book_import, _examine(actor, book_import))
        with transaction.atomic():
            book_import.save()
            after = audit.values_of(book_import, AUDITED_FIELDS)
            audit.record(actor, "book.upload", book_import, organization.pk, {}, after)
    except BaseException:
        _delete_files(book_import.file)
        raise
    return book_import


def _suffix(file: File, mapping: ColumnMapping | None) -> str:
    """What the file is by its content. Raises ValidationError for what is no book."""
    limit = settings.BOOK_MAX_MEGABYTES
    if file.size > limit * 1_000_000:
        raise ValidationError({"file": f"ファイルは{limit}MBまでです。"})
    if mapping is not None and (file.name or "").lower().endswith(".csv"):
        return ".csv"
    opened = file.file
    assert opened is not None  # an upload has its content
    if reason := why_refused(opened):
        raise ValidationError({"file": reason})
    return ".zip" if is_zip_of_csv(opened) else ".xlsx"


def _sha256(file: File) -> str:
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    return digest.hexdigest()


def book_of(book_import: BookImport) -> Book:
    """The upload as rows: a plan book, or a city's own table through its mapping.

    Raises PlanBookError where it cannot be read. A book of another organization or plan is among
    its faults, so that loading refuses it together with everything else that is wrong.
    """
    path = Path(book_import.file.path)
    if book_import.mapping is not None:
        from dxportal.planbook.mapped import read_mapped

        assert book_import.plan is not None  # upload_book asks for it
        book = read_mapped(path, book_import.mapping, book_import.plan)
    else:
        book = read_book(path)
    book.faults += _of_another(book_import, book)
    return book


def _of_another(book_import: BookImport, book: Book) -> Iterable[Fault]:
    """Every row that names another organization or plan than the upload is for."""
    organization = book_import.organization
    for row in book.sheets.get("organization", []):
        code = row.cells.get("code", "")
        if code != organization.code and _is_sound_code(code):
            own = f"{organization}のコードは{organization.code}"
            reason = f"ほかの団体のブックは取り込めません（{own}）。"
            yield Fault("organization", row.number, "code", code, reason)
    for row in book.sheets.get("plan", []):
        key = row.cells.get("key", "")
        if reason := _why_not_this_plan(book_import, key):
            yield Fault("plan", row.number, "key", key, reason)


def _is_sound_code(code: str) -> bool:
    """Whether the code could be that of an organization; what could not is a fault by itself."""
    try:
        Organization(code=code).clean_fields(exclude=["name", "kana", "source_note"])
    except ValidationError:
        return False
    return True


def _why_not_this_plan(book_import: BookImport, key: str) -> str:
    plan = book_import.plan
    if plan is not None:
        if key and key != plan.key:
            return f"選んだ計画「{plan}」（識別子 {plan.key}）のブックではありません。"
    elif Plan.objects.filter(organization=book_import.organization, key=key).exists():
        return "この識別子の計画はすでにあります。取込先にその計画を選んでください。"
    return ""


def _examine(actor: Actor, book_import: BookImport) -> Preview:
    """What the book would do now. It is kept, so it is said in one language, whoever asks."""
    with translation.override(settings.LANGUAGE_CODE):
        try:
            return Preview(load_book(actor, book_of(book_import), dry_run=True).changes)
        except PlanBookError as error:
            return Preview(faults=error.faults)


def _keep(book_import: BookImport, preview: Preview) -> None:
    """Put what was found on the row (unsaved) and beside the file."""
    preview.write(_preview_path(book_import))
    ids = {change.id for change in preview.changes}
    choice = choice_of(book_import)
    counts = {kind.name: 0 for kind in ChangeKind} | Counter(c.kind.name for c in preview.changes)
    book_import.state = State.REFUSED if preview.faults else State.CHECKED
    book_import.plan_state = preview.state
    book_import.result = {
        "counts": counts,
        "faults": len(preview.faults),
        **_stored(Choice(choice.left_out & ids, choice.removed & ids)),
    }


def check_book(actor: Actor, book_import: BookImport) -> BookImport:
    """Check a waiting book again, against the plan as it is now."""
    policy.require(actor, Act.MANAGE, book_import.organization_id, what="計画ブックの確認")
    _require_waiting(book_import)
    _keep(book_import, _examine(actor, book_import))
    values = {name: getattr(book_import, name) for name in ("state", "plan_state", "result")}
    BookImport.objects.filter(pk=book_import.pk, state__in=WAITING).update(**values)
    book_import.refresh_from_db()
    return book_import


def preview_of(book_import: BookImport) -> Preview:
    """What the last check found; nothing once the files are gone."""
    path = _preview_path(book_import) if book_import.file else None
    return Preview.read(path) if path is not None and path.is_file() else Preview()


def choice_of(book_import: BookImport) -> Choice:
    """What the person has chosen so far."""
    result = book_import.result
    return Choice(frozenset(result.get("left_out", ())), frozenset(result.get("removed", ())))


def _stored(choice: Choice) -> dict[str, list[str]]:
    return {"left_out": sorted(choice.left_out), "removed": sorted(choice.removed)}


def choose(
    actor: Actor, book_import: BookImport, shown: Iterable[Change], taken: set[str]
) -> Choice:
    """Remember what is taken (by id) of the changes that were shown; the others stay as chosen."""
    policy.require(actor, Act.MANAGE, book_import.organization_id, what="計画ブックの取込")
    with transaction.atomic():
        held = BookImport.objects.select_for_update().get(pk=book_import.pk)
        _require_waiting(held, (State.CHECKED,))
        choice = choice_of(held)
        left_out, removed = set(choice.left_out), set(choice.removed)
        for change in shown:
            if change.why_fixed:
                continue
            chosen, is_in = (
                (removed, change.id in taken)
                if change.kind is ChangeKind.ABSENT
                else (left_out, change.id not in taken)
            )
            (chosen.add if is_in else chosen.discard)(change.id)
        choice = Choice(frozenset(left_out), frozenset(removed))
        held.result |= _stored(choice)
        held.save(update_fields=["result"])
    book_import.result = held.result
    return choice


def apply_book(
    actor: Actor, book_import: BookImport, choice: Choice, plan_state: str
) -> LoadResult:
    """Do what was previewed, as far as it was chosen: all of it or nothing, and once.

    `plan_state` is the digest of the changes that the person saw. Raises ValidationError when the
    book has been applied or discarded already, PlanChanged when the changes are others by now,
    and ChoiceRefused when the chosen ones cannot stand without those left out.
    """
    policy.require(actor, Act.MANAGE, book_import.organization_id, what="計画ブックの取込")
    try:
        with transaction.atomic():
            held = BookImport.objects.select_for_update().get(pk=book_import.pk)
            _require_waiting(held, (State.CHECKED,))
            result = _load_chosen(actor, held, choice, plan_state)
            _finish(actor, held, result)
    except PlanBookError as error:
        if check_book(actor, book_import).plan_state == plan_state:
            raise ChoiceRefused(error.faults) from error
        raise PlanChanged from error
    except PlanChanged:
        check_book(actor, book_import)
        raise
    return result


def _load_chosen(
    actor: Actor, book_import: BookImport, choice: Choice, plan_state: str
) -> LoadResult:
    """Load the book; the caller's transaction undoes it where it differs from what was seen."""
    if not choice.left_out:
        result = load_book(actor, book_of(book_import), choice=choice)
        _require_same(result, plan_state)
        return result
    # What is left out is not told of, so that the whole has to be compared by itself.
    whole = load_book(actor, book_of(book_import), dry_run=True)
    _require_same(whole, plan_state)
    return load_book(actor, book_of(book_import), choice=choice)


def _require_same(result: LoadResult, plan_state: str) -> None:
    if digest_of(result.changes) != plan_state:
        raise PlanChanged


def _finish(actor: Actor, book_import: BookImport, result: LoadResult) -> None:
    before = audit.values_of(book_import, AUDITED_FIELDS)
    book_import.plan = result.plan
    book_import.state = State.APPLIED
    book_import.applied_at = timezone.now()
    done: dict[str, Any] = {
        name: dict(+getattr(result, name)) for name in ("created", "updated", "deleted", "left_out")
    }
    book_import.result |= {"done": done}
    book_import.save()
    after = audit.values_of(book_import, AUDITED_FIELDS)
    after |= {name: sum(counts.values()) for name, counts in done.items()}
    audit.record(actor, "book.apply", book_import, book_import.organization_id, before, after)


def discard_book(actor: Actor, book_import: BookImport) -> None:
    """Throw a waiting book away, with its files. Raises ValidationError if it does not wait."""
    policy.require(actor, Act.MANAGE, book_import.organization_id, what="計画ブックの取りやめ")
    with transaction.atomic():
        held = BookImport.objects.select_for_update().get(pk=book_import.pk)
        _require_waiting(held)
        _discard(actor, held)
    book_import.refresh_from_db()


def _discard(actor: Actor, book_import: BookImport, reason: str = "") -> None:
    before = audit.values_of(book_import, AUDITED_FIELDS)
    book_import.state = State.DISCARDED
    _forget_files(book_import)
    after = audit.values_of(book_import, AUDITED_FIELDS)
    audit.record(
        actor, "book.discard", book_import, book_import.organization_id, before, after, reason
    )


def _forget_files(book_import: BookImport) -> None:
    """Save the row without its file; the files themselves go when that has been committed."""
    name = str(book_import.file.name)
    book_import.file = ""
    book_import.save()
    transaction.on_commit(lambda: _delete_named(name))


def clear_old_books() -> int:
    """Delete the files of books that came in more than `KEEP_DAYS` days ago; how many books.

    Those that still wait are discarded: they could not be applied without their file.
    """
    limit = timezone.now() - datetime.timedelta(days=KEEP_DAYS)
    old = BookImport.objects.filter(uploaded_at__lt=limit).exclude(file="").values_list("pk")
    for (pk,) in list(old):
        with transaction.atomic():
            book_import = BookImport.objects.select_for_update().get(pk=pk)
            if book_import.state in WAITING:
                _discard(Actor.system(), book_import, f"{KEEP_DAYS}日の保管期間が過ぎたため")
            else:
                _forget_files(book_import)
    return len(old)


def _require_waiting(book_import: BookImport, states: tuple[State, ...] = WAITING) -> None:
    if book_import.state not in states or not book_import.file:
        state = book_import.get_state_display()
        raise ValidationError(f"この計画ブックは、すでに「{state}」です。")


def _preview_path(book_import: BookImport) -> Path:
    return Path(book_import.file.path + ".json")


def _delete_files(file: FieldFile) -> None:
    if file.name:
        _delete_named(file.name)


def _delete_named(name: str) -> None:
    for stored in (name, f"{name}.json"):
        default_storage.delete(stored)
