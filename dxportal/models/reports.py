"""Jobs that build annual reports."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from dxportal.querysets import ReportJobQuerySet
from plans import fiscal_years
from plans.models import Plan
from plans.models.plan import fiscal_year_field


def report_path(job: "ReportJob", filename: str) -> str:
    return f"reports/{job.plan_id}/{job.pk}/{filename}"


class ReportJob(models.Model):
    """One request to build a report file, and everything that became of it.

    A worker claims the job with a fresh `claim` in one conditional UPDATE and may finish it only
    under the same claim, so a message that is delivered twice, or a worker that was thought dead,
    never leaves a second file.
    """

    class Format(models.TextChoices):
        PDF = "pdf", "PDF"
        XLSX = "xlsx", "Excel（xlsx）"

    class State(models.TextChoices):
        QUEUED = "queued", "待機中"
        RUNNING = "running", "作成中"
        DONE = "done", "完成"
        FAILED = "failed", "失敗"
        CANCELLED = "cancelled", "取消"

    ACTIVE_STATES = (State.QUEUED, State.RUNNING)
    MAX_ATTEMPTS = 2

    plan = models.ForeignKey(Plan, models.CASCADE, related_name="report_jobs", verbose_name="計画")
    fiscal_year = fiscal_year_field()
    format = models.CharField("形式", max_length=10, choices=Format)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="report_jobs",
        verbose_name="依頼者",
    )
    state = models.CharField("状態", max_length=10, choices=State, default=State.QUEUED)
    step = models.CharField("工程", max_length=100, blank=True)
    steps_done = models.PositiveIntegerField("済んだ工程", default=0)
    steps_total = models.PositiveIntegerField("全工程", default=0)
    attempts = models.PositiveSmallIntegerField("試行回数", default=0)
    claim = models.UUIDField("担当の印", null=True, blank=True, editable=False)
    error = models.TextField("失敗の理由", blank=True)
    file = models.FileField("ファイル", upload_to=report_path, max_length=300, blank=True)
    size = models.PositiveBigIntegerField("大きさ（バイト）", null=True, blank=True)
    sha256 = models.CharField("SHA-256", max_length=64, blank=True)
    unapproved_count = models.PositiveIntegerField("未承認の実績値の数", null=True, blank=True)
    data_as_of = models.DateTimeField("データの時点", null=True, blank=True)
    created_at = models.DateTimeField("依頼日時", auto_now_add=True)
    queued_at = models.DateTimeField("待機開始", default=timezone.now)
    started_at = models.DateTimeField("開始日時", null=True, blank=True)
    heartbeat_at = models.DateTimeField("最後の応答", null=True, blank=True)
    finished_at = models.DateTimeField("終了日時", null=True, blank=True)

    objects = ReportJobQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "報告書の作成"
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="done") | ~Q(file=""), name="report_job_done_with_file"
            ),
            models.CheckConstraint(
                condition=~Q(state="failed") | ~Q(error=""), name="report_job_failed_with_reason"
            ),
            models.CheckConstraint(
                condition=~Q(state="running") | Q(claim__isnull=False, heartbeat_at__isnull=False),
                name="report_job_running_is_claimed",
            ),
        ]

    def __str__(self) -> str:
        year = fiscal_years.long_form(self.fiscal_year)
        return f"{self.plan} {year}報告書（{self.get_format_display()}）"

    @property
    def is_active(self) -> bool:
        return self.state in self.ACTIVE_STATES

    @property
    def percent(self) -> int:
        """Progress in whole percent, for the progress bar."""
        return 100 * self.steps_done // self.steps_total if self.steps_total else 0

    @staticmethod
    def new_claim() -> uuid.UUID:
        return uuid.uuid4()
