"""Indicators (KPI・成果指標・活動指標), where they are used, and how their definition changed."""

from functools import cached_property

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from accounts.models import Department, Organization
from accounts.versions import Versioned
from kpi.querysets import IndicatorQuerySet, IndicatorUseQuerySet, OfIndicator
from plans.models import Measure, Plan
from plans.models.plan import fiscal_year_field
from projects.models import Project

MAX_DIGITS, DECIMAL_PLACES = 20, 6
# What documents print where an indicator should have a name.
NAMELESS = frozenset({"", *"-－‐―—−ー"})


def value_field(label: str) -> models.DecimalField:
    """A figure: nullable, because an empty cell is not a zero."""
    return models.DecimalField(
        label, max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES, null=True, blank=True
    )


class Indicator(Versioned):
    """An indicator of an organization; its yearly numbers are entered once for all its uses."""

    class Direction(models.TextChoices):
        INCREASE = "increase", "増加"
        DECREASE = "decrease", "減少"
        MAINTAIN = "maintain", "維持"

    class Aggregation(models.TextChoices):
        SINGLE_YEAR = "single_year", "単年度"
        CUMULATIVE = "cumulative", "累計"
        RATE = "rate", "率"

    class AchievementMethod(models.TextChoices):
        RATIO = "ratio", "実績÷目標"
        FROM_BASELINE = "from_baseline", "（実績－基準値）÷（目標－基準値）"

    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="indicators", verbose_name="団体"
    )
    key = models.CharField("識別子", max_length=100)
    name = models.CharField("指標名", max_length=200)
    unit = models.CharField("単位", max_length=30, blank=True)
    decimals = models.PositiveSmallIntegerField("小数点以下の桁数", default=0)
    direction = models.CharField(
        "望ましい方向", max_length=10, choices=Direction, blank=True, help_text="空欄は定めなし"
    )
    aggregation = models.CharField(
        "集計", max_length=20, choices=Aggregation, default=Aggregation.SINGLE_YEAR
    )
    is_qualitative = models.BooleanField("定性（文字）", default=False)
    achievement_method = models.CharField(
        "達成率の求め方",
        max_length=20,
        choices=AchievementMethod,
        default=AchievementMethod.RATIO,
    )
    tolerance = models.DecimalField(
        "維持の許容幅（％）",
        max_digits=7,
        decimal_places=2,
        default=0,
        help_text="「維持」の指標で、目標からこの割合までのずれを達成とみなします。",
    )
    department = models.ForeignKey(
        Department,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="indicators",
        verbose_name="所管課",
    )
    numerator_label = models.CharField("分子", max_length=200, blank=True)
    denominator_label = models.CharField("分母", max_length=200, blank=True)
    formula = models.TextField("算出式", blank=True)
    rationale = models.TextField("設定根拠", blank=True)
    baseline_fiscal_year = fiscal_year_field("基準年度", null=True, blank=True)
    baseline_value = value_field("基準値")
    baseline_text = models.CharField("基準値の表記", max_length=100, blank=True)
    measured_every = models.PositiveSmallIntegerField("測定の間隔（年）", default=1)
    measured_from = fiscal_year_field("測定の起点年度", null=True, blank=True)
    source_note = models.TextField("出典注記", blank=True)

    objects = IndicatorQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "指標"
        ordering = ["organization", "key"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "key"], name="indicator_key_unique"),
            models.CheckConstraint(
                condition=Q(decimals__lte=DECIMAL_PLACES),
                name="indicator_decimals_storable",
                violation_error_message=f"小数点以下は{DECIMAL_PLACES}桁までです。",
            ),
            models.CheckConstraint(
                condition=Q(measured_every__gte=1), name="indicator_measured_at_all"
            ),
            models.CheckConstraint(
                condition=Q(tolerance__gte=0), name="indicator_tolerance_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_nameless(self) -> bool:
        return self.name.strip() in NAMELESS

    @property
    def shown_name(self) -> str:
        """The name for readers; the stored one stays what the document prints, in exports too."""
        if not self.is_nameless:
            return self.name
        return f"（名称なし）{self.used_for or self.key}の指標"

    @cached_property
    def used_for(self) -> str:
        """What first uses it; `kpi.names.name_after_use` reads that of many at once."""
        use = next(iter(self.uses.all()), None)
        return use.place_name if use else ""

    def is_measured_in(self, fiscal_year: int) -> bool:
        """Whether a figure is due for this year (毎年, or every N years from a start)."""
        if self.measured_from is None or self.measured_every == 1:
            return True
        passed = fiscal_year - self.measured_from
        return passed >= 0 and passed % self.measured_every == 0

    def clean(self) -> None:
        super().clean()
        if self.department and self.department.organization_id != self.organization_id:
            raise ValidationError({"department": "所管課は同じ団体のものにしてください。"})
        if (
            self.achievement_method == self.AchievementMethod.FROM_BASELINE
            and self.baseline_value is None
        ):
            raise ValidationError(
                {"baseline_value": "基準値からの達成率には、基準値の数値が必要です。"}
            )
        if self.measured_every > 1 and self.measured_from is None:
            raise ValidationError({"measured_from": "数年ごとの測定には起点の年度が必要です。"})


class DefinitionChange(Versioned):
    """From this fiscal year on the indicator is defined differently."""

    indicator = models.ForeignKey(
        Indicator, models.CASCADE, related_name="definition_changes", verbose_name="指標"
    )
    from_fiscal_year = fiscal_year_field("適用開始年度")
    name = models.CharField("指標名", max_length=200, blank=True)
    unit = models.CharField("単位", max_length=30, blank=True)
    formula = models.TextField("算出式", blank=True)
    rationale = models.TextField("設定根拠", blank=True)
    note = models.TextField("変更の内容")

    objects = OfIndicator.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "定義の変更"
        ordering = ["indicator", "from_fiscal_year"]
        constraints = [
            models.UniqueConstraint(
                fields=["indicator", "from_fiscal_year"], name="definition_change_unique"
            )
        ]

    def __str__(self) -> str:
        return f"{self.indicator}：{self.from_fiscal_year}年度から"


class IndicatorUse(Versioned):
    """A place where a plan uses an indicator: KPI of a measure, 活動指標 of a project."""

    class Role(models.TextChoices):
        KPI = "kpi", "KPI"
        OUTCOME = "outcome", "成果指標"
        ACTIVITY = "activity", "活動指標"

    plan = models.ForeignKey(
        Plan, models.CASCADE, related_name="indicator_uses", verbose_name="計画"
    )
    indicator = models.ForeignKey(
        Indicator, models.PROTECT, related_name="uses", verbose_name="指標"
    )
    role = models.CharField("使い方", max_length=10, choices=Role)
    measure = models.ForeignKey(
        Measure,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="indicator_uses",
        verbose_name="施策",
    )
    project = models.ForeignKey(
        Project,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="indicator_uses",
        verbose_name="事業",
    )
    position = models.PositiveIntegerField("並び順", default=1)
    source_note = models.TextField("出典注記", blank=True)

    objects = IndicatorUseQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "指標の利用"
        ordering = ["plan", "position", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(measure__isnull=False, project__isnull=True)
                | Q(measure__isnull=True, project__isnull=False),
                name="indicator_use_of_one_thing",
                violation_error_message="指標の利用は施策か事業のどちらか1つに置きます。",
            ),
            models.UniqueConstraint(
                fields=["indicator", "measure"],
                condition=Q(measure__isnull=False),
                name="indicator_use_unique_measure",
            ),
            models.UniqueConstraint(
                fields=["plan", "indicator", "project"],
                condition=Q(project__isnull=False),
                name="indicator_use_unique_project",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.measure or self.project}：{self.indicator}"

    @property
    def place_name(self) -> str:
        """The measure or project that uses it, by its name alone."""
        if self.measure is not None:
            return f"施策「{self.measure.name}」"
        return f"事業「{self.project.name}」" if self.project is not None else ""

    def clean(self) -> None:
        super().clean()
        if self.indicator.organization_id != self.plan.organization_id:
            raise ValidationError({"indicator": "指標は計画と同じ団体のものにしてください。"})
        if self.measure is not None and self.measure.plan_id != self.plan_id:
            raise ValidationError({"measure": "施策は同じ計画のものを選んでください。"})
