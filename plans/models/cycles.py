"""The yearly round (年度照会) and each department's package in it."""

import datetime

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.models import Department, User
from accounts.versions import Versioned
from plans import fiscal_years
from plans.deadlines import Deadline
from plans.models.measures import Level
from plans.models.plan import Plan, fiscal_year_field, require_known_years
from plans.querysets import CycleQuerySet, SubmissionQuerySet


class ReportingCycle(Versioned):
    """A round in which a plan's figures of one fiscal year are asked for and settled."""

    class Kind(models.TextChoices):
        ANNUAL = "annual", "年次"
        INTERIM = "interim", "中間"

    class State(models.TextChoices):
        PREPARING = "preparing", "準備"
        OPEN = "open", "入力中"
        GRACE = "grace", "猶予"
        CLOSED = "closed", "締切"
        FINAL = "final", "確定"
        PUBLISHED = "published", "公表"

    ENTRY_STATES = (State.OPEN, State.GRACE)
    SETTLED_STATES = (State.FINAL, State.PUBLISHED)

    plan = models.ForeignKey(Plan, models.CASCADE, related_name="cycles", verbose_name="計画")
    fiscal_year = fiscal_year_field()
    kind = models.CharField("種別", max_length=10, choices=Kind, default=Kind.ANNUAL)
    state = models.CharField("状態", max_length=10, choices=State, default=State.PREPARING)
    opens_at = models.DateTimeField("入力開始", null=True, blank=True)
    closes_at = models.DateTimeField(
        "入力期限", null=True, blank=True, help_text="この時刻になると入力できなくなります。"
    )
    grace_until = models.DateTimeField("猶予期限", null=True, blank=True)
    published_at = models.DateTimeField(
        "公表日時", null=True, blank=True, editable=False, help_text="公表した状態の間だけ。"
    )
    asks_actuals = models.BooleanField("指標の実績値を照会する", default=True)
    asks_progress = models.BooleanField("事業の進捗を照会する", default=False)
    asks_settlements = models.BooleanField("事業の決算を照会する", default=False)
    review_levels = models.ManyToManyField(
        Level,
        blank=True,
        related_name="+",
        verbose_name="評価を照会する階層",
        help_text="選んだ階層の施策ごとに、年度評価を照会します。",
    )

    objects = CycleQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "年度照会"
        ordering = ["-fiscal_year", "plan", "kind"]
        constraints = [
            models.UniqueConstraint(fields=["plan", "fiscal_year", "kind"], name="cycle_unique"),
            models.CheckConstraint(
                condition=Q(closes_at__isnull=True)
                | Q(opens_at__isnull=True)
                | Q(closes_at__gt=F("opens_at")),
                name="cycle_closes_after_it_opens",
                violation_error_message="入力期限は入力開始より後にしてください。",
            ),
            models.CheckConstraint(
                condition=Q(grace_until__isnull=True)
                | (Q(closes_at__isnull=False) & Q(grace_until__gte=F("closes_at"))),
                name="cycle_grace_after_it_closes",
                violation_error_message="猶予期限は入力期限以後にしてください。",
            ),
        ]

    def clean(self) -> None:
        super().clean()
        require_known_years(self, ("opens_at", "closes_at", "grace_until"))

    def __str__(self) -> str:
        kind = "" if self.kind == self.Kind.ANNUAL else self.get_kind_display()
        return f"{self.plan.name} {fiscal_years.long_form(self.fiscal_year)}{kind}照会"

    def accepts_entries(self, now: datetime.datetime | None = None) -> bool:
        """Whether figures may be entered now: the state allows it and the deadline is ahead."""
        if self.state not in self.ENTRY_STATES:
            return False
        end = self.entry_ends_at
        return end is None or (now or timezone.now()) < end

    @property
    def entry_ends_at(self) -> datetime.datetime | None:
        """The first moment at which entering is over; None where no end was set."""
        return self.grace_until or self.closes_at

    @property
    def deadline(self) -> Deadline | None:
        end = self.entry_ends_at
        if end is None:
            return None
        passed = self.closes_at is not None and self.closes_at <= timezone.now()
        is_closed = self.state not in (self.State.PREPARING, *self.ENTRY_STATES)
        return Deadline(end, passed and self.grace_until is not None, is_closed)

    @property
    def is_settled(self) -> bool:
        return self.state in self.SETTLED_STATES


class Submission(Versioned):
    """One department's package in a round."""

    class State(models.TextChoices):
        NOT_STARTED = "not_started", "未着手"
        ENTERING = "entering", "入力中"
        SUBMITTED = "submitted", "提出"
        RETURNED = "returned", "差戻し"
        APPROVED = "approved", "承認"

    cycle = models.ForeignKey(
        ReportingCycle, models.CASCADE, related_name="submissions", verbose_name="年度照会"
    )
    department = models.ForeignKey(
        Department, models.PROTECT, related_name="submissions", verbose_name="部局"
    )
    state = models.CharField("状態", max_length=20, choices=State, default=State.NOT_STARTED)
    submitted_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="提出者"
    )
    submitted_at = models.DateTimeField("提出日時", null=True, blank=True)
    approved_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="承認者"
    )
    approved_at = models.DateTimeField("承認日時", null=True, blank=True)
    return_reason = models.TextField("差戻しの理由", blank=True)

    objects = SubmissionQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "提出"
        ordering = ["cycle", "department"]
        constraints = [
            models.UniqueConstraint(fields=["cycle", "department"], name="submission_unique"),
            models.CheckConstraint(
                condition=~Q(state="returned") | ~Q(return_reason=""),
                name="submission_returned_with_reason",
                violation_error_message="差戻しには理由が必要です。",
            ),
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True)
                | Q(submitted_by__isnull=True)
                | ~Q(approved_by=F("submitted_by")),
                name="submission_not_approved_by_submitter",
                violation_error_message="提出した本人は承認できません。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.cycle} {self.department}"

    def clean(self) -> None:
        super().clean()
        if self.department.organization_id != self.cycle.plan.organization_id:
            raise ValidationError({"department": "部局は計画の団体のものにしてください。"})
