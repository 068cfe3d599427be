"""Jobs that build annual reports."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import Organization
from accounts.querysets import OrganizationScoped
from accounts.versions import Versioned
from dxportal.querysets import ReportJobQuerySet
from plans import fiscal_years
from plans.models import Plan
from plans.models.plan import fiscal_year_field
from plans.querysets import OfPlan


def report_path(job: "ReportJob", filename: str) -> str:
    return f"reports/{job.plan_id}/{job.pk}/{filename}"


class ReportTemplate(Versioned):
    """What an office puts into a report and in which order, kept under a name for next year.

    `sections` lists the sections in their order: `{"section": "kpis", "options": {…}}`; which there
    are is told in `dxportal.reports.sections`. `cover` holds the office's own words: title,
    subtitle, form number (様式番号), document number (資料番号), as-of text, foreword.
    """

    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="report_templates", verbose_name="団体"
    )
    plan = models.ForeignKey(
        Plan,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="report_templates",
        verbose_name="計画",
        help_text="空欄は、団体のどの計画でも使えます。",
    )
    name = models.CharField("名称", max_length=100)
    sections = models.JSONField("章立て", default=list)
    cover = models.JSONField("表紙", default=dict, blank=True)

    objects = OrganizationScoped.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "報告書のひな形"
        ordering = ["organization", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "name"],
                name="report_template_name_unique",
                violation_error_message="同じ名称のひな形があります。",
            )
        ]

    def __str__(self) -> str:
        return self.name


def snapshot_path(snapshot: "ReportSnapshot", filename: str) -> str:
    return f"snapshots/{snapshot.plan_id}/{filename}"


class ReportSnapshot(models.Model):
    """One consistent state of a plan's year, with its typed rows; files are made from it alone."""

    plan = models.ForeignKey(
        Plan, models.PROTECT, related_name="report_snapshots", verbose_name="計画"
    )
    fiscal_year = fiscal_year_field()
    taken_at = models.DateTimeField("時点")
    taken_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="取得者",
    )
    unapproved_count = models.PositiveIntegerField("未承認の実績値の数", default=0)
    file = models.FileField("内容", upload_to=snapshot_path, max_length=300)
    sha256 = models.CharField("SHA-256", max_length=64)

    objects = OfPlan.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "報告書の時点"
        ordering = ["-taken_at", "-id"]

    def __str__(self) -> str:
        year = fiscal_years.long_form(self.fiscal_year)
        return f"{self.plan} {year}（{timezone.localtime(self.taken_at):%Y-%m-%d %H:%M}）"


class ReportJob(models.Model):
    """One request to build a report file, and everything that became of it.

    A worker claims the job with a fresh `claim` in one conditional UPDATE and may finish it only
    under the same claim, so a message that is delivered twice, or a worker that was thought dead,
    never leaves a second file.
    """

    class Format(models.TextChoices):
        PDF = "pdf", "PDF"
        XLSX = "xlsx", "Excel（xlsx）"
        DOCX = "docx", "Word（docx）"

    class State(models.TextChoices):
        QUEUED = "queued", "待機中"
        RUNNING = "running", "作成中"
        DONE = "done", "完成"
        FAILED = "failed", "失敗"
        CANCELLED = "cancelled", "取消"
        EXPIRED = "expired", "保存期間満了"

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
    snapshot = models.ForeignKey(
        ReportSnapshot,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="jobs",
        verbose_name="時点",
        help_text="空欄は、作成するときの状態です。",
    )
    # What the template said when the report was asked for: a later change does not reach it. Of a
    # PDF that was built, `pages` says where each of its places stands, and `missing` which
    # characters its font lacks.
    design = models.JSONField("章立てと表紙", default=dict, blank=True)
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


class ReportPart(models.Model):
    """A part of a PDF that is being built, for whichever worker takes it; gone with the job's end.

    As with the job, a worker claims a part by a conditional UPDATE and finishes it under the claim.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "待機中"
        RUNNING = "running", "作成中"
        DONE = "done", "完成"

    job = models.ForeignKey(ReportJob, models.CASCADE, related_name="parts", verbose_name="作成")
    number = models.PositiveSmallIntegerField("順番")
    title = models.CharField("章", max_length=200)
    weight = models.PositiveIntegerField("分量")
    state = models.CharField("状態", max_length=10, choices=State, default=State.WAITING)
    claim = models.UUIDField("担当の印", null=True, blank=True, editable=False)
    heartbeat_at = models.DateTimeField("最後の応答", null=True, blank=True)
    pages_done = models.PositiveIntegerField("済んだ頁", default=0)
    pages_expected = models.PositiveIntegerField("見込みの頁", default=1)

    class Meta:
        verbose_name = verbose_name_plural = "報告書の分割"
        ordering = ["job", "number"]
        constraints = [
            models.UniqueConstraint(fields=["job", "number"], name="report_part_number_unique")
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def shown_state(self) -> str:
        """As pages name the state of a job."""
        return "queued" if self.state == self.State.WAITING else str(self.state)


class PublishedReport(models.Model):
    """A report that was made public: its file never changes and is never deleted.

    Of a plan's year there may be several, one for each kind of file and each new edition; an
    edition that was replaced stays readable.
    """

    plan = models.ForeignKey(
        Plan, models.PROTECT, related_name="published_reports", verbose_name="計画"
    )
    fiscal_year = fiscal_year_field()
    job = models.OneToOneField(
        ReportJob, models.PROTECT, related_name="publication", verbose_name="作成"
    )
    title = models.CharField("表題", max_length=200)
    edition = models.PositiveSmallIntegerField("版", default=1)
    sha256 = models.CharField("SHA-256", max_length=64)
    published_at = models.DateTimeField("公表日時", auto_now_add=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="公表した人",
    )
    withdrawn_at = models.DateTimeField("取下げ日時", null=True, blank=True)
    withdrawal_reason = models.TextField("取下げの理由", blank=True)

    objects = OfPlan.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "公表した報告書"
        ordering = ["-fiscal_year", "-published_at", "-id"]

    def __str__(self) -> str:
        return self.title
