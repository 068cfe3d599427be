"""Signing in and out, and one's own password."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import views as auth_views
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse_lazy

from accounts import audit, oidc
from accounts.audit import Actor
from accounts.forms import SignInForm
from accounts.models import Channel


class SignIn(auth_views.LoginView):
    template_name = "accounts/sign_in.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        provider = settings.OIDC_LABEL if oidc.is_configured() else ""
        return super().get_context_data(provider=provider, **context)


class SignOut(auth_views.LogoutView):
    """POST only, so that a foreign page cannot sign anybody out.

    Who came by the city's provider is signed out there too, where it has an address for that.
    """

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        elsewhere = oidc.sign_out_url(request)
        answer: HttpResponse = super().post(request, *args, **kwargs)
        return redirect(elsewhere) if elsewhere else answer


class ChangePassword(auth_views.PasswordChangeView):
    template_name = "accounts/change_password.html"
    success_url = reverse_lazy("home")

    def form_valid(self, form) -> HttpResponse:  # type: ignore[no-untyped-def]  # Django's signature
        with transaction.atomic():
            answer = super().form_valid(form)
            user = form.user
            actor = Actor(user, Channel.PAGE)
            audit.record(actor, "user.change_password", user, user.organization_id)
        messages.success(self.request, "パスワードを変更しました。")
        return answer
