"""Composing report templates in the browser: sections are added, moved and removed by buttons."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from accounts import editing, policy
from accounts.audit import Actor
from accounts.models import Channel
from accounts.policy import Act, scope_of
from accounts.versions import StaleVersion
from dxportal.forms.reports import (
    COVER_FIELDS,
    TemplateForm,
    design_from,
    focused_button,
    lines_of,
    not_chosen,
    read_sections,
    sections_in_words,
)
from dxportal.models import ReportTemplate
from dxportal.reports.design import DEFAULT_SECTIONS, SHAPES, Chosen
from dxportal.reports.templates import change_template, create_template, design_of

METHODS = require_http_methods(["GET", "HEAD", "POST"])


def _actor(request: HttpRequest) -> Actor:
    return Actor(request.user, Channel.PAGE)


def _require_manager(request: HttpRequest) -> None:
    if not scope_of(request.user).may_anywhere(Act.MANAGE):
        raise PermissionDenied("報告書のひな形を編集できるのは事務局です。")


def _template(request: HttpRequest, pk: int) -> ReportTemplate:
    """The template, for who may manage it; 404 outside the organization, 403 for the wrong role."""
    template = get_object_or_404(ReportTemplate.objects.visible_to(request.user), pk=pk)
    policy.require(_actor(request), Act.MANAGE, template.organization_id, what="ひな形の編集")
    return template


@require_http_methods(["GET", "HEAD"])
def templates(request: HttpRequest) -> HttpResponse:
    _require_manager(request)
    rows = ReportTemplate.objects.visible_to(request.user).select_related("plan", "organization")
    found = [(row, [line.kind.label for line in lines_of(design_of(row).sections)]) for row in rows]
    return render(request, "reports/templates.html", {"rows": found, "breadcrumb": _crumbs()})


@METHODS
def new(request: HttpRequest) -> HttpResponse:
    _require_manager(request)
    if request.method != "POST":
        shape = SHAPES.get(request.GET.get("shape", ""))
        return _page(
            request, None, TemplateForm(request.user), shape[1] if shape else DEFAULT_SECTIONS
        )
    form, sections = TemplateForm(request.user, request.POST), read_sections(request.POST)
    if request.POST.get("act"):
        return _page(request, None, _unbound(request), sections)
    if form.is_valid():
        values = form.cleaned_data
        try:
            template = create_template(
                _actor(request),
                values["plan"],
                values["organization"].pk,
                values["name"],
                design_from(form, sections),
            )
        except ValidationError as error:
            _add(form, error)
        else:
            messages.success(request, f"ひな形「{template}」を保存しました。")
            return redirect("reports:templates")
    return _page(request, None, form, sections, status=422)


@METHODS
def change(request: HttpRequest, pk: int) -> HttpResponse:
    template = _template(request, pk)
    if request.method != "POST":
        form = TemplateForm(request.user, initial=TemplateForm.initial_of(template))
        return _page(request, template, form, design_of(template).sections)
    form, sections = TemplateForm(request.user, request.POST), read_sections(request.POST)
    if request.POST.get("act"):
        return _page(request, template, _unbound(request), sections)
    if form.is_valid():
        values = form.cleaned_data
        try:
            change_template(
                _actor(request),
                template,
                values["plan"],
                values["name"],
                design_from(form, sections),
                _version(request),
            )
        except StaleVersion:
            template.refresh_from_db()
            return _page(request, template, form, sections, status=409, is_stale=True)
        except ValidationError as error:
            _add(form, error)
        else:
            messages.success(request, f"ひな形「{values['name']}」を保存しました。")
            return redirect("reports:templates")
    return _page(request, template, form, sections, status=422)


@require_POST
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    template = _template(request, pk)
    name = template.name
    try:
        editing.delete(_actor(request), template, _version(request))
        messages.success(request, f"ひな形「{name}」を削除しました。")
    except StaleVersion:
        messages.warning(
            request,
            "ほかの人が先にこのひな形を変更したため、削除していません。内容を確かめてください。",
        )
    except ValidationError as error:
        messages.warning(request, error.messages[0])
    return redirect("reports:templates")


def _version(request: HttpRequest) -> int:
    text = request.POST.get("version", "")
    return int(text) if text.isdecimal() else 0


def _unbound(request: HttpRequest) -> TemplateForm:
    """What was typed, without judging it yet: the person is still arranging the sections."""
    return TemplateForm(request.user, initial=request.POST.dict())


def _add(form: TemplateForm, error: ValidationError) -> None:
    if hasattr(error, "error_dict"):
        for name, errors in error.error_dict.items():
            form.add_error(name if name in form.fields else None, errors)
    else:
        form.add_error(None, error)


def _page(
    request: HttpRequest,
    template: ReportTemplate | None,
    form: TemplateForm,
    sections: tuple[Chosen, ...],
    status: int = 200,
    is_stale: bool = False,
) -> HttpResponse:
    lines = lines_of(sections)
    context: dict[str, Any] = {
        "template": template,
        "form": form,
        "lines": lines,
        "focused": focused_button(request.POST.get("act", ""), lines),
        "offered": not_chosen(sections),
        # Whoever was overtaken decides with the newest version before the eyes.
        "version": _shown_version(request, template, is_stale),
        "breadcrumb": _crumbs((template.name if template else "新しいひな形", "")),
    }
    if template is None and request.method != "POST":
        context["shapes"] = [(key, label) for key, (label, _) in SHAPES.items()]
    if is_stale and template is not None:
        context["conflicts"] = _conflicts(template, form, sections)
    return render(request, "reports/template_form.html", context, status=status)


def _conflicts(
    template: ReportTemplate, form: TemplateForm, sections: tuple[Chosen, ...]
) -> list[tuple[str, str, str]]:
    """What was saved meanwhile beside what this person sends, as (label, saved, sent)."""
    saved, sent = TemplateForm.initial_of(template), form.cleaned_data
    rows = [
        ("名称", template.name, sent["name"]),
        ("計画", str(template.plan or "どの計画でも"), str(sent["plan"] or "どの計画でも")),
        ("章の並び", sections_in_words(design_of(template).sections), sections_in_words(sections)),
    ]
    rows += [(str(form.fields[name].label), saved[name], sent[name]) for name in COVER_FIELDS]
    return [row for row in rows if row[1] != row[2]]


def _shown_version(request: HttpRequest, template: ReportTemplate | None, is_stale: bool) -> str:
    if template is None:
        return ""
    is_read = is_stale or request.method != "POST"
    return str(template.version) if is_read else request.POST.get("version", "")


def _crumbs(*further: tuple[str, str]) -> list[tuple[str, str]]:
    templates_url = reverse("reports:templates") if further else ""
    return [("報告書", reverse("reports:list")), ("ひな形", templates_url), *further]
