"""A plan (計画) with its own marks, and its relations to other plans.

Other plans are named by their key and not by a foreign key: a plan book stands on its own, so a
plan can be loaded before, or without, the plans that it refers to.
"""

from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.functional import cached_property

from accounts.models import Organization
from accounts.versions import Versioned
from plans import fiscal_years
from plans.querysets import OfPlan, PlanQuerySet

FISCAL_YEAR_VALIDATORS = [
    MinValueValidator(fiscal_years.MIN_FISCAL_YEAR),
    MaxValueValidator(fiscal_years.MAX_FISCAL_YEAR),
]


def require_known_years(row: models.Model, names: Iterable[str]) -> None:
    """Raise ValidationError for moments in years that the portal does not know (the year 600)."""
    first, last = fiscal_years.MIN_FISCAL_YEAR, fiscal_years.MAX_FISCAL_YEAR
    moments = ((name, getattr(row, name)) for name in names)
    wrong = {
        name: f"{first}年から{last}年までの日時にしてください。"
        for name, moment in moments
        if moment is not None and not first <= moment.year <= last
    }
    if wrong:
        raise ValidationError(wrong)


def fiscal_year_field(label: str = "年度", **options: object) -> models.PositiveSmallIntegerField:
    """A fiscal year as an integer (2024), within the years that eras are known for."""
    return models.PositiveSmallIntegerField(label, validators=FISCAL_YEAR_VALIDATORS, **options)


class Plan(Versioned):
    """A plan of an organization, in one edition; a revision (改定) is a plan of its own."""

    class Status(models.TextChoices):
        DRAFT = "draft", "案"
        ACTIVE = "active", "有効"
        SUPERSEDED = "superseded", "旧版"

    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="plans", verbose_name="団体"
    )
    key = models.CharField("識別子", max_length=100)
    name = models.CharField("計画名", max_length=200)
    edition = models.CharField("版", max_length=100, blank=True)
    status = models.CharField("状態", max_length=20, choices=Status, default=Status.ACTIVE)
    first_fiscal_year = fiscal_year_field("開始年度")
    last_fiscal_year = fiscal_year_field("終了年度")
    revises = models.CharField(
        "改定前の計画の識別子", max_length=100, blank=True, help_text="空欄は、はじめの版です。"
    )
    applies_from = fiscal_year_field("改定の適用開始年度", null=True, blank=True)
    decided_on = models.CharField(
        "策定日", max_length=50, blank=True, help_text="資料の表記のまま（例：令和7年8月）"
    )
    as_of = models.CharField("時点", max_length=100, blank=True)
    summary = models.TextField("概要", blank=True)
    source_note = models.TextField("出典注記", blank=True)

    objects = PlanQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "計画"
        ordering = ["organization", "name", "edition"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "key"], name="plan_key_unique"),
            models.CheckConstraint(
                condition=Q(last_fiscal_year__gte=F("first_fiscal_year")),
                name="plan_years_in_order",
                violation_error_message="終了年度は開始年度以後にしてください。",
            ),
            models.CheckConstraint(
                condition=Q(revises="") | ~Q(revises=F("key")), name="plan_does_not_revise_itself"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name}（{self.edition}）" if self.edition else self.name

    @property
    def fiscal_years(self) -> range:
        return range(self.first_fiscal_year, self.last_fiscal_year + 1)

    @cached_property
    def _revises(self) -> dict[str, str]:
        """Which plan each revision in the organization revises, by their keys; one query."""
        rows = Plan.objects.filter(organization_id=self.organization_id).exclude(revises="")
        return dict(rows.values_list("key", "revises"))

    @cached_property
    def later_editions(self) -> frozenset[str]:
        """The keys of the plans that revise this one, and of those that revise them.

        Drafts count: what is changed for a revision does not hold for the plan before it.
        """
        return frozenset(key for key in self._revises if self.key in self._before(key))

    @cached_property
    def other_editions(self) -> frozenset[str]:
        """The keys of all plans that come from the same first edition as this one."""
        first = [self.key, *self._before(self.key)][-1]
        found = {key for key in self._revises if first in self._before(key)}
        return frozenset((found | {first}) - {self.key})

    def _before(self, key: str) -> list[str]:
        """The keys of the editions before one, the nearest first; a circle is walked once."""
        found: list[str] = []
        before = self._revises.get(key)
        while before is not None and before not in (*found, key):
            found.append(before)
            before = self._revises.get(before)
        return found

    @cached_property
    def successor(self) -> "Plan | None":
        """The edition that took this one's place; None as long as it is in force itself."""
        if self.status != self.Status.SUPERSEDED:
            return None
        after = Plan.objects.filter(organization_id=self.organization_id, revises=self.key)
        return after.exclude(status=self.Status.DRAFT).order_by("applies_from", "pk").first()

    @cached_property
    def predecessor(self) -> "Plan | None":
        """The edition that this one revises, if the portal holds it."""
        if not self.revises:
            return None
        return Plan.objects.filter(organization_id=self.organization_id, key=self.revises).first()

    def clean(self) -> None:
        super().clean()
        if self.status != self.Status.ACTIVE or not self.revises:
            return
        before = Plan.objects.filter(organization_id=self.organization_id, key=self.revises)
        if before.exclude(status=self.Status.SUPERSEDED).exists():
            # Names and targets of the old edition are kept as the new one comes into force.
            raise ValidationError(
                {"status": "改定した計画は、計画のページの「施行する」で有効にしてください。"}
            )

    @property
    def why_rows_are_locked(self) -> str:
        """A superseded edition stays readable as it was."""
        if self.status == self.Status.SUPERSEDED:
            return f"「{self}」は旧版のため変更できません。改定後の計画を変更してください。"
        return ""


class PlanRelation(Versioned):
    """Another plan that this one stands under or beside, whether the portal holds it or not."""

    class Kind(models.TextChoices):
        PARENT = "parent", "上位計画"
        RELATED = "related", "関連計画"

    plan = models.ForeignKey(Plan, models.CASCADE, related_name="relations", verbose_name="計画")
    kind = models.CharField("関係", max_length=20, choices=Kind)
    related_key = models.CharField(
        "相手の計画の識別子",
        max_length=100,
        blank=True,
        help_text="ポータルにある同じ団体の計画の識別子。空欄は、ポータルにない計画です。",
    )
    name = models.CharField("相手の計画名", max_length=200)
    note = models.TextField("注記", blank=True)

    objects = OfPlan.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "計画の関係"
        ordering = ["plan", "kind", "name"]
        constraints = [
            models.UniqueConstraint(fields=["plan", "kind", "name"], name="plan_relation_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}：{self.name}"


class Mark(Versioned):
    """One mark of a plan's own scale (○予定どおり, △遅れている, A–D …)."""

    plan = models.ForeignKey(Plan, models.CASCADE, related_name="marks", verbose_name="計画")
    key = models.CharField("識別子", max_length=50)
    symbol = models.CharField("記号", max_length=10)
    label = models.CharField("意味", max_length=50)
    position = models.PositiveIntegerField("並び順", default=0)
    is_behind = models.BooleanField("遅れを表す", default=False)
    threshold = models.DecimalField(
        "目安（達成率％以上）",
        max_digits=7,
        decimal_places=2,
        null=True,
        blank=True,
        help_text="達成率がこの値以上のとき、この記号を目安として示します。空欄は目安なし。",
    )

    objects = OfPlan.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "評価記号"
        ordering = ["plan", "position"]
        constraints = [models.UniqueConstraint(fields=["plan", "key"], name="mark_key_unique")]

    def __str__(self) -> str:
        return f"{self.symbol} {self.label}"
