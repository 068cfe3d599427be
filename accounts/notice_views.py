"""One's own notices, and what one wants by mail."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.forms import MailSettingForm
from accounts.models import MailSetting, Notice
from accounts.notices import change_setting, mark_read, unread_count

PER_PAGE = 50


@require_safe
def notice_list(request: HttpRequest) -> HttpResponse:
    rows = Notice.objects.visible_to(request.user).select_related("organization")
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page_obj": page,
        "unread": unread_count(request.user),
        "breadcrumb": [("お知らせ", "")],
    }
    return render(request, "accounts/notices.html", context)


@require_safe
def follow(request: HttpRequest, pk: int) -> HttpResponse:
    """Go to what a notice is about, and have it read."""
    notice = get_object_or_404(Notice.objects.visible_to(request.user), pk=pk)
    mark_read(request.user, [notice.pk])
    return redirect(notice.path)


@require_POST
def read(request: HttpRequest) -> HttpResponse:
    count = mark_read(request.user)
    messages.success(request, f"{count}件を既読にしました。")
    return redirect("accounts:notices")


@require_http_methods(["GET", "POST"])
def mail_settings(request: HttpRequest) -> HttpResponse:
    setting = MailSetting.objects.filter(user=request.user).first()
    sent = request.POST if request.method == "POST" else None  # an unticked form sends nothing
    form = MailSettingForm(sent, setting=setting)
    if request.method == "POST" and form.is_valid():
        change_setting(request.user, form.cleaned_data["wants_mail"], form.unwanted())
        messages.success(request, "メールの設定を保存しました。")
        return redirect("accounts:mail_settings")
    context = {"form": form, "setting": setting, "breadcrumb": [("メールの設定", "")]}
    return render(request, "accounts/mail_settings.html", context)
