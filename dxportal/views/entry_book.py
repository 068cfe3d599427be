"""The entry workbook's pages: take it down, put it back, look at every change, decide once.

Between the look and the decision the edits stand in the page itself (see
`dxportal.rounds.entry_book_changes`).
"""

import io
from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.audit import Actor
from accounts.models import Channel
from dxportal.rounds import entry_book_changes as changes
from dxportal.rounds.entry_book import file_name_of, write_entry_book
from dxportal.rounds.entry_book_changes import Outdated, Preview
from dxportal.rounds.entry_book_file import BookRefused
from dxportal.rounds.entry_book_reading import CellFault, RowEdit
from dxportal.rounds.grid import rows_of_round
from dxportal.rounds.rows import Row
from dxportal.views.entry import who_and_when
from plans.exports import XLSX_TYPE, Column, Exporter
from plans.models import ReportingCycle

MINE = "book"


class FaultExporter(Exporter):
    """The faults of an entry workbook as a table."""

    identifier = "entry_book_faults"
    title = "入力ブックの誤り"
    columns = (
        Column("シート", lambda fault: fault.sheet),
        Column("セル", lambda fault: fault.cell),
        Column("項目", lambda fault: fault.name, width=36),
        Column("値", lambda fault: fault.value, width=24),
        Column("理由", lambda fault: fault.reason, width=70),
    )


def _actor(request: HttpRequest) -> Actor:
    return Actor(request.user, Channel.IMPORT)


def _round(request: HttpRequest, pk: int) -> tuple[ReportingCycle, list[Row]]:
    """A round that the person sees (else 404), and what they enter in it (nothing: a 403)."""
    visible = ReportingCycle.objects.visible_to(request.user)
    cycle = get_object_or_404(
        visible.select_related("plan__organization").prefetch_related("extensions"), pk=pk
    )
    rows = rows_of_round(request.user, cycle)
    if not rows:
        raise PermissionDenied("この照会で入力する項目はありません。")
    return cycle, rows


@require_safe
@never_cache
def entry_book(request: HttpRequest, pk: int) -> HttpResponse | FileResponse:
    """The page of the workbook, or with `format=xlsx` the workbook itself."""
    cycle, rows = _round(request, pk)
    file_format = request.GET.get("format")
    if file_format is None:
        return _page(request, cycle, rows)
    if file_format != "xlsx":
        raise Http404("この形式では書き出せません。")
    content = io.BytesIO()
    write_entry_book(cycle, rows, request.user, timezone.now(), content)
    content.seek(0)
    return FileResponse(
        content, as_attachment=True, filename=file_name_of(cycle, rows), content_type=XLSX_TYPE
    )


@require_POST
@never_cache
def entry_book_upload(request: HttpRequest, pk: int) -> HttpResponse:
    """What a workbook would change, row by row, or all that is wrong with it."""
    cycle, rows = _round(request, pk)
    upload = request.FILES.get("file")
    if upload is None:
        return _page(request, cycle, rows, error="ファイルを選んでください。")
    try:
        preview = changes.preview_of_file(_actor(request), cycle, rows, upload)
    except BookRefused as error:
        return _page(request, cycle, rows, error=str(error))
    return _preview_page(request, cycle, preview, file_name=upload.name)


@require_POST
@never_cache
def entry_book_apply(request: HttpRequest, pk: int) -> HttpResponse:
    """Write the changes that were looked at; where one does not hold any more, none."""
    cycle, rows = _round(request, pk)
    try:
        edits, seen = changes.unpack(request.user, cycle, request.POST.get("edits", ""))
    except Outdated:
        error = "確認の画面を開いてから時間がたちました。もう一度ファイルを読み込んでください。"
        return _page(request, cycle, rows, error=error)
    mine = {edit.item_pk for edit in edits if request.POST.get(f"keep-{edit.item_pk}") == MINE}
    wanted = [edit for edit in edits if edit.version == seen[edit.item_pk] or edit.item_pk in mine]
    if not wanted:
        messages.info(request, "いまの値を残したため、変わったものはありません。")
        return redirect(_entry_address(cycle))
    try:
        count = changes.apply_edits(_actor(request), cycle, wanted, seen)
    except Outdated:
        return _again(request, cycle, edits, mine)
    messages.success(request, f"入力ブックから{count}件の項目を保存しました。")
    return redirect(_entry_address(cycle))


def _again(
    request: HttpRequest, cycle: ReportingCycle, edits: Sequence[RowEdit], mine: set[int]
) -> HttpResponse:
    """The preview once more, of what is stored by now."""
    preview = changes.preview_of(_actor(request), cycle, edits, mine)
    return _preview_page(request, cycle, preview, is_again=True, status=409)


@require_POST
def entry_book_faults(request: HttpRequest, pk: int) -> HttpResponse:
    """The faults of a workbook as a file."""
    cycle, rows = _round(request, pk)
    file_format = request.POST.get("format", "")
    if file_format not in ("csv", "xlsx"):
        raise Http404("この形式では書き出せません。")
    try:
        faults = changes.unpack_faults(request.user, request.POST.get("faults", ""))
    except Outdated:
        error = "確認の画面を開いてから時間がたちました。もう一度ファイルを読み込んでください。"
        return _page(request, cycle, rows, error=error)
    return FaultExporter(faults).file(file_format).response()


# Pages


def _entry_address(cycle: ReportingCycle) -> str:
    return f"{reverse('rounds:entry')}?cycle={cycle.pk}"


def _frame(cycle: ReportingCycle, last: str = "") -> dict[str, Any]:
    book = reverse("rounds:entry_book", args=[cycle.pk]) if last else ""
    trail = [("実績入力", _entry_address(cycle)), ("Excelで入力する", book)]
    return {
        "cycle": cycle,
        "nav": "entry",
        "back": _entry_address(cycle),
        "breadcrumb": [*trail, (last, "")] if last else trail,
    }


def _page(
    request: HttpRequest, cycle: ReportingCycle, rows: Sequence[Row], error: str = ""
) -> HttpResponse:
    context = {
        **_frame(cycle),
        "total": len(rows),
        "locked": sum(bool(row.locked_reason) for row in rows),
        "kinds": list(dict.fromkeys(row.item.get_kind_display() for row in rows)),
        "hours": changes.MAX_AGE_SECONDS // 3600,
        "error": error,
    }
    return render(request, "rounds/entry_book.html", context, status=422 if error else 200)


def _preview_page(
    request: HttpRequest,
    cycle: ReportingCycle,
    preview: Preview,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    context = {**_frame(cycle, "確認"), "preview": preview, **more}
    if preview.faults:
        status = 422
        context["packed_faults"] = changes.pack_faults(request.user, preview.faults)
    else:
        try:
            context["packed"] = changes.pack(request.user, cycle, preview)
        except ValidationError as error:
            preview.faults.append(CellFault("", "", "", "", error.messages[0]))
            status = 422
    for change in preview.conflicts:
        change.theirs_by = who_and_when(change.row)
    return render(request, "rounds/entry_book_preview.html", context, status=status)
