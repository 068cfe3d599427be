"""Budgets and settled accounts (予算・決算), kept in yen."""

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q

from accounts.versions import Versioned
from budgets.querysets import BudgetEntryQuerySet
from plans.models import Plan
from plans.models.plan import fiscal_year_field
from plans.querysets import OfPlan
from projects.models import Project, Tag


def yen_field(label: str) -> models.BigIntegerField:
    """An amount in whole yen; null is "not stated", which a zero is not."""
    return models.BigIntegerField(label, null=True, blank=True)


class BudgetEntry(Versioned):
    """One amount of a project in a fiscal year at one stage, with its funding sources (財源)."""

    class Stage(models.TextChoices):
        REQUEST = "request", "要求"
        INITIAL = "initial", "当初"
        SUPPLEMENTARY = "supplementary", "補正"
        TRANSFER = "transfer", "流用・予備費"
        CARRYOVER = "carryover", "前年度繰越"
        FORECAST = "forecast", "決算見込"
        SETTLED = "settled", "決算"

    class Category(models.TextChoices):
        NEW = "new", "新規"
        EXPANDED = "expanded", "拡大"
        CONTINUED = "continued", "継続"

    SOURCES = ("national", "prefectural", "bond", "other", "general")
    MAY_BE_NEGATIVE = (Stage.SUPPLEMENTARY, Stage.TRANSFER)

    project = models.ForeignKey(
        Project, models.PROTECT, related_name="budget_entries", verbose_name="事業"
    )
    fiscal_year = fiscal_year_field()
    stage = models.CharField("段階", max_length=20, choices=Stage)
    number = models.PositiveSmallIntegerField(
        "号数", default=0, help_text="補正の号数。ほかの段階は0のままにします。"
    )
    amount = yen_field("金額（円）")
    national = yen_field("国庫支出金（円）")
    prefectural = yen_field("県支出金（円）")
    bond = yen_field("地方債（円）")
    other = yen_field("その他（円）")
    general = yen_field("一般財源（円）")
    category = models.CharField("区分", max_length=20, choices=Category, blank=True)
    is_zero_budget = models.BooleanField("ゼロ予算", default=False)
    raw_text = models.CharField("表記", max_length=200, blank=True)
    note = models.TextField(
        "コメント", blank=True, help_text="金額についての説明。警告があるときは、その理由。"
    )
    source_note = models.TextField("出典注記", blank=True)

    objects = BudgetEntryQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "予算"
        ordering = ["project", "fiscal_year", "stage", "number"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "fiscal_year", "stage", "number"], name="budget_entry_unique"
            ),
            models.CheckConstraint(
                condition=Q(
                    national__isnull=True,
                    prefectural__isnull=True,
                    bond__isnull=True,
                    other__isnull=True,
                    general__isnull=True,
                )
                | Q(
                    national__isnull=False,
                    prefectural__isnull=False,
                    bond__isnull=False,
                    other__isnull=False,
                    general__isnull=False,
                    amount__isnull=False,
                    amount=F("national") + F("prefectural") + F("bond") + F("other") + F("general"),
                ),
                name="budget_sources_sum_to_amount",
                violation_error_message="財源内訳の合計が金額と一致しません。",
            ),
            models.CheckConstraint(
                condition=Q(amount__gte=0)
                | Q(amount__isnull=True)
                | Q(stage__in=["supplementary", "transfer"]),
                name="budget_negative_only_in_changes",
                violation_error_message="マイナスの金額は補正と流用・予備費だけに入れられます。",
            ),
            models.CheckConstraint(
                condition=Q(is_zero_budget=False) | Q(amount__isnull=True) | Q(amount=0),
                name="budget_zero_has_no_amount",
                violation_error_message="ゼロ予算の事業に金額は入れられません。",
            ),
            models.CheckConstraint(
                condition=Q(stage="supplementary", number__gte=1)
                | (~Q(stage="supplementary") & Q(number=0)),
                name="budget_number_of_supplementary",
                violation_error_message="号数は補正にだけ、1以上で入れてください。",
            ),
        ]

    def __str__(self) -> str:
        number = f"{self.number}号" if self.number else ""
        return f"{self.project} {self.fiscal_year} {self.get_stage_display()}{number}"

    def clean(self) -> None:
        super().clean()
        given = [getattr(self, name) is not None for name in self.SOURCES]
        if any(given) and not all(given):
            raise ValidationError("財源内訳は5つすべてに入れてください（ないものは0）。")
        if any(given) and self.amount is None:
            raise ValidationError({"amount": "財源内訳があるときは金額も入れてください。"})
        if all(given) and self.amount != sum(getattr(self, name) for name in self.SOURCES):
            raise ValidationError({"amount": "財源内訳の合計が金額と一致しません。"})
        if self.amount is not None and self.amount < 0 and self.stage not in self.MAY_BE_NEGATIVE:
            raise ValidationError(
                {"amount": "マイナスの金額は補正と流用・予備費だけに入れられます。"}
            )
        if self.is_zero_budget and self.amount:
            raise ValidationError({"amount": "ゼロ予算の事業に金額は入れられません。"})
        if (self.stage == self.Stage.SUPPLEMENTARY) != (self.number > 0):
            raise ValidationError({"number": "号数は補正にだけ、1以上で入れてください。"})


class StatedTotal(Versioned):
    """A total that the plan's document prints, to be compared with what the rows sum to."""

    plan = models.ForeignKey(
        Plan, models.CASCADE, related_name="stated_totals", verbose_name="計画"
    )
    fiscal_year = fiscal_year_field()
    stage = models.CharField(
        "段階",
        max_length=20,
        choices=BudgetEntry.Stage,
        default=BudgetEntry.Stage.INITIAL,
    )
    tag = models.ForeignKey(
        Tag,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="stated_totals",
        verbose_name="タグ",
        help_text="空欄は計画全体の総額です。",
    )
    amount = models.BigIntegerField("金額（円）")
    raw_text = models.CharField("資料の表記", max_length=100, blank=True)
    source_note = models.TextField("出典注記", blank=True)

    objects = OfPlan.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "資料に記載の合計"
        ordering = ["plan", "fiscal_year", "stage", "tag"]
        constraints = [
            models.UniqueConstraint(
                fields=["plan", "fiscal_year", "stage", "tag"], name="stated_total_unique"
            ),
            models.UniqueConstraint(
                fields=["plan", "fiscal_year", "stage"],
                condition=Q(tag__isnull=True),
                name="stated_total_of_plan_unique",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.tag or self.plan} {self.fiscal_year}"

    def clean(self) -> None:
        super().clean()
        if self.tag is not None and self.tag.scheme.organization_id != self.plan.organization_id:
            raise ValidationError({"tag": "タグは計画と同じ団体のものを選んでください。"})
