"""Other systems that are told of what happens: where to, what of, and what became of each call."""

import datetime
import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import Organization
from accounts.querysets import AdministeredQuerySet
from accounts.versions import Versioned
from dxportal.querysets import DeliveryQuerySet
from plans.models import Plan


class EventType(models.TextChoices):
    ROUND_OPENED = "round.opened", "照会の開始"
    SUBMITTED = "submission.submitted", "提出"
    RETURNED = "submission.returned", "差戻し"
    APPROVED = "submission.approved", "承認"
    ROUND_FINALISED = "round.finalised", "照会の確定"
    REPORT_PUBLISHED = "report.published", "報告書の公表"
    # Sent by a button, never subscribed to.
    TEST = "webhook.test", "試し送り"


SUBSCRIBABLE = [(kind.value, kind.label) for kind in EventType if kind != EventType.TEST]


class WebhookOrigin(models.Model):
    """A place (scheme, host and port) that an administrator allows the portal to call."""

    organization = models.ForeignKey(
        Organization, models.CASCADE, related_name="webhook_origins", verbose_name="団体"
    )
    origin = models.CharField("宛先", max_length=300, help_text="https://ホスト名（:ポート）")
    networks = models.JSONField(
        "IPアドレスの範囲",
        default=list,
        blank=True,
        help_text="ホスト名がこの範囲のアドレスを指すときだけ送る。空なら範囲を限らない。",
    )
    note = models.CharField("備考", max_length=200, blank=True)
    created_at = models.DateTimeField("許可日時", auto_now_add=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="許可した人",
    )

    objects = AdministeredQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "許可した宛先"
        ordering = ["origin"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "origin"],
                name="webhook_origin_unique",
                violation_error_message="この宛先は、すでに許可されています。",
            )
        ]

    def __str__(self) -> str:
        return self.origin


class Webhook(Versioned):
    """An address that is called when something happens.

    The secrets that calls are signed with are not stored: they are worked out of `key_seed` and
    the installation's SECRET_KEY (`dxportal.webhooks.signing`). `key_hint` is their end.
    """

    organization = models.ForeignKey(
        Organization, models.CASCADE, related_name="webhooks", verbose_name="団体"
    )
    name = models.CharField("名称", max_length=100)
    url = models.CharField("送り先のURL", max_length=500)
    events = models.JSONField("知らせる出来事", default=list)
    is_active = models.BooleanField("送る", default=True)
    key_seed = models.CharField("署名の鍵の種", max_length=64, editable=False)
    key_hint = models.CharField("署名の鍵の末尾", max_length=4, editable=False)
    old_key_seed = models.CharField("前の鍵の種", max_length=64, blank=True, editable=False)
    old_key_until = models.DateTimeField(
        "前の鍵で署名する期限", null=True, blank=True, editable=False
    )
    created_at = models.DateTimeField("登録日時", auto_now_add=True)

    objects = AdministeredQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "Webhook"
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "name"],
                name="webhook_name_unique",
                violation_error_message="同じ名称のWebhookがあります。",
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def event_labels(self) -> list[str]:
        return [label for value, label in SUBSCRIBABLE if value in self.events]


class WebhookEvent(models.Model):
    """Something that happened, written in the transaction in which it happened (an outbox)."""

    uid = models.UUIDField("番号", default=uuid.uuid4, unique=True, editable=False)
    organization = models.ForeignKey(
        Organization, models.CASCADE, related_name="+", verbose_name="団体"
    )
    type = models.CharField("出来事", max_length=40, choices=EventType)
    plan = models.ForeignKey(
        Plan, models.CASCADE, null=True, blank=True, related_name="+", verbose_name="計画"
    )
    occurred_at = models.DateTimeField("日時", default=timezone.now)
    # As text: what is signed must not change its order on the way through a database.
    payload = models.TextField("本文")

    class Meta:
        verbose_name = verbose_name_plural = "知らせる出来事"
        ordering = ["-occurred_at", "-id"]
        indexes = [models.Index(fields=["occurred_at"], name="webhook_event_time")]

    def __str__(self) -> str:
        return f"{self.get_type_display()}（{self.message_id}）"

    @property
    def message_id(self) -> str:
        """The same for every attempt and every replay, so that a receiver can drop doubles."""
        return f"evt_{self.uid.hex}"


class WebhookDelivery(models.Model):
    """One event on its way to one webhook, with every attempt."""

    class State(models.TextChoices):
        PENDING = "pending", "送信待ち"
        HELD = "held", "停止中"
        DELIVERED = "delivered", "届いた"
        DEAD = "dead", "届かなかった"

    webhook = models.ForeignKey(
        Webhook, models.CASCADE, related_name="deliveries", verbose_name="Webhook"
    )
    event = models.ForeignKey(
        WebhookEvent, models.CASCADE, related_name="deliveries", verbose_name="出来事"
    )
    state = models.CharField("状態", max_length=10, choices=State, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField("試した回数", default=0)
    next_attempt_at = models.DateTimeField("次に送る日時", default=timezone.now)
    message_sent_at = models.DateTimeField("係を呼んだ日時", null=True, blank=True)
    claim = models.UUIDField("担当の印", null=True, blank=True, editable=False)
    status_code = models.PositiveSmallIntegerField("応答コード", null=True, blank=True)
    reason = models.CharField("届かなかった理由", max_length=300, blank=True)
    tries = models.JSONField("これまでの送信", default=list)
    created_at = models.DateTimeField("登録日時", auto_now_add=True)
    finished_at = models.DateTimeField("終了日時", null=True, blank=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "Webhookの送信"
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["webhook", "event"], name="webhook_delivery_once_an_event"
            )
        ]
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                condition=Q(state="pending"),
                name="webhook_delivery_due",
            )
        ]

    def __str__(self) -> str:
        return f"{self.event.get_type_display()} → {self.webhook}"

    @property
    def past(self) -> list[tuple[datetime.datetime, int | None, str]]:
        """Each attempt, the newest first: when, the status that was answered, why it failed."""
        return [
            (datetime.datetime.fromisoformat(made["at"]), made["status"], made["reason"])
            for made in reversed(self.tries)
        ]
