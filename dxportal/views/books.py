"""The pages on which a plan goes out as a plan book, and comes in again."""

import io
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import policy
from accounts.audit import Actor
from accounts.models import Channel
from accounts.policy import Act, scope_of
from dxportal.models import BookImport
from dxportal.planbook import imports, preview_pages
from dxportal.planbook.forms import BookForm
from dxportal.planbook.preview_pages import FaultExporter
from dxportal.planbook.writer import lines_of, write_workbook, write_zip
from dxportal.views.downloads import download
from plans.exports import CP932, ENCODINGS, XLSX_TYPE, CannotEncode
from plans.models import Plan

BOOKS_ON_A_PAGE = 30
FAULTS_ON_A_PAGE = 200
ZIP_TYPE = "application/zip"


def _actor(request: HttpRequest) -> Actor:
    return Actor(request.user, Channel.IMPORT)


def _managed(request: HttpRequest) -> frozenset[int]:
    """The organizations whose plan books the person may take in and out; else a 403."""
    managed = scope_of(request.user).organizations.get(Act.MANAGE, frozenset())
    if not managed:
        raise PermissionDenied("計画ブックを扱えるのは事務局です。")
    return managed


def _book(request: HttpRequest, pk: int) -> BookImport:
    """An upload of the person's organizations (else 404), which they may manage (else 403)."""
    books = BookImport.objects.visible_to(request.user)
    book = get_object_or_404(
        books.select_related("organization", "plan", "mapping", "uploaded_by"), pk=pk
    )
    policy.require(_actor(request), Act.MANAGE, book.organization_id, what="計画ブックの取込")
    return book


