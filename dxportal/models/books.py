"""Plan books on their way in, and how a city's own tables are read."""

from django.conf import settings
from django.db import models

from accounts.models import Organization
from accounts.querysets import OrganizationScoped
from accounts.versions import Versioned
from plans.models import Plan


class ColumnMapping(Versioned):
    """How to read one kind of printed table of a city, made once and named.

    `columns` is a list with one entry for each column of the table, by its head as printed:
    `{"head": "R3実績", "means": "actual", "fiscal_year": 2021}`. What `means` may say is told in
    `dxportal.planbook.mapped`.
    """

    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="column_mappings", verbose_name="団体"
    )
    name = models.CharField("名称", max_length=100)
    sheet_name = models.CharField(
        "シート名", max_length=100, blank=True, help_text="空欄は、ブックのはじめのシートです。"
    )
    header_row = models.PositiveIntegerField("見出しの行", default=1)
    columns = models.JSONField("列の対応", default=list)

    objects = OrganizationScoped.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "列の対応表"
        ordering = ["organization", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "name"],
                name="column_mapping_name_unique",
                violation_error_message="同じ名称の対応表があります。",
            )
        ]

    def __str__(self) -> str:
        return self.name


def book_path(book: "BookImport", filename: str) -> str:
    return f"books/{book.organization_id}/{book.sha256[:16]}/{filename}"


class BookImport(models.Model):
    """A file that somebody put in, kept until it is applied or thrown away.

    What was previewed is what is applied: `sha256` is that of the file, and `plan_state` a digest
    of the changes that were shown, so that a plan that changed in between is noticed.
    """

    class State(models.TextChoices):
        CHECKED = "checked", "確認待ち"
        REFUSED = "refused", "誤りあり"
        APPLIED = "applied", "取込済み"
        DISCARDED = "discarded", "取りやめ"

    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="book_imports", verbose_name="団体"
    )
    plan = models.ForeignKey(
        Plan,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="book_imports",
        verbose_name="計画",
        help_text="空欄は、このブックが新しい計画のとき。",
    )
    mapping = models.ForeignKey(
        ColumnMapping,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="book_imports",
        verbose_name="列の対応表",
    )
    file = models.FileField("ファイル", upload_to=book_path, max_length=300, blank=True)
    file_name = models.CharField("ファイル名", max_length=200)
    sha256 = models.CharField("SHA-256", max_length=64)
    state = models.CharField("状態", max_length=10, choices=State)
    plan_state = models.CharField("確認した変更の要約値", max_length=64, blank=True)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="取込者"
    )
    uploaded_at = models.DateTimeField("受付日時", auto_now_add=True)
    applied_at = models.DateTimeField("取込日時", null=True, blank=True)
    result = models.JSONField("結果", default=dict, blank=True)

    objects = OrganizationScoped.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "計画ブックの取込"
        ordering = ["-uploaded_at", "-id"]

    def __str__(self) -> str:
        return self.file_name
