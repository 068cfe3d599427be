"""What a round asks of whom, item by item, and what people said and granted about it."""

import datetime

from django.db import models
from django.db.models import Q

from accounts.models import Department, User
from accounts.versions import Versioned
from plans.models.cycles import ReportingCycle
from plans.models.measures import Measure
from plans.models.plan import require_known_years
from plans.querysets import CorrectionQuerySet, ItemQuerySet, OfCycle, OfItem


class RoundItem(Versioned):
    """One thing that a round asks of one department, with how far it has come.

    The thing itself lives on a floor above (an indicator's actual, a project's progress, settled
    figures), so it is named by kind and number. The department is that of the day on which the
    round was opened: a later reorganisation hands over open rounds only.
    """

    class Kind(models.TextChoices):
        ACTUAL = "actual", "実績値"
        PROGRESS = "progress", "事業の進捗"
        REVIEW = "review", "施策の評価"
        SETTLEMENT = "settlement", "決算"

    class State(models.TextChoices):
        UNTOUCHED = "untouched", "未着手"
        DRAFT = "draft", "下書き"
        SUBMITTED = "submitted", "提出"
        APPROVED = "approved", "承認"
        FINAL = "final", "確定"

    ENTRY_STATES = (State.UNTOUCHED, State.DRAFT)
    LOCKED_STATES = (State.SUBMITTED, State.APPROVED, State.FINAL)

    cycle = models.ForeignKey(
        ReportingCycle, models.CASCADE, related_name="items", verbose_name="年度照会"
    )
    kind = models.CharField("種類", max_length=20, choices=Kind)
    object_id = models.PositiveBigIntegerField(
        "対象の番号", help_text="実績値は指標、進捗と決算は事業、評価は施策の番号。"
    )
    label = models.CharField("名称", max_length=300)
    department = models.ForeignKey(
        Department,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="round_items",
        verbose_name="部局",
        help_text="空欄は、計画に所管課の記載がないもの（事務局が入力します）。",
    )
    measure = models.ForeignKey(
        Measure,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="round_items",
        verbose_name="掲載先の施策",
    )
    position = models.PositiveIntegerField("並び順", default=0)
    state = models.CharField("状態", max_length=20, choices=State, default=State.UNTOUCHED)
    entered_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="入力者"
    )
    entered_at = models.DateTimeField("入力日時", null=True, blank=True)
    submitted_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="提出者"
    )
    submitted_at = models.DateTimeField("提出日時", null=True, blank=True)
    approved_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="承認者"
    )
    approved_at = models.DateTimeField("承認日時", null=True, blank=True)
    return_reason = models.TextField("差戻し・再開の理由", blank=True)

    objects = ItemQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "照会の項目"
        ordering = ["cycle", "position", "id"]
        indexes = [models.Index(fields=["kind", "object_id"], name="round_item_object")]
        constraints = [
            models.UniqueConstraint(
                fields=["cycle", "kind", "object_id"], name="round_item_unique"
            ),
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True)
                | (
                    (Q(entered_by__isnull=True) | ~Q(approved_by=models.F("entered_by")))
                    & (Q(submitted_by__isnull=True) | ~Q(approved_by=models.F("submitted_by")))
                ),
                name="round_item_not_approved_by_its_writer",
                violation_error_message="入力・提出した本人は承認できません。",
            ),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def is_record(self) -> bool:
        return self.state != self.State.UNTOUCHED

    @property
    def is_returned(self) -> bool:
        """Sent back to be mended, with a reason, and not sent again since."""
        return self.state == self.State.DRAFT and bool(self.return_reason)


class Extension(Versioned):
    """More time after a round's end: for the whole round, a department, or one item."""

    cycle = models.ForeignKey(
        ReportingCycle, models.CASCADE, related_name="extensions", verbose_name="年度照会"
    )
    department = models.ForeignKey(
        Department,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="部局",
        help_text="空欄は、すべての部局。",
    )
    item = models.ForeignKey(
        RoundItem,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="extensions",
        verbose_name="項目",
        help_text="空欄は、すべての項目。",
    )
    until = models.DateTimeField("延長後の期限", help_text="この時刻になると入力できなくなります。")
    reason = models.TextField("理由")
    granted_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="認めた人"
    )
    granted_at = models.DateTimeField("認めた日時", auto_now_add=True)
    ended_at = models.DateTimeField("取りやめた日時", null=True, blank=True)

    objects = OfCycle.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "期限の延長"
        ordering = ["cycle", "-until", "id"]

    def __str__(self) -> str:
        return f"{self.item or self.department or 'すべての部局'}：{self.until:%Y-%m-%d %H:%M}"

    def clean(self) -> None:
        super().clean()
        require_known_years(self, ("until",))

    def covers(self, item: RoundItem, now: datetime.datetime) -> bool:
        if self.ended_at is not None or now >= self.until:
            return False
        if self.item_id is not None:
            return self.item_id == item.pk
        return self.department_id is None or self.department_id == item.department_id


class ItemComment(models.Model):
    """One contribution to the discussion at an item."""

    item = models.ForeignKey(
        RoundItem, models.CASCADE, related_name="comments", verbose_name="項目"
    )
    by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="書いた人"
    )
    at = models.DateTimeField("日時", auto_now_add=True)
    text = models.TextField("内容", max_length=2000)

    objects = OfItem.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "項目のやりとり"
        ordering = ["item", "at", "id"]

    def __str__(self) -> str:
        return self.text[:40]


class Correction(models.Model):
    """A change of a settled figure (訂正): what it was, what it is, and why, for the 正誤表."""

    item = models.ForeignKey(
        RoundItem, models.PROTECT, related_name="corrections", verbose_name="項目"
    )
    field = models.CharField("訂正した欄", max_length=100)
    before = models.TextField("誤", blank=True)
    after = models.TextField("正", blank=True)
    reason = models.TextField("理由")
    corrected_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="訂正した人"
    )
    corrected_at = models.DateTimeField("訂正日時", auto_now_add=True)

    objects = CorrectionQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "訂正"
        ordering = ["item", "corrected_at", "id"]

    def __str__(self) -> str:
        return f"{self.item}（{self.field}）：{self.before} → {self.after}"


def evidence_path(evidence: "Evidence", filename: str) -> str:
    item = evidence.item
    return f"evidence/{item.cycle_id}/{item.pk}/{evidence.sha256[:16]}/{filename}"


class Evidence(models.Model):
    """A file that supports what was entered (根拠資料); kept as it was put in."""

    item = models.ForeignKey(
        RoundItem, models.PROTECT, related_name="evidence", verbose_name="項目"
    )
    file = models.FileField("ファイル", upload_to=evidence_path, max_length=300)
    name = models.CharField("ファイル名", max_length=200)
    size = models.PositiveBigIntegerField("大きさ（バイト）")
    sha256 = models.CharField("SHA-256", max_length=64)
    added_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="添付者"
    )
    added_at = models.DateTimeField("添付日時", auto_now_add=True)

    objects = OfItem.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "根拠資料"
        ordering = ["item", "added_at", "id"]

    def __str__(self) -> str:
        return self.name
