"""The pages on which everything that defines a plan is added, changed and deleted.

What can be edited, and how, is declared in `dxportal.editors.registry`; these views only show it.
"""

from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Page, Paginator
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import editing, policy
from accounts.audit import Actor
from accounts.models import Channel
from accounts.policy import Act
from accounts.versions import StaleVersion
from dxportal.editors.editor import Column, Editor
from dxportal.editors.forms import EditorForm, form_for, shown_value, version_of
from dxportal.editors.registry import BY_KIND, EDITORS
from plans.listing import INDENT
from plans.models import Plan
from plans.search import search

PAGE_SIZE = 50
# So many names of what goes along are listed; the rest is counted.
NAMED = 20


def actor_of(request: HttpRequest) -> Actor:
    return Actor(request.user, Channel.PAGE)


def plan_to_edit(request: HttpRequest, plan_pk: int) -> Plan:
    """The plan, for who may manage it; 404 outside the organization, 403 for the wrong role."""
    plans = Plan.objects.visible_to(request.user).select_related("organization")
    plan = get_object_or_404(plans, pk=plan_pk)
    policy.require(actor_of(request), Act.MANAGE, plan.organization_id, what="計画の編集")
    return plan


def editor_of(kind: str) -> Editor:
    if kind not in BY_KIND:
        raise Http404("この種類の編集ページはありません。")
    return BY_KIND[kind]


def next_url(request: HttpRequest, otherwise: str) -> str:
    """Where the person came from, if that is a page of this portal."""
    asked = request.GET.get("next") or request.POST.get("next") or ""
    if url_has_allowed_host_and_scheme(
        asked, {request.get_host()}, require_https=request.is_secure()
    ):
        return asked
    return otherwise


def crumbs(plan: Plan, *further: tuple[str, str]) -> list[tuple[str, str]]:
    return [
        ("計画の一覧", reverse("plans:list")),
        (plan.name, reverse("plans:tree", args=[plan.pk])),
        ("計画を編集", reverse("editing:index", args=[plan.pk])),
        *further,
    ]


def locked_page(request: HttpRequest, plan: Plan, reason: str, back: str) -> HttpResponse:
    """Why nothing is offered here; 423 to who has sent something all the same."""
    context = {"plan": plan, "reason": reason, "back": back, "nav": "plans"}
    context["breadcrumb"] = crumbs(plan, ("変更できません", ""))
    status = 423 if request.method == "POST" else 200
    return render(request, "editing/locked.html", context, status=status)


# Overview and list


@dataclass(frozen=True)
class Offered:
    """A kind of rows in the overview."""

    editor: Editor
    count: int
    url: str


@require_safe
def index(request: HttpRequest, plan_pk: int) -> HttpResponse:
    plan = plan_to_edit(request, plan_pk)
    offered = [
        Offered(
            editor,
            editor.rows(request.user, plan).count(),
            reverse("editing:list", args=[plan.pk, editor.kind]),
        )
        for editor in ([] if plan.why_rows_are_locked else EDITORS)
    ]
    groups = [(name, list(found)) for name, found in groupby(offered, lambda o: o.editor.group)]
    context = {"plan": plan, "groups": groups, "locked": plan.why_rows_are_locked, "nav": "plans"}
    context["breadcrumb"] = crumbs(plan)
    return render(request, "editing/index.html", context)


@dataclass(frozen=True)
class ListedRow:
    """A row of a list: what it is called, with the indent of a tree, and all its cells.

    It may go up or down among those that it is numbered with.
    """

    row: Model
    label: str
    indent: str
    cells: list[tuple[Column, str]]
    may_go_up: bool
    may_go_down: bool


