"""Saving the page that one looks at, and what one and one's office have saved."""

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from accounts.audit import Actor
from accounts.models import Channel
from dxportal import saved_views


class SavedViewForm(forms.Form):
    name = forms.CharField(label="名称", max_length=100)
    path = forms.CharField(widget=forms.HiddenInput, max_length=500)
    is_shared = forms.BooleanField(label="庁内の人に見せる", required=False)
    mails_monthly = forms.BooleanField(label="毎月メールで受け取る", required=False)


@require_http_methods(["GET", "POST"])
def views(request: HttpRequest) -> HttpResponse:
    """The list; with a path in the address also the form that saves that page."""
    path = request.GET.get("path", "")
    form: SavedViewForm | None = None
    status = 200
    if request.method == "POST":
        form = SavedViewForm(request.POST)
        if form.is_valid() and _save(request, form):
            messages.success(request, f"「{form.cleaned_data['name']}」を保存しました。")
            return redirect("dashboard:views")
        status = 422
        path = request.POST.get("path", "")
    elif path and not saved_views.why_not_kept(path):
        form = SavedViewForm(initial={"path": path})
    rows = saved_views.views_for(request.user)
    context = {
        "form": form,
        "path": path,
        "reason": saved_views.why_not_kept(path) if path else "",
        "own": [row for row in rows if row.user_id == request.user.pk],
        "shared": [row for row in rows if row.user_id != request.user.pk],
        "nav": "dashboard",
        "breadcrumb": [("保存した画面", "")],
    }
    return render(request, "dashboards/views.html", context, status=status)


def _save(request: HttpRequest, form: SavedViewForm) -> bool:
    try:
        saved_views.save_view(_actor(request), **form.cleaned_data)
    except ValidationError as error:
        form.add_error(None, error)
        return False
    return True


@require_POST
def change(request: HttpRequest, pk: int) -> HttpResponse:
    view = get_object_or_404(saved_views.views_for(request.user), pk=pk)
    shared, mails = "is_shared" in request.POST, "mails_monthly" in request.POST
    saved_views.change_view(_actor(request), view, shared, mails)
    messages.success(request, f"「{view.name}」の設定を変えました。")
    return redirect("dashboard:views")


@require_POST
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    view = get_object_or_404(saved_views.views_for(request.user), pk=pk)
    saved_views.delete_view(_actor(request), view)
    messages.success(request, f"「{view.name}」を削除しました。")
    return redirect("dashboard:views")


def _actor(request: HttpRequest) -> Actor:
    return Actor(request.user, Channel.PAGE)
