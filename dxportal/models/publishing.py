"""What citizens may see, and what people keep of a dashboard."""

from django.conf import settings
from django.db import models

from accounts.models import Organization
from dxportal.querysets import SavedViewQuerySet
from plans.models import Plan
from plans.querysets import OfPlan


class Publication(models.Model):
    """A plan that citizens may read. Of its figures, those of published rounds are shown alone."""

    class Licence(models.TextChoices):
        CC_BY_4 = "CC-BY-4.0", "クリエイティブ・コモンズ 表示 4.0 国際（CC BY 4.0）"
        PDL_1 = "PDL1.0", "公共データ利用規約（第1.0版）"

    plan = models.OneToOneField(
        Plan, models.CASCADE, related_name="publication", verbose_name="計画"
    )
    published_at = models.DateTimeField("公開日時", auto_now_add=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="公開した人",
    )
    licence = models.CharField("利用条件", max_length=20, choices=Licence, default=Licence.CC_BY_4)
    contact = models.CharField("問い合わせ先", max_length=200, blank=True)
    introduction = models.TextField("市民向けの説明", blank=True)

    objects = OfPlan.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "計画の公開"
        ordering = ["plan"]

    def __str__(self) -> str:
        return f"{self.plan}の公開"


class DataVersion(models.Model):
    """A plan's open data as it stood at a moment: its files never change, its address stays.

    It is public as long as every year in it is. One that must not be read any more is taken back;
    its row stays, so that its address can say so.
    """

    plan = models.ForeignKey(
        Plan, models.CASCADE, related_name="data_versions", verbose_name="計画"
    )
    name = models.CharField("データの版", max_length=40)
    fingerprint = models.CharField("状態の要約値", max_length=64)
    fiscal_years = models.JSONField("公表していた年度", default=list)
    sha256 = models.CharField("SHA-256", max_length=64)
    size = models.PositiveBigIntegerField("大きさ（バイト）")
    kept_at = models.DateTimeField("保存日時", auto_now_add=True)
    withdrawn_at = models.DateTimeField("取下げ日時", null=True, blank=True)
    withdrawal_reason = models.TextField("取下げの理由", blank=True)

    objects = OfPlan.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "オープンデータの版"
        ordering = ["-kept_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["plan", "name"], name="data_version_name_unique")
        ]

    def __str__(self) -> str:
        return f"{self.plan}　{self.name}"


class SavedView(models.Model):
    """A dashboard or list as somebody arranged it, under a name; may come by mail each month."""

    organization = models.ForeignKey(
        Organization, models.CASCADE, related_name="saved_views", verbose_name="団体"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="saved_views",
        verbose_name="利用者",
    )
    name = models.CharField("名称", max_length=100)
    path = models.CharField("画面", max_length=500, help_text="条件を含むアドレス（/から）。")
    is_shared = models.BooleanField("庁内の人に見せる", default=False)
    mails_monthly = models.BooleanField("毎月メールで受け取る", default=False)
    last_mailed_at = models.DateTimeField("前回の送信", null=True, blank=True)
    created_at = models.DateTimeField("保存日時", auto_now_add=True)

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "保存した画面"
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "name"],
                name="saved_view_name_unique",
                violation_error_message="同じ名称で保存した画面があります。",
            )
        ]

    def __str__(self) -> str:
        return self.name
