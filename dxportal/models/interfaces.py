"""What other systems leave behind: calls that may be repeated, and where they want to be told."""

from django.conf import settings
from django.db import models

from accounts.models import Organization
from accounts.querysets import OrganizationScoped
from accounts.versions import Versioned


class IdempotencyKey(models.Model):
    """A write that a system may send again: the first answer is given again, nothing is done."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name="利用者"
    )
    key = models.CharField("冪等キー", max_length=200)
    request_digest = models.CharField("要求の要約値", max_length=64)
    status = models.PositiveSmallIntegerField("状態コード", null=True, blank=True)
    headers = models.JSONField("応答ヘッダー", default=dict)
    body = models.TextField("応答本文", blank=True)
    created_at = models.DateTimeField("日時", auto_now_add=True, db_index=True)

    class Meta:
        verbose_name = verbose_name_plural = "冪等キー"
        constraints = [
            models.UniqueConstraint(fields=["user", "key"], name="idempotency_key_unique")
        ]

    def __str__(self) -> str:
        return self.key


class Webhook(Versioned):
    """Where another system wants to be told of events, signed with a secret of its own."""

    class Event(models.TextChoices):
        ROUND_OPENED = "round.opened", "照会の開始"
        ITEM_SUBMITTED = "item.submitted", "提出"
        ITEM_APPROVED = "item.approved", "承認"
        ROUND_FINALISED = "round.finalised", "確定"
        REPORT_PUBLISHED = "report.published", "報告書の公表"

    organization = models.ForeignKey(
        Organization, models.CASCADE, related_name="webhooks", verbose_name="団体"
    )
    name = models.CharField("名称", max_length=100)
    url = models.URLField("送り先", max_length=500)
    secret = models.CharField("署名の鍵", max_length=100, editable=False)
    events = models.JSONField("知らせる出来事", default=list)
    is_active = models.BooleanField("有効", default=True)

    objects = OrganizationScoped.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "Webhook"
        ordering = ["organization", "name"]

    def __str__(self) -> str:
        return self.name


class WebhookDelivery(models.Model):
    """One event on its way to one address, with every attempt's outcome."""

    class State(models.TextChoices):
        WAITING = "waiting", "送信待ち"
        DELIVERED = "delivered", "送信済み"
        FAILED = "failed", "失敗"

    webhook = models.ForeignKey(
        Webhook, models.CASCADE, related_name="deliveries", verbose_name="Webhook"
    )
    event_id = models.UUIDField("出来事の番号")
    event = models.CharField("出来事", max_length=30, choices=Webhook.Event)
    payload = models.JSONField("内容")
    state = models.CharField("状態", max_length=10, choices=State, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField("試行回数", default=0)
    status = models.PositiveSmallIntegerField("応答の状態コード", null=True, blank=True)
    error = models.CharField("失敗の理由", max_length=500, blank=True)
    created_at = models.DateTimeField("日時", auto_now_add=True)
    next_attempt_at = models.DateTimeField("次の試行", null=True, blank=True)
    delivered_at = models.DateTimeField("送信日時", null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "Webhookの送信"
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["webhook", "event_id"], name="webhook_delivery_unique")
        ]

    def __str__(self) -> str:
        return f"{self.webhook} {self.get_event_display()}"