@require_safe
def rows(request: HttpRequest, plan_pk: int, kind: str) -> HttpResponse:
    plan, editor = plan_to_edit(request, plan_pk), editor_of(kind)
    back = reverse("editing:index", args=[plan.pk])
    if editor.model is Plan:
        return redirect("editing:change", plan.pk, kind, plan.pk)
    if plan.why_rows_are_locked:
        return locked_page(request, plan, plan.why_rows_are_locked, back)
    narrowed = _narrowed(request, plan, editor)
    found = editor.listed(request.user, plan).filter(**{n: row.pk for n, row in narrowed.items()})
    asked = request.GET.get("q", "").strip()
    if asked:
        found = search(found, asked, editor.search)
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    here = {"next": request.get_full_path()}
    context = {
        "plan": plan,
        "editor": editor,
        "columns": editor.shown_columns(),
        "page_obj": page,
        "rows": _listed(editor, page, bool(asked)),
        "asked": asked,
        "narrowed": [(_label(editor, name), row) for name, row in narrowed.items()],
        "kept": {name: row.pk for name, row in narrowed.items()},
        "add_query": urlencode({name: row.pk for name, row in narrowed.items()} | here),
        "here": urlencode(here),
        "nav": "plans",
        "breadcrumb": crumbs(plan, (editor.name, "")),
    }
    return render(request, "editing/list.html", context)


def _narrowed(request: HttpRequest, plan: Plan, editor: Editor) -> dict[str, Model]:
    """The rows that the address limits the list to (`?measure=3`), by the field that names them."""
    form = form_for(editor, plan, request.user, is_new=True)(instance=editor.new(plan))
    fields: dict[str, Any] = form.fields
    found: dict[str, Model] = {}
    for name in ("measure", "project", "indicator", "term", "scheme", "tag", "reference_list"):
        asked = request.GET.get(name, "")
        if asked.isdecimal() and name in fields and editor.has(name):
            found[name] = get_object_or_404(fields[name].queryset, pk=int(asked))
    return found


def _label(editor: Editor, name: str) -> str:
    return str(getattr(editor.model._meta.get_field(name), "verbose_name", name))


def _listed(editor: Editor, page: Page, is_searched: bool) -> list[ListedRow]:
    """Rows with their cells; order buttons only where the neighbours are those of the whole."""
    found: list[Any] = list(page.object_list)
    columns = editor.shown_columns()
    groups = [
        tuple(getattr(row, f"{_attname(editor, n)}") for n in editor.numbered_within)
        for row in found
    ]
    moves = editor.is_ordered and not is_searched
    last = len(found) - 1
    return [
        ListedRow(
            row,
            columns[0].text(row).strip() or f"（番号{row.pk}）",
            INDENT * getattr(row, "tree_depth", 0),
            [(column, column.text(row)) for column in columns],
            moves and (groups[i - 1] == groups[i] if i else page.has_previous()),
            moves and (groups[i + 1] == groups[i] if i < last else page.has_next()),
        )
        for i, row in enumerate(found)
    ]


def _attname(editor: Editor, name: str) -> str:
    return str(getattr(editor.model._meta.get_field(name), "attname", name))


@require_POST
def move(request: HttpRequest, plan_pk: int, kind: str, pk: int) -> HttpResponse:
    """Let a row change places with the one above or below it among those it is numbered with."""
    plan, editor = plan_to_edit(request, plan_pk), editor_of(kind)
    row = get_object_or_404(editor.rows(request.user, plan), pk=pk)
    back = next_url(request, reverse("editing:list", args=[plan.pk, kind]))
    if reason := plan.why_rows_are_locked:
        return locked_page(request, plan, reason, back)
    if not editor.is_ordered:
        raise Http404("この種類は並べ替えられません。")
    order = list(editor.siblings(row))
    here = [sibling.pk for sibling in order].index(row.pk)
    there = here + (-1 if request.POST.get("direction") == "up" else 1)
    if 0 <= there < len(order):
        order[here], order[there] = order[there], order[here]
        try:
            editing.reorder(actor_of(request), order)
        except StaleVersion:
            messages.error(request, "ほかの人が先に並べ替えました。並びを確かめてください。")
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
    return redirect(f"{back}#row-{row.pk}")


# One row


