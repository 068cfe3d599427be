"""The audit log: who changed what, when, from what to what, and through which channel."""

from typing import Any, NoReturn

from django.conf import settings
from django.db import models

from accounts.models.organizations import Organization
from accounts.querysets import AuditQuerySet


class Channel(models.TextChoices):
    PAGE = "page", "画面"
    API = "api", "API"
    IMPORT = "import", "取込"
    COMMAND = "command", "コマンド"
    ADMIN = "admin", "管理画面"
    JOB = "job", "ジョブ"


class AuditEntry(models.Model):
    """One change. Rows are only ever added: the database itself refuses update and delete."""

    at = models.DateTimeField("日時", auto_now_add=True, db_index=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="操作した人",
    )
    actor_name = models.CharField("操作した人（当時の氏名）", max_length=150)
    token = models.ForeignKey(
        "accounts.ApiToken",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="トークン",
    )
    channel = models.CharField("経路", max_length=10, choices=Channel)
    organization = models.ForeignKey(
        Organization, models.PROTECT, null=True, related_name="+", verbose_name="団体"
    )
    action = models.CharField("操作", max_length=50)
    object_type = models.CharField("対象の種類", max_length=50)
    object_id = models.BigIntegerField("対象の番号")
    object_label = models.CharField("対象", max_length=300)
    # A number and no foreign key: the log outlives the plan, and knows no floor above it.
    plan_id = models.PositiveBigIntegerField("計画の番号", null=True, blank=True)
    before = models.JSONField("変更前", default=dict)
    after = models.JSONField("変更後", default=dict)
    reason = models.TextField("理由", blank=True)

    objects = AuditQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "監査記録"
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["object_type", "object_id"], name="audit_object"),
            models.Index(fields=["plan_id", "-id"], name="audit_plan"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.actor_name} {self.action} {self.object_label}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is not None:
            raise TypeError("An audit entry is never changed.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("An audit entry is never deleted.")
