"""The yearly review (年度評価) of a measure or a project."""

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from accounts.models import User
from accounts.versions import Versioned
from plans import fiscal_years
from plans.models import Mark, Measure, Plan
from plans.models.plan import fiscal_year_field
from projects.models.projects import Project
from projects.querysets import ReviewQuerySet


class Review(Versioned):
    """What was aimed at and what came of it in a fiscal year, for a measure or a project."""

    plan = models.ForeignKey(Plan, models.CASCADE, related_name="reviews", verbose_name="計画")
    measure = models.ForeignKey(
        Measure,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="reviews",
        verbose_name="施策",
    )
    project = models.ForeignKey(
        Project,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="reviews",
        verbose_name="事業",
    )
    fiscal_year = fiscal_year_field()
    planned_mark = models.ForeignKey(
        Mark, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="進捗予定"
    )
    mark = models.ForeignKey(
        Mark, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="進捗"
    )
    goal = models.TextField("目標", blank=True)
    result = models.TextField("実績・評価・今後の対応", blank=True)
    delay_reason = models.TextField("後倒理由", blank=True)
    shortfall_reason = models.TextField("未達理由", blank=True)
    effect = models.TextField("到達像への影響", blank=True)
    summary = models.TextField("進捗概要", blank=True)
    entered_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="入力者"
    )
    source_note = models.TextField("出典注記", blank=True)

    objects = ReviewQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "年度評価"
        ordering = ["plan", "fiscal_year", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(measure__isnull=False, project__isnull=True)
                | Q(measure__isnull=True, project__isnull=False),
                name="review_of_one_thing",
                violation_error_message="年度評価は施策か事業のどちらか1つのものです。",
            ),
            models.UniqueConstraint(
                fields=["measure", "fiscal_year"],
                condition=Q(measure__isnull=False),
                name="review_unique_measure",
            ),
            models.UniqueConstraint(
                fields=["plan", "project", "fiscal_year"],
                condition=Q(project__isnull=False),
                name="review_unique_project",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.measure or self.project} {fiscal_years.long_form(self.fiscal_year)}評価"

    @property
    def is_record(self) -> bool:
        return True

    @property
    def is_behind(self) -> bool:
        return self.mark is not None and self.mark.is_behind

    def clean(self) -> None:
        super().clean()
        if self.measure is not None and self.measure.plan_id != self.plan_id:
            raise ValidationError({"measure": "施策は同じ計画のものを選んでください。"})
        for name in ("planned_mark", "mark"):
            mark = getattr(self, name)
            if mark is not None and mark.plan_id != self.plan_id:
                raise ValidationError({name: "評価記号はこの計画のものを選んでください。"})
