"""The entry grid, where a department enters what a round asks of it.

`entry` shows all rows; `entry_item` is one row: as JSON for the grid's script, and as an ordinary
form without it. Both save through `dxportal.rounds.writing`.
"""

import json
from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.defaultfilters import date as format_date
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.audit import Actor
from accounts.editing import Locked
from accounts.models import Channel
from dxportal.rounds.evidence import add_evidence, remove_evidence
from dxportal.rounds.grid import (
    enterable_items,
    may_enter,
    rounds_of,
    row_of,
    rows_of_round,
    sections_of,
)
from dxportal.rounds.rows import ActualRow, Row
from dxportal.rounds.writing import StaleRow, errors_by_cell, write_row
from plans.deadlines import Deadline
from plans.entering import accepts_entry
from plans.models import Evidence, ReportingCycle, RoundItem
from plans.procedure import submit_package, withdraw_package

JSON = "application/json"


def actor_of(request: HttpRequest) -> Actor:
    return Actor(request.user, Channel.PAGE)


def _address(cycle: ReportingCycle, item: RoundItem | None = None) -> str:
    row = f"#row-{item.pk}" if item else ""
    return f"{reverse('rounds:entry')}?cycle={cycle.pk}{row}"


# The grid


@require_safe
@never_cache
def entry(request: HttpRequest) -> HttpResponse:
    """All that the person owes in one running round: the asked one, else the most urgent."""
    cycles = rounds_of(request.user)
    cycle = _chosen(request, cycles)
    context: dict[str, Any] = {"cycles": cycles, "cycle": cycle, "nav": "entry"}
    if cycle is not None:
        rows = rows_of_round(request.user, cycle)
        context |= {
            "sections": sections_of(rows),
            "total": len(rows),
            "filled": sum(row.is_filled for row in rows),
            "returned": [row for row in rows if row.item.is_returned],
            "owes": any(row.item.state in RoundItem.ENTRY_STATES for row in rows),
            "is_open": any(not row.locked_reason for row in rows),
            "deadline": _deadline(cycle, rows),
        }
    return render(request, "rounds/entry.html", context)


def _chosen(request: HttpRequest, cycles: list[ReportingCycle]) -> ReportingCycle | None:
    asked = request.GET.get("cycle", "")
    return next((c for c in cycles if str(c.pk) == asked), cycles[0] if cycles else None)


def _deadline(cycle: ReportingCycle, rows: list[Row]) -> Deadline | None:
    """When entering ends for this person: the round's end, or that of more time they were given."""
    now, items = timezone.now(), [row.item for row in rows]
    if cycle.accepts_entries(now):
        return cycle.deadline
    granted = [e for e in cycle.extensions.all() if any(e.covers(item, now) for item in items)]
    return Deadline(max(e.until for e in granted)) if granted else cycle.deadline


# One row


@require_http_methods(["GET", "POST"])
@never_cache
def entry_item(request: HttpRequest, pk: int) -> HttpResponse:
    """One row: GET shows it as it is stored, POST saves what was typed into its cells.

    JSON answers with 200, 409 (somebody else was quicker), 422 (refused, by cell) or 423 (locked);
    a form answers with the grid, or with the row by itself and what was typed.
    """
    # Before anything else: the page may be older than the person who is signed in now.
    if _sender(request) not in ("", str(request.user.pk)):
        reason = "ほかの利用者としてサインインしています。"
        return JsonResponse({"reason": reason}, status=401)
    try:
        row = _row(request, pk)
        return _answer(request, row) if request.method != "POST" else _save(request, row)
    except PermissionDenied as error:
        if not _is_json(request):
            raise
        return JsonResponse({"reason": str(error)}, status=403)


def _row(request: HttpRequest, pk: int) -> Row:
    try:
        return row_of(_item(request, pk), with_places=not _is_json(request))
    except Locked as gone:
        raise Http404("".join(gone.messages)) from gone


def _sender(request: HttpRequest) -> str:
    """The number of the person that a page of the grid was made for; "" for other callers."""
    return request.headers.get("X-Entry-User", "") or request.POST.get("user", "")


