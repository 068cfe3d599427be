"""The list of an organization's departments, and the forms that add, correct and end them."""

import datetime
from dataclasses import dataclass

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from accounts import departments, policy
from accounts.audit import Actor
from accounts.department_forms import DepartmentFilter, DepartmentForm, EndForm, in_tree
from accounts.models import Channel, Department, DepartmentSuccession, Organization
from accounts.policy import Act
from accounts.versions import StaleVersion


def shown_organization(request: HttpRequest) -> Organization:
    """The organization that the address names, or the person's own; 403 for who has none."""
    rows = Organization.objects.visible_to(request.user)
    asked = request.GET.get("organization", "")
    if asked.isdecimal():
        return get_object_or_404(rows, pk=int(asked))
    own = getattr(request.user, "organization_id", None)
    found = rows.filter(pk=own).first() or rows.first()
    if found is None:
        raise PermissionDenied("どの団体の役割もないため、部局を見ることができません。")
    return found


def _actor(request: HttpRequest) -> Actor:
    return Actor(request.user, Channel.PAGE)


@dataclass(frozen=True)
class ListedDepartment:
    """A department in the list, with who stood in its place before and who does after it."""

    row: Department
    indent: range
    has: list[tuple[str, int]]
    before: list[DepartmentSuccession]
    after: list[DepartmentSuccession]
    is_there: bool


@require_safe
def department_list(request: HttpRequest) -> HttpResponse:
    organization = shown_organization(request)
    today = timezone.localdate()
    asked = {"on": request.GET.get("on") or today, "show": request.GET.get("show", "")}
    form = DepartmentFilter(asked)
    chosen = form.cleaned_data if form.is_valid() else {}
    on = chosen.get("on") or today
    shows_all = chosen.get("show") == "all"
    rows = in_tree(organization)
    shown = [row for row in rows if shows_all or _is_there(row, on)]
    actor = _actor(request)
    context = {
        "organization": organization,
        "organizations": list(Organization.objects.visible_to(request.user)),
        "form": form,
        "on": on,
        "departments": _listed(shown, on),
        "hidden": len(rows) - len(shown),
        "may_keep": departments.may_keep(actor, organization.pk),
        "may_reorganize": policy.allows(actor, Act.MANAGE, organization.pk),
        "breadcrumb": [("部局", "")],
    }
    return render(request, "accounts/departments.html", context)


def _is_there(row: Department, on: datetime.date) -> bool:
    return (row.valid_from is None or row.valid_from <= on) and (
        row.valid_to is None or row.valid_to >= on
    )


def _listed(rows: list[Department], on: datetime.date) -> list[ListedDepartment]:
    has = departments.what_they_have(rows)
    before: dict[int, list[DepartmentSuccession]] = {row.pk: [] for row in rows}
    found = DepartmentSuccession.objects.filter(successor__in=rows).select_related("predecessor")
    for succession in found.order_by("on", "pk"):
        before[succession.successor_id].append(succession)
    return [
        ListedDepartment(
            row,
            range(getattr(row, "tree_depth", 0)),
            [(kind, count) for kind, count in has[row.pk].items() if count],
            before[row.pk],
            list(row.successions.all()),
            _is_there(row, on),
        )
        for row in rows
    ]


@require_http_methods(["GET", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    organization = shown_organization(request)
    departments.require_keeper(_actor(request), organization.pk)
    sent = request.POST if request.method == "POST" else None
    form = DepartmentForm(sent, departments=in_tree(organization))
    del form.fields["valid_to"]
    if form.is_valid():
        data = form.cleaned_data
        try:
            made = departments.create(
                _actor(request), organization, data["name"], data["parent"], data["valid_from"]
            )
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, f"部局「{made}」を追加しました。")
            return redirect(_list_url(organization))
    return _form_page(request, organization, form, "部局を追加")


def _department(request: HttpRequest, pk: int) -> Department:
    rows = Department.objects.visible_to(request.user).select_related("organization", "parent")
    found = get_object_or_404(rows, pk=pk)
    departments.require_keeper(_actor(request), found.organization_id)
    return found


@require_http_methods(["GET", "POST"])
def change(request: HttpRequest, pk: int) -> HttpResponse:
    found = _department(request, pk)
    initial = {
        "row_version": found.version,
        "name": found.name,
        "parent": found.parent,
        "valid_from": found.valid_from,
        "valid_to": found.valid_to,
    }
    sent = request.POST if request.method == "POST" else None
    form = DepartmentForm(sent, initial=initial, departments=in_tree(found.organization))
    if found.valid_to is None:
        # To end it is an act of its own, which looks at what is below.
        del form.fields["valid_to"]
    if form.is_valid():
        data = form.cleaned_data
        changes = {name: data[name] for name in DepartmentForm.stored if name in data}
        try:
            saved = departments.change(_actor(request), found, changes, data["row_version"])
        except StaleVersion as stale:
            _tell_stale(form, stale.current)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, f"部局「{saved}」を保存しました。")
            return redirect(_list_url(found.organization))
    return _form_page(request, found.organization, form, f"「{found}」を編集", found)


@require_http_methods(["GET", "POST"])
def end(request: HttpRequest, pk: int) -> HttpResponse:
    found = _department(request, pk)
    initial = {"row_version": found.version, "valid_to": found.valid_to}
    form = EndForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_valid():
        data = form.cleaned_data
        try:
            departments.end(
                _actor(request), found, data["valid_to"], data["row_version"], data["reason"]
            )
        except StaleVersion as stale:
            _tell_stale(form, stale.current)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, f"部局「{found}」の廃止日を記録しました。")
            return redirect(_list_url(found.organization))
    has = departments.what_they_have([found])[found.pk]
    return _form_page(
        request, found.organization, form, f"「{found}」を廃止", found, has=list(has.items())
    )


def _tell_stale(form: Form, current: object) -> None:
    """Say what is stored now, and let the next attempt be made from that."""
    assert isinstance(current, Department)
    told = {
        "名称": current.name,
        "上位の部局": str(current.parent or "なし"),
        "設置日": str(current.valid_from or "空欄"),
        "廃止日": str(current.valid_to or "空欄"),
    }
    now = "、".join(f"{label}：{value}" for label, value in told.items())
    form.add_error(
        None,
        f"ほかの人が先に変更しました。いまの内容は、{now}です。"
        "下の内容でよければ、もう一度保存してください。",
    )
    form.data = form.data.copy()  # type: ignore[attr-defined]  # a QueryDict, as a form was sent
    form.data["row_version"] = str(current.version)  # type: ignore[index]  # the copy above


def _form_page(
    request: HttpRequest,
    organization: Organization,
    form: Form,
    heading: str,
    department: Department | None = None,
    has: list[tuple[str, int]] | None = None,
) -> HttpResponse:
    context = {
        "organization": organization,
        "form": form,
        "heading": heading,
        "department": department,
        "has": has or [],
        "is_end": isinstance(form, EndForm),
        "back": _list_url(organization),
        "breadcrumb": [("部局", _list_url(organization)), (heading, "")],
    }
    status = 422 if form.errors else 200
    return render(request, "accounts/department_form.html", context, status=status)


def _list_url(organization: Organization) -> str:
    return f"{reverse('accounts:departments')}?organization={organization.pk}"
