"""Where a project stands in a plan (掲載・再掲), and its schedule by fiscal year."""

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from plans.models import Measure, Plan
from plans.models.plan import fiscal_year_field
from projects.models.projects import Project
from projects.querysets import OfProject, PlacementQuerySet


class Placement(models.Model):
    """A project's place under a measure; exactly one per plan is primary, the others are 再掲."""

    plan = models.ForeignKey(Plan, models.CASCADE, related_name="placements", verbose_name="計画")
    measure = models.ForeignKey(
        Measure, models.PROTECT, related_name="placements", verbose_name="施策"
    )
    project = models.ForeignKey(
        Project, models.PROTECT, related_name="placements", verbose_name="事業"
    )
    code = models.CharField(
        "番号（PID）", max_length=50, blank=True, help_text="同じ番号が複数あってもかまいません。"
    )
    position = models.PositiveIntegerField("並び順", default=0)
    is_primary = models.BooleanField("主たる掲載", default=True, help_text="外すと再掲です。")
    is_leading = models.BooleanField("リーディングプロジェクト", default=False)
    source_note = models.TextField("出典注記", blank=True)

    objects = PlacementQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "掲載"
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["measure", "project", "code"], name="placement_unique"),
            models.UniqueConstraint(
                fields=["plan", "project"],
                condition=Q(is_primary=True),
                name="placement_one_primary_per_plan",
                violation_error_message="主たる掲載は1つの計画に1か所だけです。ほかは再掲にしてください。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.project}".strip()

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


class ScheduleEntry(models.Model):
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

    @property
    def planned_symbol(self) -> str:
        return STAGE_SYMBOLS.get(self.planned, "")
