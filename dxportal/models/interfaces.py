"""What other systems leave behind: calls that may be sent again."""

from django.conf import settings
from django.db import models


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
