"""Signing in and out, and one's own password."""

from django.contrib import messages
from django.contrib.auth import views as auth_views
from django.db import transaction
from django.http import HttpResponse
from django.urls import reverse_lazy

from accounts import audit
from accounts.audit import Actor
from accounts.forms import SignInForm
from accounts.models import Channel


class SignIn(auth_views.LoginView):
    template_name = "accounts/sign_in.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True


class SignOut(auth_views.LogoutView):
    """POST only, so that a foreign page cannot sign anybody out."""


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