@require_http_methods(["GET", "POST"])
def add(request: HttpRequest, plan_pk: int, kind: str) -> HttpResponse:
    plan, editor = plan_to_edit(request, plan_pk), editor_of(kind)
    back = next_url(request, reverse("editing:list", args=[plan.pk, kind]))
    if plan.why_rows_are_locked:
        return locked_page(request, plan, plan.why_rows_are_locked, back)
    if not editor.can_add:
        raise Http404("この種類は、このページでは追加できません。")
    form_class = form_for(editor, plan, request.user, is_new=True)
    row = editor.new(plan)
    if request.method != "POST":
        chosen = {name: request.GET[name] for name in form_class.base_fields if name in request.GET}
        return _form_page(request, plan, editor, form_class(instance=row, initial=chosen), back)
    form = form_class(request.POST, instance=row)
    if form.is_valid():
        try:
            saved = editor.create(actor_of(request), plan, form)
        except ValidationError as error:
            form.add_service_errors(error)
        else:
            messages.success(request, f"{editor.name}「{saved}」を追加しました。")
            if "another" in request.POST:
                return redirect(request.get_full_path())
            return redirect(back)
    return _form_page(request, plan, editor, form, back, status=422)


@require_http_methods(["GET", "POST"])
def change(request: HttpRequest, plan_pk: int, kind: str, pk: int) -> HttpResponse:
    plan, editor = plan_to_edit(request, plan_pk), editor_of(kind)
    back = next_url(request, _home_of(plan, editor))
    row = get_object_or_404(editor.rows(request.user, plan), pk=pk)
    if plan.why_rows_are_locked and editor.model is Plan:
        # The way back for who set it by mistake.
        editor = replace(editor, fields=("status",))
    elif reason := plan.why_rows_are_locked or editing.why_locked(row):
        return locked_page(request, plan, reason, back)
    form_class = form_for(editor, plan, request.user, is_new=False)
    label = str(row)
    if request.method != "POST":
        return _form_page(request, plan, editor, form_class(instance=row), back, label)
    form = form_class(request.POST, instance=row)
    if form.is_valid():
        version = form.cleaned_data["row_version"]
        try:
            saved = editor.change(actor_of(request), plan, row, form, version)
        except StaleVersion as stale:
            return _conflict_page(request, plan, editor, form, stale.current)
        except ValidationError as error:
            form.add_service_errors(error)
        else:
            messages.success(request, f"{editor.name}「{saved}」を保存しました。")
            return redirect(back)
    return _form_page(request, plan, editor, form, back, label, status=422)


def _home_of(plan: Plan, editor: Editor) -> str:
    if editor.model is Plan:
        return reverse("editing:index", args=[plan.pk])
    return reverse("editing:list", args=[plan.pk, editor.kind])


@dataclass(frozen=True)
class Hanging:
    """Rows of another kind that hang on the row of the form."""

    editor: Editor
    count: int
    list_url: str
    add_url: str


def _hanging(request: HttpRequest, plan: Plan, editor: Editor, row: Model) -> list[Hanging]:
    here = request.get_full_path()
    found = []
    for child in editor.children:
        other = BY_KIND[child.kind]
        base = reverse("editing:list", args=[plan.pk, child.kind])
        found.append(
            Hanging(
                other,
                other.rows(request.user, plan).filter(**{child.field: row.pk}).count(),
                f"{base}?{urlencode({child.field: row.pk})}",
                f"{base}add/?{urlencode({child.field: row.pk, 'next': here})}",
            )
        )
    return found


def _form_page(
    request: HttpRequest,
    plan: Plan,
    editor: Editor,
    form: EditorForm,
    back: str,
    label: str = "",
    status: int = 200,
) -> HttpResponse:
    row = form.instance
    is_new = row.pk is None
    context = {
        "plan": plan,
        "editor": editor,
        "form": form,
        "label": label,
        "is_new": is_new,
        "back": back,
        "back_query": urlencode({"next": back}),
        "hanging": [] if is_new else _hanging(request, plan, editor, row),
        "may_revise": not is_new and editor.kind == "target" and row.is_current,
        "is_shared": not is_new and _is_shared(plan, row),
        "nav": "plans",
        "breadcrumb": crumbs(
            plan,
            (editor.name, _home_of(plan, editor)),
            ("追加" if is_new else label, ""),
        ),
    }
    return render(request, "editing/form.html", context, status=status)


def _is_shared(plan: Plan, row: Any) -> bool:
    """Whether another plan shows the row too, so that a change is seen there."""
    for name in ("placements", "uses"):
        if hasattr(row, name):
            found: QuerySet = getattr(row, name)
            return found.exclude(plan=plan).exists()
    return False


