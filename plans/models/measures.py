"""The plan's tree (施策体系): its own levels, measures, phases and target states."""

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from tree_queries.models import TreeNode

from accounts.models import Department
from accounts.versions import Versioned
from plans.models.plan import Plan, fiscal_year_field
from plans.querysets import MeasureQuerySet, OfPlan, TargetStateQuerySet


class Level(Versioned):
    """A level of the tree under the plan's own name for it; two may share a depth."""

    plan = models.ForeignKey(Plan, models.CASCADE, related_name="levels", verbose_name="計画")
    key = models.CharField("識別子", max_length=50)
    depth = models.PositiveSmallIntegerField("深さ")
    name = models.CharField("階層の名前", max_length=50, blank=True)

    objects = OfPlan.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "階層"
        ordering = ["plan", "depth", "id"]
        constraints = [models.UniqueConstraint(fields=["plan", "key"], name="level_key_unique")]

    def __str__(self) -> str:
        return self.name or f"（名称のない第{self.depth}階層）"


class Measure(TreeNode, Versioned):
    """A node of the plan's tree at any level (基本方針, DX重点課題, 課題, ステップ …)."""

    plan = models.ForeignKey(Plan, models.CASCADE, related_name="measures", verbose_name="計画")
    level = models.ForeignKey(Level, models.RESTRICT, related_name="measures", verbose_name="階層")
    key = models.CharField("識別子", max_length=100)
    code = models.CharField("番号", max_length=50, blank=True)
    name = models.CharField("名称", max_length=300)
    short_name = models.CharField("略称", max_length=100, blank=True)
    department = models.ForeignKey(
        Department,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="measures",
        verbose_name="所管課",
    )
    description = models.TextField("説明", blank=True)
    situation = models.TextField("現状と課題", blank=True)
    approach = models.TextField("取組内容", blank=True)
    position = models.PositiveIntegerField("並び順", default=0)
    is_repeat = models.BooleanField("再掲", default=False)
    source_note = models.TextField("出典注記", blank=True)

    objects = MeasureQuerySet.as_manager(with_tree_fields=False)

    class Meta:
        verbose_name = verbose_name_plural = "施策"
        ordering = ["position", "id"]
        constraints = [models.UniqueConstraint(fields=["plan", "key"], name="measure_key_unique")]

    def __str__(self) -> str:
        return f"{self.code} {self.title}".strip()

    @property
    def title(self) -> str:
        """What a reader calls it: the short name with the long one, where there are both."""
        if self.short_name and self.short_name != self.name:
            return f"【{self.short_name}】{self.name}"
        return self.name

    def clean(self) -> None:
        super().clean()
        if self.level.plan_id != self.plan_id:
            raise ValidationError({"level": "階層は同じ計画のものを選んでください。"})
        if self.parent is not None:
            if self.parent.plan_id != self.plan_id:
                raise ValidationError({"parent": "上位の施策は同じ計画のものを選んでください。"})
            if self.parent.level.depth >= self.level.depth:
                raise ValidationError({"parent": "上位の施策は上の階層のものを選んでください。"})


class Phase(Versioned):
    """A block of fiscal years (期) at whose end measures reach a target state."""

    plan = models.ForeignKey(Plan, models.CASCADE, related_name="phases", verbose_name="計画")
    key = models.CharField("識別子", max_length=50)
    name = models.CharField("名称", max_length=100)
    first_fiscal_year = fiscal_year_field("開始年度")
    last_fiscal_year = fiscal_year_field("終了年度")

    objects = OfPlan.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "期"
        ordering = ["plan", "first_fiscal_year"]
        constraints = [
            models.UniqueConstraint(fields=["plan", "key"], name="phase_key_unique"),
            models.CheckConstraint(
                condition=Q(last_fiscal_year__gte=F("first_fiscal_year")),
                name="phase_years_in_order",
                violation_error_message="終了年度は開始年度以後にしてください。",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        super().clean()
        if None in (self.first_fiscal_year, self.last_fiscal_year):
            return
        if (
            self.first_fiscal_year < self.plan.first_fiscal_year
            or self.last_fiscal_year > self.plan.last_fiscal_year
        ):
            raise ValidationError("期は計画の期間の中に置いてください。")


class TargetState(Versioned):
    """What a measure looks like when a phase ends (目指す状態・到達像); there may be several."""

    measure = models.ForeignKey(
        Measure, models.CASCADE, related_name="target_states", verbose_name="施策"
    )
    phase = models.ForeignKey(
        Phase, models.CASCADE, related_name="target_states", verbose_name="期"
    )
    position = models.PositiveIntegerField("並び順", default=1)
    title = models.CharField("見出し", max_length=200, blank=True)
    subject = models.CharField(
        "対象", max_length=100, blank=True, help_text="だれが・何が（例：市民が）。"
    )
    text = models.TextField("目指す状態")
    source_note = models.TextField("出典注記", blank=True)

    objects = TargetStateQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "目指す状態"
        ordering = ["phase", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["measure", "phase", "position"], name="target_state_unique"
            )
        ]

    def __str__(self) -> str:
        return f"{self.measure}：{self.phase}"

    def clean(self) -> None:
        super().clean()
        if self.phase.plan_id != self.measure.plan_id:
            raise ValidationError({"phase": "期は同じ計画のものを選んでください。"})