def _save(request: HttpRequest, row: Row) -> HttpResponse:
    typed, version = _sent(request, row)
    try:
        saved = write_row(actor_of(request), row, typed, version)
    except StaleRow as stale:
        return _conflict(request, stale.row, typed)
    except Locked as locked:
        return _refusal(request, row, typed, "".join(locked.messages), 423)
    except ValidationError as error:
        row.typed, row.errors = typed, errors_by_cell(error)
        return _answer(request, row, status=422)
    if _is_json(request):
        return _answer(request, saved)
    messages.success(request, f"「{saved.title}」を保存しました。")
    return redirect(_address(row.item.cycle, row.item))


def _item(request: HttpRequest, pk: int) -> RoundItem:
    """An item that the person may enter: 404 outside of what they see, 403 for the wrong role."""
    visible = RoundItem.objects.visible_to(request.user).select_related(
        "cycle__plan__organization", "department", "entered_by"
    )
    item = get_object_or_404(visible, pk=pk)
    if not may_enter(actor_of(request), item):
        raise PermissionDenied(f"「{item}」は、ほかの部局が入力します。")
    return item


def _is_json(request: HttpRequest) -> bool:
    return request.content_type == JSON or request.headers.get("Accept", "").startswith(JSON)


def _sent(request: HttpRequest, row: Row) -> tuple[dict[str, str], str]:
    """The cells and the version, all as text."""
    if request.content_type != JSON:
        typed = {field.name: request.POST.get(field.name, "") for field in row.fields}
        return typed, request.POST.get("version", "")
    try:
        body = json.loads(request.body)
        typed = {str(name): str(text) for name, text in body["values"].items()}
        return typed, str(body["version"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Http404("送られた内容を読み取れません。") from error


def _answer(request: HttpRequest, row: Row, status: int = 200, **more: Any) -> HttpResponse:
    if _is_json(request):
        return JsonResponse({**_as_json(row), **more}, status=status)
    context = {
        "row": row,
        "cycle": row.item.cycle,
        "section": sections_of([row])[0],
        "nav": "entry",
        **more,
    }
    return render(request, "rounds/entry_item.html", context, status=status)


def _refusal(
    request: HttpRequest, row: Row, typed: Mapping[str, str], reason: str, status: int
) -> HttpResponse:
    row.typed, row.errors = typed, {"": [reason]}
    return _answer(request, row, status=status, reason=reason)


def _conflict(request: HttpRequest, row: Row, typed: Mapping[str, str]) -> HttpResponse:
    """Both values, with who and when; sending again with the new version chooses one's own."""
    differing = row.differs(typed)
    theirs = row.cells
    row.typed = {**typed}
    mine = row.cells
    both = [
        {
            "label": cell.field.label,
            "theirs": cell.shown or "（空欄）",
            "mine": mine[name].shown or "（空欄）",
        }
        for name, cell in theirs.items()
        if name in differing
    ]
    reason = f"{who_and_when(row)}が先に保存しました。あなたの入力は、まだ保存していません。"
    return _answer(request, row, status=409, both=both, reason=reason)


def who_and_when(row: Row) -> str:
    stored = [version for version in row.stored if version is not None]
    at = max((version.updated_at for version in stored), default=row.item.entered_at)
    who = str(row.entered_by or "ほかの人")
    return f"{who}（{format_date(timezone.localtime(at), 'n月j日 H:i')}）" if at else who


def _as_json(row: Row) -> dict[str, Any]:
    """A row as the grid's script takes it in: what is stored, and what follows from it."""
    told: dict[str, Any] = {
        "version": row.version,
        "values": row.values,
        "filled": row.is_filled,
        "understood": row.understood,
        "warnings": row.warnings,
        "needs_comment": row.needs_comment,
        "errors": row.errors,
        "locked": row.locked_reason,
        "saved_by": who_and_when(row) if row.is_filled else "",
    }
    if isinstance(row, ActualRow):
        achieved, mark = row.achievement, row.suggested_mark
        told["achievement"] = {
            "text": achieved.text,
            "formula": achieved.formula or achieved.reason,
            "mark": str(mark) if mark else "",
        }
    return told


# Submitting


@require_http_methods(["GET", "POST"])
@never_cache
def entry_submit(request: HttpRequest) -> HttpResponse:
    """Submit a department's package, or take it back; GET says first what that means."""
    cycles = rounds_of(request.user)
    cycle = get_object_or_404(
        ReportingCycle.objects.visible_to(request.user).select_related("plan__organization"),
        pk=_number(request.GET.get("cycle") or (cycles[0].pk if cycles else 0)),
    )
    if request.method == "POST":
        return _submit(request, cycle)
    return _packages_page(request, cycle)


def _number(text: Any) -> int:
    return int(text) if str(text).isdecimal() else 0


def _submit(request: HttpRequest, cycle: ReportingCycle) -> HttpResponse:
    asked = request.POST.get("department", "")
    items = enterable_items(request.user).filter(cycle=cycle)
    item = items.filter(department=_number(asked) or None).first()
    if item is None:
        raise PermissionDenied("この部局の提出を行う権限がありません。")
    is_back = request.POST.get("step") == "withdraw"
    verb = withdraw_package if is_back else submit_package
    name = str(item.department or "所管課のない項目")
    try:
        moved = verb(actor_of(request), cycle, item.department)
    except ValidationError as error:
        return _packages_page(request, cycle, errors=error.messages)
    if is_back:
        text = f"「{name}」の{len(moved)}件を取り下げました。直して、もう一度提出してください。"
    else:
        text = f"「{name}」の{len(moved)}件を提出しました。承認されるまでは取り下げられます。"
    messages.success(request, text)
    return redirect(_address(cycle))


def _packages_page(
    request: HttpRequest, cycle: ReportingCycle, errors: list[str] | None = None
) -> HttpResponse:
    rows = rows_of_round(request.user, cycle)
    if not rows:
        raise PermissionDenied("この照会で提出する項目はありません。")
    departments = list(dict.fromkeys(row.item.department for row in rows))
    context = {
        "cycle": cycle,
        "packages": [
            Package(department, [row for row in rows if row.item.department == department])
            for department in departments
        ],
        "errors": errors or [],
        "nav": "entry",
        "back": _address(cycle),
        "breadcrumb": [("実績入力", _address(cycle)), ("提出", "")],
    }
    return render(request, "rounds/entry_submit.html", context, status=422 if errors else 200)


class Package:
    """One department's rows as the page of submitting tells of them."""

    def __init__(self, department: Any, rows: list[Row]) -> None:
        self.department = department
        self.rows = rows
        self.owed = [row for row in rows if row.item.state in RoundItem.ENTRY_STATES]
        self.submitted = [row for row in rows if row.item.state == RoundItem.State.SUBMITTED]
        self.empty = [row for row in self.owed if not row.is_filled]
        self.unanswered = [row for row in self.owed if row.needs_comment]
        self.answered = [row for row in self.owed if row.warnings and row.has_comment]

    @property
    def is_open(self) -> bool:
        """Whether all that is owed can still be submitted."""
        return all(accepts_entry(row.item) for row in self.owed)

    @property
    def may_withdraw(self) -> bool:
        return bool(self.submitted) and all(accepts_entry(row.item) for row in self.submitted)


# Evidence


@require_POST
def evidence(request: HttpRequest, pk: int) -> HttpResponse:
    """Add a file to an item."""
    item = _item(request, pk)
    upload = request.FILES.get("file")
    try:
        if upload is None:
            raise ValidationError("添付するファイルを選んでください。")
        added = add_evidence(actor_of(request), item, upload)
        messages.success(request, f"「{item}」に「{added}」を添付しました。")
    except ValidationError as error:
        messages.error(request, "".join(error.messages))
    return redirect(_address(item.cycle, item))


@require_safe
def evidence_file(request: HttpRequest, pk: int) -> FileResponse:
    """The file, for whoever may see the item's organization; never shown inside of a page."""
    found = get_object_or_404(Evidence.objects.visible_to(request.user), pk=pk)
    try:
        file = found.file.open("rb")
    except FileNotFoundError as error:
        raise Http404("ファイルが見つかりません。") from error
    response = FileResponse(
        file, as_attachment=True, filename=found.name, content_type="application/octet-stream"
    )
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response


@require_POST
def evidence_remove(request: HttpRequest, pk: int) -> HttpResponse:
    files = Evidence.objects.visible_to(request.user)
    found = get_object_or_404(
        files.select_related("item__cycle__plan__organization", "item__department"), pk=pk
    )
    try:
        remove_evidence(actor_of(request), found)
        messages.success(request, f"「{found}」を削除しました。")
    except ValidationError as error:
        messages.error(request, "".join(error.messages))
    return redirect(_address(found.item.cycle, found.item))
