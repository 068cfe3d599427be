"""Where a project stands in a plan (掲載・再掲), and when it does what."""

from collections.abc import Sequence

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q

from accounts.versions import Versioned
from plans import fiscal_years
from plans.models import Measure, Plan
from plans.models.plan import fiscal_year_field
from projects.models.projects import Project
from projects.querysets import AtMeasure, OfProject, PlacementQuerySet


class Placement(Versioned):
    """A project's place under a measure; exactly one per plan is primary and counts.

    The others are printed again (再掲), or places where the same project has other work to do.
    """

    plan = models.ForeignKey(Plan, models.CASCADE, related_name="placements", verbose_name="計画")
    measure = models.ForeignKey(
        Measure, models.CASCADE, related_name="placements", verbose_name="施策"
    )
    project = models.ForeignKey(
        Project, models.PROTECT, related_name="placements", verbose_name="事業"
    )
    code = models.CharField(
        "番号（PID）", max_length=50, blank=True, help_text="同じ番号が複数あってもかまいません。"
    )
    position = models.PositiveIntegerField("並び順", default=0)
    is_primary = models.BooleanField(
        "主たる掲載", default=True, help_text="合計は主たる掲載だけを数えます。"
    )
    is_repeat = models.BooleanField(
        "再掲", default=False, help_text="主たる掲載と同じ内容を、もう一度載せるとき。"
    )
    is_leading = models.BooleanField("リーディングプロジェクト", default=False)
    name = models.CharField(
        "この計画での名称", max_length=200, blank=True, help_text="空欄は事業名のとおりです。"
    )
    summary = models.TextField(
        "この場所での概要", blank=True, help_text="ほかの場所と内容がちがうときに書きます。"
    )
    period_text = models.CharField(
        "事業年度の表記", max_length=100, blank=True, help_text="資料の表記のまま（例：検討中）。"
    )
    source_note = models.TextField("出典注記", blank=True)

    objects = PlacementQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "掲載"
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["measure", "project", "code"], name="placement_unique"),
            models.CheckConstraint(
                condition=Q(is_primary=False) | Q(is_repeat=False),
                name="placement_primary_is_no_repeat",
                violation_error_message="主たる掲載は再掲にできません。",
            ),
            models.UniqueConstraint(
                fields=["plan", "project"],
                condition=Q(is_primary=True),
                name="placement_one_primary_per_plan",
                violation_error_message="主たる掲載は1つの計画に1か所だけです。ほかは再掲にしてください。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.title}".strip()

    @classmethod
    def why_they_stay(cls, going: "Sequence[Placement]") -> str:
        """Why these cannot be deleted together; "" if they can.

        A project that stands in a plan keeps a primary place there, else no total counts it.
        """
        primary = {(row.plan_id, row.project_id) for row in going if row.is_primary}
        others = (
            cls.objects.filter(project__in=[project for _, project in primary])
            .exclude(pk__in=[row.pk for row in going])
            .select_related("project", "measure")
        )
        left = next((row for row in others if (row.plan_id, row.project_id) in primary), None)
        if left is None:
            return ""
        return (
            f"「{left.project}」の主たる掲載は削除できません。「{left.measure}」にも掲載されている"
            "ので、先にそちらを主たる掲載にするか、そちらの掲載を削除してください。"
        )

    @property
    def title(self) -> str:
        """The project's name as this plan prints it here."""
        return self.name or self.project.name

    @property
    def repeat_label(self) -> str:
        """What tells it from the primary place."""
        if self.is_primary:
            return ""
        return "再掲" if self.is_repeat else "別の取組でも掲載"

    def clean(self) -> None:
        super().clean()
        if self.measure.plan_id != self.plan_id:
            raise ValidationError({"measure": "施策は同じ計画のものを選んでください。"})
        if self.project.organization_id != self.plan.organization_id:
            raise ValidationError({"project": "事業は計画と同じ団体のものを選んでください。"})


class Stage(models.TextChoices):
    STUDY = "study", "検討"
    BUILD = "build", "構築"
    OPERATE = "operate", "運用"


STAGE_SYMBOLS = {Stage.STUDY: "…", Stage.BUILD: "○", Stage.OPERATE: "⇒"}


class ScheduleEntry(Versioned):
    """What stage a project is in, planned and actual, in one fiscal year."""

    project = models.ForeignKey(
        Project, models.CASCADE, related_name="schedule", verbose_name="事業"
    )
    fiscal_year = fiscal_year_field()
    planned = models.CharField("予定", max_length=10, choices=Stage, blank=True)
    actual = models.CharField("実績", max_length=10, choices=Stage, blank=True)
    text = models.CharField("表記", max_length=200, blank=True)
    source_note = models.TextField("出典注記", blank=True)

    objects = OfProject.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "スケジュール"
        ordering = ["project", "fiscal_year"]
        constraints = [
            models.UniqueConstraint(fields=["project", "fiscal_year"], name="schedule_unique"),
            models.CheckConstraint(
                condition=~Q(planned="", actual="", text=""),
                name="schedule_says_something",
                violation_error_message="予定・実績・表記のどれかを入れてください。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.project} {self.fiscal_year}"

    def clean(self) -> None:
        super().clean()
        if not (self.planned or self.actual or self.text):
            raise ValidationError({"planned": "予定・実績・表記のどれかを入れてください。"})

    @property
    def is_record(self) -> bool:
        return bool(self.actual)

    @property
    def planned_symbol(self) -> str:
        return STAGE_SYMBOLS.get(self.planned, "")


class Milestone(Versioned):
    """A bar or dated step of a schedule (令和7～9年度：建設工事), of a measure or a project there.

    `label` keeps how the document dates it; a step without a last year goes on (令和9年度以降), and
    one without any year is dated by its label alone. Steps may lie outside the plan's years.
    """

    measure = models.ForeignKey(
        Measure, models.CASCADE, related_name="milestones", verbose_name="施策"
    )
    project = models.ForeignKey(
        Project,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="milestones",
        verbose_name="事業",
        help_text="空欄は施策そのもののスケジュールです。",
    )
    position = models.PositiveIntegerField("並び順", default=1)
    label = models.CharField("時期の表記", max_length=100, blank=True)
    first_fiscal_year = fiscal_year_field("開始年度", null=True, blank=True)
    last_fiscal_year = fiscal_year_field("終了年度", null=True, blank=True)
    text = models.TextField("内容")
    source_note = models.TextField("出典注記", blank=True)

    objects = AtMeasure.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "年次の予定"
        ordering = ["measure", "project", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["measure", "project", "position"],
                name="milestone_unique",
            ),
            models.UniqueConstraint(
                fields=["measure", "position"],
                condition=Q(project__isnull=True),
                name="milestone_of_measure_unique",
            ),
            models.CheckConstraint(
                condition=Q(last_fiscal_year__isnull=True)
                | Q(
                    first_fiscal_year__isnull=False,
                    last_fiscal_year__gte=F("first_fiscal_year"),
                ),
                name="milestone_years_in_order",
                violation_error_message="終了年度は開始年度以後にしてください。",
            ),
            models.CheckConstraint(
                condition=~Q(label="") | Q(first_fiscal_year__isnull=False),
                name="milestone_dated",
                violation_error_message="開始年度か時期の表記を入れてください。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.label} {self.text}".strip()

    @property
    def is_open_ended(self) -> bool:
        """It begins in a year, and the document does not say in which it ends."""
        return self.first_fiscal_year is not None and self.last_fiscal_year is None

    @property
    def period(self) -> str:
        """When it is, as the document says it, else in fiscal years."""
        if self.label or self.first_fiscal_year is None:
            return self.label
        first = fiscal_years.long_form(self.first_fiscal_year)
        if self.last_fiscal_year == self.first_fiscal_year:
            return first
        if self.last_fiscal_year is None:
            return f"{first}～"
        return f"{first}～{fiscal_years.long_form(self.last_fiscal_year)}"
