"""Addresses of the administrator's pages of tokens."""

from django.urls import path

from dxportal.views import tokens

app_name = "tokens"
urlpatterns = [
    path("", tokens.TokenListPage.as_view(), name="list"),
    path("issue/", tokens.issue, name="issue"),
    path("<int:pk>/", tokens.detail, name="detail"),
    path("<int:pk>/change/", tokens.change, name="change"),
    path("<int:pk>/rotate/", tokens.rotate, name="rotate"),
    path("<int:pk>/revoke/", tokens.revoke, name="revoke"),
]