@dataclass(frozen=True)
class Difference:
    """A field that two people left in different ways."""

    label: str
    mine: str
    theirs: str


def _conflict_page(
    request: HttpRequest, plan: Plan, editor: Editor, form: EditorForm, current: Any
) -> HttpResponse:
    """Both values of what this person changed; it goes along and can be sent again."""
    differences = []
    for name in form.changed_data:
        if name not in form.cleaned_data or not editor.has(name):
            continue
        mine = form.cleaned_data[name]
        theirs = getattr(current, name)
        theirs = list(theirs.all()) if hasattr(theirs, "all") else theirs
        said = shown_value(form, name, mine), shown_value(form, name, theirs)
        if said[0] != said[1]:
            differences.append(Difference(str(form.fields[name].label), *said))
    kept = [
        (name, value)
        for name, values in request.POST.lists()
        if name not in ("csrfmiddlewaretoken", "row_version")
        for value in values
    ]
    context = {
        "plan": plan,
        "editor": editor,
        "label": str(current),
        "differences": differences,
        "kept": kept,
        "version": version_of(current),
        "url": request.get_full_path(),
        "nav": "plans",
        "breadcrumb": crumbs(plan, (editor.name, _home_of(plan, editor)), (str(current), "")),
    }
    return render(request, "editing/conflict.html", context, status=409)


@require_http_methods(["GET", "POST"])
def delete(request: HttpRequest, plan_pk: int, kind: str, pk: int) -> HttpResponse:
    """GET shows what would go along, or why it may not go; POST deletes."""
    plan, editor = plan_to_edit(request, plan_pk), editor_of(kind)
    back = next_url(request, _home_of(plan, editor))
    row = get_object_or_404(editor.rows(request.user, plan), pk=pk)
    if editor.model is Plan:
        raise Http404("計画そのものは、このページでは削除できません。")
    if reason := plan.why_rows_are_locked or editing.why_locked(row):
        return locked_page(request, plan, reason, back)
    if request.method != "POST":
        return _deletion_page(request, plan, editor, row, back)
    asked = request.POST.get("row_version", "")
    label = str(row)
    try:
        version = int(asked) if asked.isdecimal() else None
        deletion = editor.delete(actor_of(request), row, version)
    except StaleVersion:
        refusal = "ほかの人が先に変更しました。いまの内容を確かめてから、もう一度削除してください。"
        return _deletion_page(request, plan, editor, row, back, refusal, 409)
    except ValidationError as error:
        return _deletion_page(request, plan, editor, row, back, " ".join(error.messages), 422)
    # The tag of the message is where its button 「元に戻す」 leads (templates/_messages.html).
    undo = f"{reverse('editing:restore', args=[plan.pk, deletion.pk])}?{urlencode({'next': back})}"
    messages.success(request, f"{editor.name}「{label}」を削除しました。", extra_tags=undo)
    return redirect(_after_deletion(back, plan, editor, row, pk))


def _after_deletion(back: str, plan: Plan, editor: Editor, row: Model, pk: int) -> str:
    """Not the page of the row that is gone."""
    if back.startswith(reverse("editing:change", args=[plan.pk, editor.kind, pk])):
        return _home_of(plan, editor)
    return back


def _deletion_page(
    request: HttpRequest,
    plan: Plan,
    editor: Editor,
    row: Model,
    back: str,
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    going = editing.what_goes(row)
    named = [other for other in going.rows[1:] if not other._meta.auto_created]
    context = {
        "plan": plan,
        "editor": editor,
        "row": row,
        "version": version_of(row),
        "refusal": going.refusal,
        "trouble": refusal,
        "counts": sorted(going.counts.items()),
        "named": [(str(other._meta.verbose_name), str(other)) for other in named[:NAMED]],
        "unnamed": max(0, len(named) - NAMED),
        "back": back,
        "nav": "plans",
        "breadcrumb": crumbs(plan, (editor.name, _home_of(plan, editor)), ("削除", "")),
    }
    return render(request, "editing/delete.html", context, status=status)
