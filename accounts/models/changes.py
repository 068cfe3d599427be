"""What keeps the past readable: rows that were deleted, and items that changed hands."""

from django.db import models
from django.db.models import Q

from accounts.models.audit import Channel
from accounts.models.organizations import Department, Organization
from accounts.models.people import User
from accounts.querysets import OfNumberedPlan


class Deletion(models.Model):
    """One act of deleting, with everything that went along, so that it can be undone.

    `rows` holds the deleted rows as Django's serializer writes them, those that others refer to
    first; restoring gives them back with their primary keys.
    """

    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="deletions", verbose_name="団体"
    )
    deleted_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="削除した人"
    )
    deleted_by_name = models.CharField("削除した人の名前", max_length=150)
    channel = models.CharField("経路", max_length=20, choices=Channel)
    deleted_at = models.DateTimeField("削除日時", auto_now_add=True)
    object_type = models.CharField("種類", max_length=100)
    object_id = models.PositiveBigIntegerField("行の番号")
    object_label = models.CharField("名称", max_length=300)
    plan_id = models.PositiveBigIntegerField("計画の番号", null=True, blank=True)
    rows = models.JSONField("削除した行")
    restored_at = models.DateTimeField("元に戻した日時", null=True, blank=True)
    restored_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="元に戻した人"
    )

    objects = OfNumberedPlan.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "削除の控え"
        ordering = ["-deleted_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(restored_by__isnull=True) | Q(restored_at__isnull=False),
                name="deletion_restored_at_a_time",
            )
        ]

    def __str__(self) -> str:
        return self.object_label


class Handover(models.Model):
    """An item that went from one department to another on a day, as departments are reorganised.

    The item itself names its department of today; past years read the department of their day
    from these rows.
    """

    from_department = models.ForeignKey(
        Department, models.PROTECT, related_name="handed_over", verbose_name="旧部局"
    )
    to_department = models.ForeignKey(
        Department, models.PROTECT, related_name="taken_over", verbose_name="新部局"
    )
    on = models.DateField("引継日")
    object_type = models.CharField("種類", max_length=100)
    object_id = models.PositiveBigIntegerField("行の番号")
    created_at = models.DateTimeField("記録日時", auto_now_add=True)

    class Meta:
        verbose_name = verbose_name_plural = "所管の引継ぎ"
        ordering = ["on", "id"]
        indexes = [models.Index(fields=["object_type", "object_id"])]

    def __str__(self) -> str:
        return f"{self.from_department} → {self.to_department}（{self.on}）"
