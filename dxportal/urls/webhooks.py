"""Addresses of the administrator's pages of webhooks."""

from django.urls import path

from dxportal.views import webhooks

app_name = "webhooks"
urlpatterns = [
    path("", webhooks.webhook_list, name="list"),
    path("add/", webhooks.add, name="add"),
    path("origins/add/", webhooks.add_origin, name="add_origin"),
    path("origins/<int:pk>/remove/", webhooks.remove_origin, name="remove_origin"),
    path("<int:pk>/", webhooks.detail, name="detail"),
    path("<int:pk>/change/", webhooks.change, name="change"),
    path("<int:pk>/switch/", webhooks.switch, name="switch"),
    path("<int:pk>/rotate/", webhooks.rotate, name="rotate"),
    path("<int:pk>/delete/", webhooks.delete, name="delete"),
    path("<int:pk>/test/", webhooks.test, name="test"),
    path("<int:pk>/replay/", webhooks.replay_dead, name="replay_dead"),
    path("deliveries/<int:pk>/", webhooks.delivery, name="delivery"),
    path("deliveries/<int:pk>/replay/", webhooks.replay, name="replay"),
]
