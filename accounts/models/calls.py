"""Calls of the API: who called what from where, and what came of it. Never what was sent."""

from django.conf import settings
from django.db import models

from accounts.models.organizations import Organization
from accounts.models.tokens import ApiToken
from accounts.querysets import CallQuerySet


class ApiCall(models.Model):
    """One call. A table of its own beside the audit log: most calls change nothing.

    What a call changed stands in the audit log for good, with the same token; calls are cleared
    when their time is over (`accounts.rest.calls`). The database itself refuses to change them.
    """

    at = models.DateTimeField("日時", db_index=True)
    token = models.ForeignKey(
        ApiToken,
        models.PROTECT,
        null=True,
        db_index=False,
        related_name="+",
        verbose_name="トークン",
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="利用者"
    )
    organization = models.ForeignKey(
        Organization,
        models.PROTECT,
        null=True,
        db_index=False,
        related_name="+",
        verbose_name="利用者の団体",
    )
    method = models.CharField("メソッド", max_length=10)
    # With placeholders and without the query, so that nothing that was typed stands here.
    route = models.CharField("呼び出し先", max_length=200)
    object_id = models.BigIntegerField("行の番号", null=True)
    status = models.PositiveSmallIntegerField("状態コード")
    address = models.GenericIPAddressField("接続元", null=True)
    milliseconds = models.PositiveIntegerField("所要時間（ミリ秒）")
    is_change = models.BooleanField("書き込み")

    objects = CallQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "APIの呼び出し"
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["token", "-id"], name="call_token"),
            models.Index(fields=["organization", "-id"], name="call_organization"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.method} {self.route} {self.status}"
