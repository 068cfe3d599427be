"""The pages on which a person says once how a city's own table is to be read."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core import signing
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import editing, policy
from accounts.audit import Actor
from accounts.models import Channel
from accounts.policy import Act, scope_of
from accounts.versions import StaleVersion
from dxportal.models import ColumnMapping
from dxportal.planbook.faults import PlanBookError
from dxportal.planbook.mapping_forms import (
    ColumnForms,
    MappingForm,
    Sample,
    SampleForm,
    ShownSample,
    as_initial,
    columns_of,
    differences,
    initial_columns,
    plans_managed_by,
)
from dxportal.planbook.meanings import MappedColumn, plain
from plans.models import Plan


def _actor(request: HttpRequest) -> Actor:
    return Actor(request.user, Channel.PAGE)


def _managed(request: HttpRequest) -> frozenset[int]:
    """The organizations whose mappings the person may make; else a 403."""
    managed = scope_of(request.user).organizations.get(Act.MANAGE, frozenset())
    if not managed:
        raise PermissionDenied("列の対応表を扱えるのは事務局です。")
    return managed


def _mapping(request: HttpRequest, pk: int) -> ColumnMapping:
    """A mapping of the person's organizations (else 404), which they may manage (else 403)."""
    mapping = get_object_or_404(ColumnMapping.objects.visible_to(request.user), pk=pk)
    policy.require(_actor(request), Act.MANAGE, mapping.organization_id, what="列の対応表の変更")
    return mapping


def _breadcrumb(last: str = "") -> list[tuple[str, str]]:
    crumbs = [
        ("計画ブックの取込", reverse("books:list")),
        ("列の対応表", reverse("books:mappings")),
    ]
    return [*crumbs, (last, "")] if last else crumbs


@require_safe
def mappings(request: HttpRequest) -> HttpResponse:
    found = (
        ColumnMapping.objects.visible_to(request.user)
        .filter(organization_id__in=_managed(request))
        .select_related("organization")
        .annotate(import_count=Count("book_imports"))
    )
    context = {"mappings": found, "nav": "plans", "breadcrumb": _breadcrumb()}
    return render(request, "books/mapping_list.html", context)


@dataclass
class _Page:
    """The form of one mapping, new or stored, as it is shown."""

    form: MappingForm
    columns: Any
    mapping: ColumnMapping | None = None
    sample: Sample | None = None
    shown: ShownSample | None = None
    conflict: list[tuple[str, str, str]] | None = None
    status: int = 200

    def render(self, request: HttpRequest) -> HttpResponse:
        examples = self.shown.examples() if self.shown else {}
        rows = [
            (form, examples.get(plain(str(form["head"].value() or "")), []))
            for form in self.columns
        ]
        title = f"対応表「{self.mapping}」の変更" if self.mapping else "新しい対応表"
        context = {
            "page": self,
            "title": title,
            "form": self.form,
            "columns": self.columns,
            "rows": rows,
            "mapping": self.mapping,
            "signed": self.sample.signed() if self.sample else "",
            "sample_form": SampleForm(request.user) if self.mapping else None,
            "nav": "plans",
            "breadcrumb": _breadcrumb(title),
        }
        return render(request, "books/mapping_form.html", context, status=self.status)


@require_http_methods(["GET", "HEAD", "POST"])
def mapping_new(request: HttpRequest) -> HttpResponse:
    """First the sample, then what its columns mean."""
    _managed(request)
    if request.method == "POST" and "sample" in request.POST:
        return _read_again_or_save(request, None)
    if request.method == "POST":
        return _read_sample(request, None)
    return _ask_for_sample(request, SampleForm(request.user, initial=request.GET.dict()))


@require_http_methods(["GET", "HEAD", "POST"])
def mapping(request: HttpRequest, pk: int) -> HttpResponse:
    """A stored mapping; another sample may be read to add the columns that a table has now."""
    stored = _mapping(request, pk)
    if request.method == "POST" and request.POST.get("action") == "sample":
        return _read_sample(request, stored)
    if request.method == "POST":
        return _read_again_or_save(request, stored)
    columns = ColumnForms(initial=[as_initial(c) for c in columns_of(stored)], prefix="c")
    return _Page(MappingForm(initial=_initial(stored)), columns, stored).render(request)


def _initial(mapping: ColumnMapping) -> dict[str, Any]:
    names = ("name", "sheet_name", "header_row", "version")
    return {name: getattr(mapping, name) for name in names}


def _ask_for_sample(request: HttpRequest, form: SampleForm) -> HttpResponse:
    context = {"form": form, "nav": "plans", "breadcrumb": _breadcrumb("新しい対応表")}
    status = 422 if form.errors else 200
    return render(request, "books/mapping_sample.html", context, status=status)


