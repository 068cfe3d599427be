"""The values of indicators by fiscal year: targets with their revisions, and actuals."""

from collections.abc import Sequence
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from accounts.models import User
from accounts.versions import Versioned
from kpi.models.indicators import Indicator, value_field
from kpi.querysets import ActualQuerySet, TargetQuerySet
from plans import fiscal_years
from plans.models import ReportingCycle
from plans.models.plan import fiscal_year_field


class Target(Versioned):
    """A target (予定・目標値) of one fiscal year; a revision is a new row, the old one stays."""

    class Kind(models.TextChoices):
        TARGET = "target", "目標"
        INTERIM = "interim_target", "中間目標"

    class Comparison(models.TextChoices):
        AT_LEAST = "gte", "以上"
        MORE_THAN = "gt", "超"
        AT_MOST = "lte", "以下"
        LESS_THAN = "lt", "未満"

    indicator = models.ForeignKey(
        Indicator, models.CASCADE, related_name="targets", verbose_name="指標"
    )
    fiscal_year = fiscal_year_field()
    kind = models.CharField("値の種類", max_length=20, choices=Kind, default=Kind.TARGET)
    revision = models.PositiveSmallIntegerField("改定番号", default=0)
    is_current = models.BooleanField("現行", default=True)
    revised_in = models.CharField(
        "改定した計画の識別子",
        max_length=100,
        blank=True,
        help_text="計画の改定で変えた目標のとき。改定前の計画では、前の目標を示します。",
    )
    value = value_field("値")
    comparison = models.CharField("比較", max_length=5, choices=Comparison, blank=True)
    raw_text = models.CharField("表記", max_length=200, blank=True)
    note = models.TextField("注記", blank=True)
    source_note = models.TextField("出典注記", blank=True)

    objects = TargetQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "目標値"
        ordering = ["indicator", "fiscal_year", "kind", "revision"]
        constraints = [
            models.UniqueConstraint(
                fields=["indicator", "fiscal_year", "kind", "revision"], name="target_unique"
            ),
            models.UniqueConstraint(
                fields=["indicator", "fiscal_year", "kind"],
                condition=Q(is_current=True),
                name="target_one_current",
            ),
            models.CheckConstraint(
                condition=Q(value__isnull=False) | ~Q(raw_text=""),
                name="target_says_something",
                violation_error_message="目標の数値か表記を入れてください。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.indicator} {fiscal_years.long_form(self.fiscal_year)}目標"

    @classmethod
    def lock_reasons(cls, rows: "Sequence[Target]") -> list[str]:
        """What a settled year was measured against stays; a later year gets a revised target."""
        settled = ReportingCycle.objects.settled().filter(
            plan__indicator_uses__indicator__in={row.indicator_id for row in rows},
            fiscal_year__in={row.fiscal_year for row in rows},
        )
        places = set(
            settled.order_by().values_list("plan__indicator_uses__indicator", "fiscal_year")
        )
        return [
            f"{fiscal_years.long_form(row.fiscal_year)}の値は確定しているため、その目標は変更"
            "できません。"
            if (row.indicator_id, row.fiscal_year) in places
            else ""
            for row in rows
        ]

    def clean(self) -> None:
        super().clean()
        if self.value is None and not self.raw_text:
            raise ValidationError({"value": "目標の数値か表記を入れてください。"})


class ValueStatus(models.TextChoices):
    """Why there is a number or none. Zero and empty are neither of the last four."""

    REPORTED = "reported", "報告済"
    NOT_APPLICABLE = "not_applicable", "該当なし"
    NOT_YET = "not_yet", "未集計"
    SUSPENDED = "suspended", "中止"
    UNSTATED = "unstated", "記載のみ（意味の記載なし）"


class Actual(Versioned):
    """An actual (実績値) of one fiscal year. No row means nobody has entered anything."""

    class Kind(models.TextChoices):
        ACTUAL = "actual", "実績"
        INTERIM = "interim_actual", "中間実績"
        FORECAST = "forecast", "年度末見込"

    class State(models.TextChoices):
        DRAFT = "draft", "下書き"
        SUBMITTED = "submitted", "提出"
        APPROVED = "approved", "承認"
        FINAL = "final", "確定"

    LOCKED_STATES = (State.SUBMITTED, State.APPROVED, State.FINAL)

    indicator = models.ForeignKey(
        Indicator, models.PROTECT, related_name="actuals", verbose_name="指標"
    )
    fiscal_year = fiscal_year_field()
    kind = models.CharField("値の種類", max_length=20, choices=Kind, default=Kind.ACTUAL)
    value = value_field("値")
    numerator = value_field("分子")
    denominator = value_field("分母")
    raw_text = models.CharField("入力された表記", max_length=200, blank=True)
    status = models.CharField(
        "値の状態", max_length=20, choices=ValueStatus, default=ValueStatus.REPORTED
    )
    is_preliminary = models.BooleanField("速報", default=False)
    note = models.TextField("コメント", blank=True)
    known_on = models.DateField("判明日", null=True, blank=True)
    state = models.CharField("手続", max_length=20, choices=State, default=State.DRAFT)
    entered_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="入力者"
    )
    source_note = models.TextField("出典注記", blank=True)

    objects = ActualQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "実績値"
        ordering = ["indicator", "fiscal_year", "kind"]
        constraints = [
            models.UniqueConstraint(
                fields=["indicator", "fiscal_year", "kind"], name="actual_unique"
            ),
            models.CheckConstraint(
                condition=Q(status="reported") | Q(value__isnull=True),
                name="actual_value_only_when_reported",
                violation_error_message="「報告済」以外の状態には数値を入れられません。",
            ),
            models.CheckConstraint(
                condition=~Q(status="reported") | Q(value__isnull=False) | ~Q(raw_text=""),
                name="actual_reported_says_something",
                violation_error_message="「報告済」には数値（または文字の実績）が必要です。",
            ),
            models.CheckConstraint(
                condition=Q(numerator__isnull=True, denominator__isnull=True)
                | Q(numerator__isnull=False, denominator__isnull=False),
                name="actual_numerator_with_denominator",
                violation_error_message="分子と分母は両方とも入れてください。",
            ),
        ]

    def __str__(self) -> str:
        return (
            f"{self.indicator} {fiscal_years.long_form(self.fiscal_year)}{self.get_kind_display()}"
        )

    @property
    def is_record(self) -> bool:
        return True

    @property
    def has_number(self) -> bool:
        """Whether there is a figure to compute with; a reported zero is one."""
        return self.status == ValueStatus.REPORTED and self.value is not None

    def clean(self) -> None:
        super().clean()
        if self.value is not None and not self.value.is_finite():
            raise ValidationError({"value": "数値ではありません。"})
        if self.value is not None and self.status != ValueStatus.REPORTED:
            raise ValidationError({"value": "「報告済」以外の状態には数値を入れられません。"})
        if (self.numerator is None) != (self.denominator is None):
            raise ValidationError({"numerator": "分子と分母は両方とも入れてください。"})
        if self.denominator is not None and self.denominator == Decimal(0):
            raise ValidationError({"denominator": "分母に0は入れられません。"})
        if self.status == ValueStatus.REPORTED and self.value is None and self.indicator_id:
            if not self.indicator.is_qualitative:
                raise ValidationError({"value": "「報告済」には数値が必要です。"})
            if not self.raw_text:
                raise ValidationError(
                    {"value": "「報告済」には数値（または文字の実績）が必要です。"}
                )
