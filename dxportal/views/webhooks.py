"""The administrator's pages of webhooks: places that are allowed, webhooks, their deliveries."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.audit import Actor
from accounts.models import Channel
from accounts.policy import Act, scope_of
from accounts.versions import StaleVersion
from dxportal.models import Webhook, WebhookDelivery, WebhookOrigin
from dxportal.webhooks import deliveries, services
from dxportal.webhooks.forms import OriginForm, WebhookChangeForm, WebhookForm

PAGE_SIZE = 50
METHODS = require_http_methods(["GET", "HEAD", "POST"])
State = WebhookDelivery.State
CHIPS = {
    State.PENDING: "queued",
    State.HELD: "suspended",
    State.DELIVERED: "done",
    State.DEAD: "failed",
}
STALE = "ほかの人が先に変更したため、行っていません。内容を確かめてから、もう一度行ってください。"


def _actor(request: HttpRequest) -> Actor:
    return Actor(request.user, Channel.PAGE)


def _require_admin(request: HttpRequest) -> None:
    if not scope_of(request.user).may_anywhere(Act.ADMINISTER):
        raise PermissionDenied("Webhookを管理できるのは管理者です。")


def _webhook(request: HttpRequest, pk: int) -> Webhook:
    """403 for who administers nothing, 404 outside the organizations that one administers."""
    _require_admin(request)
    rows = Webhook.objects.visible_to(request.user).select_related("organization")
    return get_object_or_404(rows, pk=pk)


def _delivery(request: HttpRequest, pk: int) -> WebhookDelivery:
    _require_admin(request)
    rows = WebhookDelivery.objects.visible_to(request.user)
    return get_object_or_404(rows.select_related("webhook__organization", "event"), pk=pk)


@require_safe
def webhook_list(request: HttpRequest) -> HttpResponse:
    _require_admin(request)
    rows = Webhook.objects.visible_to(request.user).select_related("organization")
    counted = rows.annotate(
        waiting=Count("deliveries", filter=Q(deliveries__state__in=(State.PENDING, State.HELD))),
        dead=Count("deliveries", filter=Q(deliveries__state=State.DEAD)),
    )
    origins = WebhookOrigin.objects.visible_to(request.user).select_related("organization")
    context = {
        "webhooks": list(counted),
        "origins": list(origins),
        "shows_organization": len(scope_of(request.user).organizations[Act.ADMINISTER]) > 1,
        "breadcrumb": _crumbs(),
    }
    return render(request, "webhooks/list.html", context)


@METHODS
def add_origin(request: HttpRequest) -> HttpResponse:
    _require_admin(request)
    form = OriginForm(request.user, request.POST if request.method == "POST" else None)
    if form.is_valid():
        said = form.cleaned_data
        try:
            allowed = services.allow_origin(
                _actor(request),
                said["organization"],
                said["origin"],
                said["networks"],
                said["note"],
            )
        except ValidationError as error:
            _add(form, error)
        else:
            messages.success(request, f"宛先「{allowed}」を許可しました。")
            return redirect("webhooks:list")
    return _form_page(request, form, "宛先を許可する", "許可する")


@require_POST
def remove_origin(request: HttpRequest, pk: int) -> HttpResponse:
    _require_admin(request)
    allowed = get_object_or_404(WebhookOrigin.objects.visible_to(request.user), pk=pk)
    services.remove_origin(_actor(request), allowed)
    messages.success(request, f"宛先「{allowed}」の許可を取り消しました。")
    return redirect("webhooks:list")


@METHODS
@never_cache
def add(request: HttpRequest) -> HttpResponse:
    _require_admin(request)
    form = WebhookForm(request.user, request.POST if request.method == "POST" else None)
    if form.is_valid():
        said = form.cleaned_data
        try:
            webhook, secret = services.create_webhook(
                _actor(request), said["organization"], said["name"], said["url"], said["events"]
            )
        except ValidationError as error:
            _add(form, error)
        else:
            return _secret_page(request, webhook, secret)
    return _form_page(request, form, "Webhookを登録する", "登録する")


@METHODS
def change(request: HttpRequest, pk: int) -> HttpResponse:
    webhook = _webhook(request, pk)
    sent = request.POST if request.method == "POST" else None
    form = WebhookChangeForm(request.user, sent, initial=WebhookChangeForm.initial_of(webhook))
    if form.is_valid():
        said = dict(form.cleaned_data)
        version = said.pop("row_version")
        try:
            saved = services.change_webhook(_actor(request), webhook, said, version)
        except StaleVersion as stale:
            _tell_stale(form, stale.current)
        except ValidationError as error:
            _add(form, error)
        else:
            messages.success(request, f"「{saved}」を保存しました。")
            return redirect("webhooks:detail", pk)
    return _form_page(request, form, f"「{webhook}」を編集", "保存する", webhook)


@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    webhook = _webhook(request, pk)
    rows = webhook.deliveries.select_related("event")
    asked = request.GET.get("state", "")
    if asked in State.values:
        rows = rows.filter(state=asked)
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    for row in page:
        row.chip = CHIPS[State(row.state)]
    context = {
        "webhook": webhook,
        "page_obj": page,
        "state": asked,
        "states": State.choices,
        "dead": webhook.deliveries.filter(state=State.DEAD).count(),
        "max_attempts": deliveries.MAX_ATTEMPTS,
        "breadcrumb": _crumbs((webhook.name, "")),
    }
    return render(request, "webhooks/detail.html", context)


@require_POST
def switch(request: HttpRequest, pk: int) -> HttpResponse:
    """Stop a webhook or start it again."""
    webhook = _webhook(request, pk)
    wanted = request.POST.get("active") == "1"
    try:
        services.change_webhook(_actor(request), webhook, {"is_active": wanted}, _version(request))
        messages.success(
            request,
            f"「{webhook}」を再開しました。待っていたものを送ります。"
            if wanted
            else f"「{webhook}」を停止しました。送信待ちのものは、再開するまで待ちます。",
        )
    except StaleVersion:
        messages.warning(request, STALE)
    except ValidationError as error:
        messages.warning(request, "".join(error.messages))
    return redirect("webhooks:detail", pk)


@require_POST
@never_cache
def rotate(request: HttpRequest, pk: int) -> HttpResponse:
    webhook = _webhook(request, pk)
    try:
        rotated, secret = services.rotate_secret(_actor(request), webhook, _version(request))
    except StaleVersion:
        messages.warning(request, STALE)
        return redirect("webhooks:detail", pk)
    return _secret_page(request, rotated, secret)


@require_POST
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    webhook = _webhook(request, pk)
    try:
        services.delete_webhook(_actor(request), webhook, _version(request))
    except StaleVersion:
        messages.warning(request, STALE)
        return redirect("webhooks:detail", pk)
    messages.success(request, f"「{webhook}」を削除しました。")
    return redirect("webhooks:list")


@require_POST
def test(request: HttpRequest, pk: int) -> HttpResponse:
    webhook = _webhook(request, pk)
    try:
        delivery = services.send_test(_actor(request), webhook)
    except ValidationError as error:
        messages.warning(request, error.messages[0])
        return redirect("webhooks:detail", pk)
    messages.success(request, "試し送りを受け付けました。結果はこのページに出ます。")
    return redirect("webhooks:delivery", delivery.pk)


@require_POST
def replay_dead(request: HttpRequest, pk: int) -> HttpResponse:
    webhook = _webhook(request, pk)
    try:
        count = deliveries.replay_dead(_actor(request), webhook)
        messages.success(request, f"届かなかった{count}件を、もう一度送ります。")
    except ValidationError as error:
        messages.warning(request, error.messages[0])
    return redirect("webhooks:detail", pk)


@require_safe
def delivery(request: HttpRequest, pk: int) -> HttpResponse:
    found = _delivery(request, pk)
    webhook = found.webhook
    context = {
        "delivery": found,
        "chip": CHIPS[State(found.state)],
        "webhook": webhook,
        "max_attempts": deliveries.MAX_ATTEMPTS,
        "breadcrumb": _crumbs(
            (webhook.name, reverse("webhooks:detail", args=[webhook.pk])),
            (found.event.get_type_display(), ""),
        ),
    }
    return render(request, "webhooks/delivery.html", context)


@require_POST
def replay(request: HttpRequest, pk: int) -> HttpResponse:
    found = _delivery(request, pk)
    try:
        deliveries.replay(_actor(request), found)
        messages.success(request, "もう一度送ります。")
    except ValidationError as error:
        messages.warning(request, error.messages[0])
    return redirect("webhooks:delivery", pk)


def _version(request: HttpRequest) -> int:
    text = request.POST.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _add(form: Form, error: ValidationError) -> None:
    if not hasattr(error, "error_dict"):
        form.add_error(None, error)
        return
    for name, errors in error.error_dict.items():
        form.add_error(name if name in form.fields else None, errors)  # type: ignore[arg-type]


def _tell_stale(form: Form, current: Any) -> None:
    """Say what is stored now, and let the next attempt be made from that."""
    form.add_error(
        None,
        f"ほかの人が先に変更しました。いまの内容は、名称：{current.name}、URL：{current.url}、"
        f"出来事：{'、'.join(current.event_labels)}です。下の内容でよければ、もう一度保存してください。",
    )
    form.data = form.data.copy()  # type: ignore[attr-defined]  # a QueryDict, as a form was sent
    form.data["row_version"] = str(current.version)  # type: ignore[index]  # the copy above


def _form_page(
    request: HttpRequest, form: Form, heading: str, verb: str, webhook: Webhook | None = None
) -> HttpResponse:
    back = reverse("webhooks:detail", args=[webhook.pk]) if webhook else reverse("webhooks:list")
    context = {
        "form": form,
        "heading": heading,
        "verb": verb,
        "back": back,
        "breadcrumb": _crumbs(
            *([(webhook.name, back), ("編集", "")] if webhook else [(heading, "")])
        ),
    }
    return render(request, "webhooks/form.html", context, status=422 if form.errors else 200)


def _secret_page(request: HttpRequest, webhook: Webhook, secret: str) -> HttpResponse:
    """The one moment in which the secret is seen; nothing of it is kept, in no session either."""
    context = {
        "webhook": webhook,
        "secret": secret,
        "breadcrumb": _crumbs(
            (webhook.name, reverse("webhooks:detail", args=[webhook.pk])), ("署名の鍵", "")
        ),
    }
    return render(request, "webhooks/secret.html", context)


def _crumbs(*further: tuple[str, str]) -> list[tuple[str, str]]:
    return [("Webhook", reverse("webhooks:list") if further else ""), *further]