def _read_sample(request: HttpRequest, stored: ColumnMapping | None) -> HttpResponse:
    """Show the columns of the file that was sent, with what is known or suggested of each."""
    form = SampleForm(request.user, request.POST, request.FILES)
    if form.is_valid():
        try:
            sample = Sample.of_upload(form.cleaned_data["plan"], form.cleaned_data["file"])
            if not sample.tables:
                form.add_error("file", "ファイルに値がありません。")
        except PlanBookError as error:
            for fault in error.faults:
                form.add_error("file", fault.reason)
    if form.errors:
        return _ask_for_sample(request, form)
    table = sample.table(stored.sheet_name if stored else "")
    shown = ShownSample.guessed(table)
    initial = _initial(stored) if stored else {}
    return _page_of_sample(form.cleaned_data["plan"], sample, shown, stored, initial).render(
        request
    )


def _page_of_sample(
    plan: Plan,
    sample: Sample,
    shown: ShownSample,
    stored: ColumnMapping | None,
    initial: dict[str, Any],
    known: list[MappedColumn] | None = None,
) -> _Page:
    """The form with the columns of a sample as it is read now."""
    known = known or (columns_of(stored) if stored else [])
    columns = ColumnForms(initial=initial_columns(shown.heads, plan, known), prefix="c")
    where = {"header_row": shown.head.first_row, "depth": shown.head.depth}
    sheet = shown.table.name if len(sample.tables) > 1 else initial.get("sheet_name", "")
    form = MappingForm(initial={**initial, **where, "sheet_name": sheet}, sample=sample)
    return _Page(form, columns, stored, sample, shown)


def _read_again_or_save(request: HttpRequest, stored: ColumnMapping | None) -> HttpResponse:
    sample, plan = _sample_sent(request)
    if sample is None and stored is None:
        messages.error(
            request, "読み取ったファイルの内容が古くなりました。もう一度選んでください。"
        )
        return redirect("books:mapping_new")
    form = MappingForm(request.POST, sample=sample)
    columns = ColumnForms(request.POST, prefix="c")
    page = _Page(form, columns, stored, sample)
    is_sound = form.is_valid()
    if sample is not None:
        table = sample.table(request.POST.get("sheet_name", ""))
        row, depth = form.cleaned_data.get("header_row"), form.cleaned_data.get("depth")
        page.shown = ShownSample.at(table, row, depth or 1) if row else ShownSample.guessed(table)
        if "reread" in request.POST and row and plan is not None:
            known = [f.column() for f in columns if f.is_valid()]
            typed = {name: form.data.get(name, "") for name in ("name", "version")}
            again = _page_of_sample(plan, sample, page.shown, stored, typed, known)
            return again.render(request)
    if not columns.is_valid() or not is_sound:
        page.status = 422
        return page.render(request)
    return _save(request, page, plan)


def _sample_sent(request: HttpRequest) -> tuple[Sample | None, Plan | None]:
    """The sample that came back with the form, if the person still manages its plan."""
    try:
        sample = Sample.of_signed(request.POST.get("sample", ""))
    except signing.BadSignature:
        return None, None
    return sample, get_object_or_404(plans_managed_by(request.user), pk=sample.plan_id)


def _save(request: HttpRequest, page: _Page, plan: Plan | None) -> HttpResponse:
    values = page.form.values(page.columns.columns())
    try:
        if page.mapping is None:
            assert plan is not None  # a new mapping comes from a sample, which names its plan
            made = ColumnMapping(organization=plan.organization, **values)
            page.mapping, saved = None, editing.create(_actor(request), made)
        else:
            version = page.form.cleaned_data["version"]
            saved = editing.change(_actor(request), page.mapping, values, version)
    except StaleVersion as stale:
        assert isinstance(stale.current, ColumnMapping)
        data = request.POST.copy()
        data["version"] = str(stale.current.version)
        page.form = MappingForm(data, sample=page.sample)
        page.conflict = differences(values, stale.current)
        page.status = 409
        return page.render(request)
    except ValidationError as error:
        _add_errors(page.form, error)
        page.status = 422
        return page.render(request)
    messages.success(request, f"対応表「{saved}」を保存しました。この対応表で表を取り込めます。")
    return redirect("books:mappings")


def _add_errors(form: MappingForm, error: ValidationError) -> None:
    """The refusals at their fields; the one of the name's constraint stands at the name."""
    told = error.message_dict if hasattr(error, "error_dict") else {"__all__": error.messages}
    for name, reasons in told.items():
        for reason in reasons:
            at = "name" if "名称" in reason else name if name in form.fields else None
            form.add_error(at, reason)


@require_POST
def mapping_delete(request: HttpRequest, pk: int) -> HttpResponse:
    stored = _mapping(request, pk)
    version = request.POST.get("version", "")
    try:
        editing.delete(_actor(request), stored, int(version) if version.isdecimal() else None)
        messages.success(request, f"対応表「{stored}」を削除しました。")
    except StaleVersion:
        messages.warning(
            request,
            f"対応表「{stored}」は、ほかの人が先に変更しました。確かめてから削除してください。",
        )
    except ValidationError as error:
        messages.error(request, error.messages[0])
    return redirect("books:mappings")
