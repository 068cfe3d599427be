"""What a person is told of, on the page and by mail."""

from django.conf import settings
from django.db import models

from accounts.models.organizations import Organization
from accounts.querysets import NoticeQuerySet


class Notice(models.Model):
    """One thing that a person should know: a round opened, a figure came back.

    Mails are made of what is not mailed yet, at most one a person a day; a mail that cannot be
    sent never stops the act that the notice tells of.
    """

    class Kind(models.TextChoices):
        OPENED = "opened", "照会の開始"
        DUE = "due", "期限が近い"
        REMINDED = "reminded", "督促"
        SUBMITTED = "submitted", "提出"
        RETURNED = "returned", "差戻し"
        APPROVED = "approved", "承認"
        EXTENDED = "extended", "期限の延長"
        COMMENT = "comment", "やりとり"

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="notices", verbose_name="宛先"
    )
    organization = models.ForeignKey(
        Organization, models.CASCADE, related_name="+", verbose_name="団体"
    )
    kind = models.CharField("種類", max_length=20, choices=Kind)
    text = models.CharField("内容", max_length=500)
    path = models.CharField("画面", max_length=300, help_text="この件の画面のアドレス（/から）。")
    created_at = models.DateTimeField("日時", auto_now_add=True)
    read_at = models.DateTimeField("既読日時", null=True, blank=True)
    mailed_at = models.DateTimeField("送信日時", null=True, blank=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "お知らせ"
        ordering = ["-created_at", "-id"]
        indexes = [models.Index(fields=["user", "read_at"], name="notice_unread")]

    def __str__(self) -> str:
        return self.text[:80]


class MailSetting(models.Model):
    """What a person wants by mail. Without a row: everything, once a day."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="mail_setting",
        verbose_name="利用者",
    )
    wants_mail = models.BooleanField("メールを受け取る", default=True)
    unwanted = models.JSONField("受け取らない種類", default=list, blank=True)
    last_mail_at = models.DateTimeField("前回の送信", null=True, blank=True)
    failures = models.PositiveIntegerField("続けて失敗した回数", default=0)

    class Meta:
        verbose_name = verbose_name_plural = "メールの設定"

    def __str__(self) -> str:
        return f"{self.user}"
