"""The administrator's pages of tokens. A secret is shown once, in the answer that makes it."""

from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Page
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts import tokens
from accounts.audit import Actor
from accounts.models import ApiCall, ApiToken, Channel
from accounts.policy import Act, scope_of
from dxportal.access.filters import TokenFilterSet
from dxportal.access.forms import IssueForm, RevokeForm, RotateForm, TokenForm, end_of
from dxportal.access.names import LimitNames
from plans.listing import ListPage

METHODS = require_http_methods(["GET", "HEAD", "POST"])
LAST_CALLS = 10


def administered_by(request: HttpRequest) -> frozenset[int]:
    """The organizations that the person administers; PermissionDenied where there is none."""
    found = scope_of(request.user).organizations.get(Act.ADMINISTER, frozenset())
    if not found:
        raise PermissionDenied("この画面を使えるのは管理者です。")
    return found


def _actor(request: HttpRequest) -> Actor:
    return Actor(request.user, Channel.PAGE)


def _token(request: HttpRequest, pk: int) -> ApiToken:
    administered_by(request)
    found = ApiToken.objects.visible_to(request.user).select_related("user", "replaces")
    token: ApiToken = get_object_or_404(found, pk=pk)
    return token


def _crumbs(*further: tuple[str, str]) -> list[tuple[str, str]]:
    return [("APIトークン", reverse("tokens:list")), *further]


class TokenListPage(ListPage):
    model = ApiToken
    filterset_class = TokenFilterSet
    template_name = "access/tokens.html"
    results_template = "access/_token_results.html"
    title = "APIトークン"
    shown_filters = ("q", "state", "scope")

    def prepare(self) -> None:
        administered_by(self.request)

    def for_page(self, queryset: QuerySet) -> QuerySet:
        return queryset.select_related("user", "replaces", "successor")

    def rows_of(self, page: Page) -> Iterable[Any]:
        names = LimitNames(page.object_list)
        return [(token, names.short(token)) for token in page.object_list]

    def extra_context(self, page: Page) -> dict[str, Any]:
        return {"breadcrumb": [("APIトークン", "")]}


@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    token = _token(request, pk)
    calls = ApiCall.objects.filter(token=token).select_related("token", "user")
    context = {
        "token": token,
        "limits": LimitNames([token]).of(token),
        "successor": ApiToken.objects.filter(replaces=token).first(),
        "calls": list(calls[:LAST_CALLS]),
        "breadcrumb": _crumbs((token.name, "")),
    }
    return render(request, "access/token.html", context)


@METHODS
@never_cache
def issue(request: HttpRequest) -> HttpResponse:
    form = IssueForm(
        request.POST if request.method == "POST" else None, administered=administered_by(request)
    )
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            made = tokens.issue_token(
                _actor(request), said["user"], said["name"], form.limits(), form.end()
            )
        except ValidationError as error:
            form.refuse(error.message_dict)
        else:
            return _told_once(request, *made)
    return _form(request, form, "トークンを発行する", "発行する", reverse("tokens:list"))


@METHODS
def change(request: HttpRequest, pk: int) -> HttpResponse:
    token = _token(request, pk)
    address = reverse("tokens:detail", args=[pk])
    form = TokenForm(
        request.POST if request.method == "POST" else None,
        administered=administered_by(request),
        initial=TokenForm.initial_of(token),
    )
    if request.method == "POST" and form.is_valid():
        limits, name = form.limits(), form.cleaned_data["name"]
        try:
            tokens.change_token(_actor(request), token, name, limits, form.end())
        except ValidationError as error:
            form.refuse(_by_field(error))
        else:
            messages.success(request, f"トークン「{name}」を変更しました。")
            return redirect(address)
    return _form(request, form, "トークンの変更", "保存する", address, token)


@METHODS
@never_cache
def rotate(request: HttpRequest, pk: int) -> HttpResponse:
    token = _token(request, pk)
    form = RotateForm(request.POST if request.method == "POST" else None, token=token)
    if request.method == "POST" and form.is_valid():
        ends_at, expires_at = (end_of(form.cleaned_data[n]) for n in ("ends_on", "expires_on"))
        try:
            made = tokens.rotate_token(_actor(request), token, ends_at, expires_at)
        except ValidationError as error:
            for messages_of in _by_field(error).values():
                form.add_error(None, messages_of)
        else:
            return _told_once(request, *made)
    address = reverse("tokens:detail", args=[pk])
    return _form(request, form, "トークンを新しくする", "新しくする", address, token)


@METHODS
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    token = _token(request, pk)
    address = reverse("tokens:detail", args=[pk])
    form = RevokeForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        tokens.revoke_token(_actor(request), token, form.cleaned_data["reason"])
        messages.success(request, f"トークン「{token.name}」を失効させました。")
        return redirect(address)
    return _form(request, form, "トークンの失効", "失効させる", address, token, is_end=True)


def _by_field(error: ValidationError) -> dict[str, list[str]]:
    return error.message_dict if hasattr(error, "error_dict") else {"__all__": error.messages}


def _form(
    request: HttpRequest,
    form: Any,
    heading: str,
    verb: str,
    back: str,
    token: ApiToken | None = None,
    is_end: bool = False,
) -> HttpResponse:
    above = [] if token is None else [(token.name, reverse("tokens:detail", args=[token.pk]))]
    context = {
        "form": form,
        "heading": heading,
        "verb": verb,
        "back": back,
        "token": token,
        "is_end": is_end,
        "breadcrumb": _crumbs(*above, (heading, "")),
    }
    return render(request, "access/token_form.html", context, status=422 if form.errors else 200)


def _told_once(request: HttpRequest, token: ApiToken, secret: str) -> HttpResponse:
    context = {"token": token, "secret": secret, "breadcrumb": _crumbs((token.name, ""))}
    return render(request, "access/token_secret.html", context)