@require_safe
def book_list(request: HttpRequest) -> HttpResponse:
    books = (
        BookImport.objects.visible_to(request.user)
        .filter(organization_id__in=_managed(request))
        .select_related("plan", "uploaded_by", "mapping")
    )
    context = {
        "page_obj": Paginator(books, BOOKS_ON_A_PAGE).get_page(request.GET.get("page")),
        "keep_days": imports.KEEP_DAYS,
        "nav": "plans",
        "breadcrumb": [("計画の一覧", reverse("plans:list")), ("計画ブックの取込", "")],
    }
    return render(request, "books/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def upload(request: HttpRequest) -> HttpResponse:
    _managed(request)
    if request.method == "POST":
        form = BookForm(request.user, request.POST, request.FILES)
        if form.is_valid():
            asked = form.cleaned_data
            try:
                book = imports.upload_book(
                    _actor(request),
                    asked["organization"],
                    asked["file"],
                    asked["plan"],
                    asked.get("mapping"),
                )
            except ValidationError as error:
                form.add_error(None, error)
            else:
                return redirect("books:preview", pk=book.pk)
    else:
        asked_for = {name: request.GET.get(name) for name in ("plan", "mapping")}
        form = BookForm(request.user, initial=asked_for)
    context = {
        "form": form,
        "nav": "plans",
        "breadcrumb": [
            ("計画の一覧", reverse("plans:list")),
            ("計画ブックの取込", reverse("books:list")),
            ("取り込む", ""),
        ],
    }
    return render(request, "books/upload.html", context, status=422 if form.errors else 200)


@require_safe
@never_cache
def preview(request: HttpRequest, pk: int) -> HttpResponse:
    """What a book would do, or what is wrong with it, or what it has done."""
    book = _book(request, pk)
    if request.GET.get("format"):
        faults = imports.preview_of(book).faults
        return download(request, {"faults": FaultExporter(faults)})
    return _preview_page(request, book)


def _preview_page(request: HttpRequest, book: BookImport, **more: Any) -> HttpResponse:
    found = imports.preview_of(book)
    page = request.POST.get("here") or request.GET.get("page")
    context: dict[str, Any] = {
        "book": book,
        "keep_days": imports.KEEP_DAYS,
        "nav": "plans",
        "breadcrumb": [
            ("計画の一覧", reverse("plans:list")),
            ("計画ブックの取込", reverse("books:list")),
            (book.file_name, ""),
        ],
    }
    if book.state == BookImport.State.REFUSED:
        context["page_obj"] = Paginator(found.faults, FAULTS_ON_A_PAGE).get_page(page)
    elif book.state == BookImport.State.CHECKED:
        choice = imports.choice_of(book)
        context["summary"] = preview_pages.summary(found.changes, choice)
        context["shown"] = preview_pages.shown_page(found.changes, choice, page)
    elif book.state == BookImport.State.APPLIED:
        context["done"] = preview_pages.done(book.result.get("done", {}))
    return render(request, "books/preview.html", {**context, **more}, status=422 if more else 200)


def _keep_choice(request: HttpRequest, book: BookImport) -> None:
    """Remember the boxes of the page that was sent; those of other pages stay as they were."""
    actor, changes = _actor(request), imports.preview_of(book).changes
    shown = set(request.POST.getlist("shown"))
    taken = set(request.POST.getlist("take"))
    imports.choose(actor, book, [c for c in changes if c.id in shown], taken)
    sheet, _, how_many = request.POST.get("bulk", "").partition(":")
    if sheet:
        rows = [c for c in changes if c.sheet == sheet and not c.is_absent]
        every = {c.id for c in rows} if how_many == "all" else set()
        imports.choose(actor, book, rows, every)


@require_POST
def choose(request: HttpRequest, pk: int) -> HttpResponse:
    """Keep what is chosen on this page of the preview, and go to another one."""
    book = _book(request, pk)
    try:
        _keep_choice(request, book)
    except ValidationError as error:
        messages.warning(request, error.messages[0])
    # A button says "3", one of the summary "3:measures", one of a sheet "measures:all".
    page, _, sheet = (request.POST.get("page") or request.POST.get("here", "")).partition(":")
    sheet = sheet or request.POST.get("bulk", "").partition(":")[0]
    query = urlencode({"page": page or 1} | ({"sheet": sheet} if sheet else {}))
    return redirect(f"{reverse('books:preview', args=[pk])}?{query}#{sheet or 'changes'}")


@require_POST
def apply(request: HttpRequest, pk: int) -> HttpResponse:
    book = _book(request, pk)
    try:
        _keep_choice(request, book)
        imports.apply_book(
            _actor(request),
            book,
            imports.choice_of(book),
            request.POST.get("plan_state", ""),
        )
    except ValidationError as error:
        messages.warning(request, error.messages[0])
    except imports.PlanChanged:
        messages.warning(
            request,
            "確認したあとで計画が変わったため、取り込んでいません。いまの計画との違いを表示しています。"
            "確かめてから、もう一度取り込んでください。",
        )
    except imports.ChoiceRefused as error:
        book.refresh_from_db()
        return _preview_page(request, book, choice_faults=error.faults)
    else:
        messages.success(request, "計画ブックを取り込みました。")
    return redirect("books:preview", pk=pk)


@require_POST
def discard(request: HttpRequest, pk: int) -> HttpResponse:
    book = _book(request, pk)
    try:
        imports.discard_book(_actor(request), book)
        messages.success(request, f"「{book}」の取込をやめ、ファイルを削除しました。")
    except ValidationError as error:
        messages.warning(request, error.messages[0])
    return redirect("books:list")


@require_safe
def export(request: HttpRequest, pk: int) -> HttpResponse:
    """A plan as a plan book: the page that offers it, or the file as `format` and `encoding`."""
    plan = get_object_or_404(
        Plan.objects.visible_to(request.user).select_related("organization"), pk=pk
    )
    policy.require(_actor(request), Act.MANAGE, plan.organization_id, what="計画ブックの書き出し")
    if file_format := request.GET.get("format"):
        return _file(request, plan, file_format)
    context = {
        "plan": plan,
        "books": plan.book_imports.select_related("uploaded_by")[:5],
        "nav": "plans",
        "breadcrumb": [
            ("計画の一覧", reverse("plans:list")),
            (plan.name, reverse("plans:tree", args=[plan.pk])),
            ("計画ブック", ""),
        ],
    }
    return render(request, "books/export.html", context)


def _file(request: HttpRequest, plan: Plan, file_format: str) -> HttpResponse | FileResponse:
    encoding = request.GET.get("encoding", "utf-8")
    if file_format not in ("xlsx", "zip") or encoding not in ENCODINGS:
        raise Http404("この形式では書き出せません。")
    content = io.BytesIO()
    name = f"計画ブック_{plan.name}_{timezone.localdate():%Y%m%d}.{file_format}"
    try:
        if file_format == "xlsx":
            write_workbook(lines_of(plan), content)
        else:
            write_zip(lines_of(plan), content, encoding)
    except CannotEncode as error:
        context = {"title": str(plan), "uncarried": error.uncarried, "encoding": CP932}
        return render(request, "plans/cannot_encode.html", context, status=422)
    content.seek(0)
    kind = XLSX_TYPE if file_format == "xlsx" else ZIP_TYPE
    return FileResponse(content, as_attachment=True, filename=name, content_type=kind)
