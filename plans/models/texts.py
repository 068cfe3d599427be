"""What a plan says beside its tree: its own text, its glossary, reference lists, and mappings."""

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from accounts.versions import Versioned
from plans.models.measures import Measure
from plans.models.plan import Plan
from plans.querysets import OfPlan, OfReferenceList, OfTerm


class PlanSection(Versioned):
    """A passage of the plan's text (背景・目的, 目指す姿, 推進体制 …) outside the tree."""

    class Kind(models.TextChoices):
        BODY = "body", "本文"
        VISION = "vision", "目指す姿"
        PRINCIPLE = "principle", "推進姿勢"

    plan = models.ForeignKey(Plan, models.CASCADE, related_name="sections", verbose_name="計画")
    key = models.CharField("識別子", max_length=100)
    kind = models.CharField("種類", max_length=20, choices=Kind, default=Kind.BODY)
    number = models.CharField("番号", max_length=50, blank=True)
    title = models.CharField("見出し", max_length=200)
    text = models.TextField("本文", blank=True)
    position = models.PositiveIntegerField("並び順", default=0)
    source_note = models.TextField("出典注記", blank=True)

    objects = OfPlan.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "計画の本文"
        ordering = ["plan", "position", "id"]
        constraints = [models.UniqueConstraint(fields=["plan", "key"], name="section_key_unique")]

    def __str__(self) -> str:
        return f"{self.number} {self.title}".strip()


class GlossaryTerm(Versioned):
    """A term of the plan's glossary (用語集), or one that only its notes explain."""

    plan = models.ForeignKey(Plan, models.CASCADE, related_name="glossary", verbose_name="計画")
    term = models.CharField("用語", max_length=100)
    reading = models.CharField("よみ", max_length=100, blank=True)
    text = models.TextField("説明")
    page = models.CharField("頁", max_length=20, blank=True)
    position = models.PositiveIntegerField("並び順", default=0)
    source_note = models.TextField("出典注記", blank=True)

    objects = OfPlan.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "用語"
        ordering = ["plan", "position", "term"]
        constraints = [
            models.UniqueConstraint(fields=["plan", "term"], name="glossary_term_unique")
        ]

    def __str__(self) -> str:
        return self.term


class TermNote(Versioned):
    """A note (脚注) that explains a term where it stands; it may say it in other words."""

    term = models.ForeignKey(
        GlossaryTerm, models.CASCADE, related_name="notes", verbose_name="用語"
    )
    position = models.PositiveIntegerField("並び順", default=1)
    mark = models.CharField("注の記号", max_length=20, blank=True)
    measure = models.ForeignKey(
        Measure,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="term_notes",
        verbose_name="施策",
    )
    section = models.ForeignKey(
        PlanSection,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="term_notes",
        verbose_name="本文",
    )
    text = models.TextField("注の説明", blank=True, help_text="空欄は用語の説明と同じです。")
    page = models.CharField("頁", max_length=20, blank=True)
    source_note = models.TextField("出典注記", blank=True)

    objects = OfTerm.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "用語の注"
        ordering = ["term", "position"]
        constraints = [
            models.UniqueConstraint(fields=["term", "position"], name="term_note_unique"),
            models.CheckConstraint(
                condition=Q(measure__isnull=True) | Q(section__isnull=True),
                name="term_note_in_one_place",
                violation_error_message="注は施策か本文のどちらか1つに置きます。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.mark} {self.term}".strip()

    @property
    def differs(self) -> bool:
        """Whether the note explains the term in other words than the glossary."""
        return self.text not in ("", self.term.text)

    def clean(self) -> None:
        super().clean()
        for name in ("measure", "section"):
            place = getattr(self, name)
            if place is not None and place.plan_id != self.term.plan_id:
                raise ValidationError({name: "同じ計画のものを選んでください。"})


class ReferenceList(Versioned):
    """A list or table of facts with the day they hold for (標準化対象20業務, 調査の結果 …)."""

    plan = models.ForeignKey(
        Plan, models.CASCADE, related_name="reference_lists", verbose_name="計画"
    )
    key = models.CharField("識別子", max_length=100)
    measure = models.ForeignKey(
        Measure,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="reference_lists",
        verbose_name="施策",
        help_text="空欄は計画全体の参考資料です。",
    )
    title = models.CharField("見出し", max_length=200)
    as_of = models.CharField("時点", max_length=100, blank=True)
    note = models.TextField("注記", blank=True)
    position = models.PositiveIntegerField("並び順", default=0)
    source_note = models.TextField("出典注記", blank=True)

    objects = OfPlan.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "参考一覧"
        ordering = ["plan", "position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["plan", "key"], name="reference_list_key_unique")
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def has_figures(self) -> bool:
        """Whether it is a table of figures and not a mere list of names."""
        return any(item.raw_text or item.value is not None for item in self.items.all())

    def clean(self) -> None:
        super().clean()
        if self.measure is not None and self.measure.plan_id != self.plan_id:
            raise ValidationError({"measure": "施策は同じ計画のものを選んでください。"})


class ReferenceItem(Versioned):
    """One entry of a reference list; a figure keeps what was written (約68%) beside its value."""

    reference_list = models.ForeignKey(
        ReferenceList, models.CASCADE, related_name="items", verbose_name="参考一覧"
    )
    position = models.PositiveIntegerField("並び順", default=1)
    label = models.CharField("項目", max_length=300)
    value = models.DecimalField("数値", max_digits=20, decimal_places=6, null=True, blank=True)
    unit = models.CharField("単位", max_length=30, blank=True)
    raw_text = models.CharField("資料の表記", max_length=200, blank=True)
    note = models.TextField("注記", blank=True)

    objects = OfReferenceList.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "参考一覧の項目"
        ordering = ["reference_list", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["reference_list", "position"], name="reference_item_unique"
            )
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def figure(self) -> str:
        """The value as a person writes it, without the zeros that only fill its decimals."""
        if self.value is None:
            return ""
        text = f"{self.value:,f}"
        return text.rstrip("0").rstrip(".") if "." in text else text


class Correspondence(Versioned):
    """A row of a mapping between this plan and another plan, a law or a list (対応表)."""

    plan = models.ForeignKey(
        Plan, models.CASCADE, related_name="correspondences", verbose_name="計画"
    )
    table = models.CharField("対応表の名前", max_length=200)
    position = models.PositiveIntegerField("並び順", default=1)
    theirs = models.CharField("相手の表記", max_length=300)
    ours = models.CharField("本計画での表記", max_length=300)
    measure = models.ForeignKey(
        Measure,
        models.RESTRICT,
        null=True,
        blank=True,
        related_name="correspondences",
        verbose_name="本計画の施策",
    )
    other_plan = models.CharField("相手の計画の識別子", max_length=100, blank=True)
    other_measure = models.CharField("相手の施策の識別子", max_length=100, blank=True)
    note = models.TextField("注記", blank=True)
    source_note = models.TextField("出典注記", blank=True)

    objects = OfPlan.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "対応関係"
        ordering = ["plan", "table", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["plan", "table", "position"], name="correspondence_unique"
            ),
            models.CheckConstraint(
                condition=Q(other_measure="") | ~Q(other_plan=""),
                name="correspondence_measure_of_a_plan",
                violation_error_message="相手の施策には、相手の計画の識別子が必要です。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.theirs} ↔ {self.ours}"

    def clean(self) -> None:
        super().clean()
        if self.measure is not None and self.measure.plan_id != self.plan_id:
            raise ValidationError({"measure": "施策は同じ計画のものを選んでください。"})
