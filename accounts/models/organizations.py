"""Organizations and their departments, which are reorganised every April."""

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from tree_queries.models import TreeNode

from accounts.querysets import DepartmentQuerySet, OrganizationQuerySet
from accounts.versions import Versioned

CODE_WEIGHTS = (6, 5, 4, 3, 2)


def check_digit(five_digits: str) -> str:
    """The check digit of a 全国地方公共団体コード (総務省).

    Weights 6 5 4 3 2, then the last digit of 11 − (sum mod 11).
    """
    total = sum(
        int(digit) * weight for digit, weight in zip(five_digits, CODE_WEIGHTS, strict=True)
    )
    return str(11 - total % 11)[-1]


def validate_organization_code(code: str) -> None:
    """Refuse a code that is not six ASCII digits with a right check digit."""
    if len(code) != 6 or not (code.isascii() and code.isdigit()):
        raise ValidationError("全国地方公共団体コードは半角数字6桁です（例：422029）。")
    if check_digit(code[:5]) != code[5]:
        raise ValidationError(
            "検査数字が合いません。%(code)s の6桁目は %(digit)s のはずです。",
            params={"code": code, "digit": check_digit(code[:5])},
        )


class Organization(Versioned):
    """A municipality (団体)."""

    code = models.CharField(
        "全国地方公共団体コード", max_length=6, unique=True, validators=[validate_organization_code]
    )
    name = models.CharField("名称", max_length=100)
    kana = models.CharField("ふりがな", max_length=100, blank=True)
    source_note = models.TextField("出典注記", blank=True)

    objects = OrganizationQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "団体"
        ordering = ["code"]

    def __str__(self) -> str:
        return self.name


class Department(TreeNode, Versioned):
    """A department, section or office (部局・課・室) with the days between which it exists."""

    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="departments", verbose_name="団体"
    )
    key = models.CharField("識別子", max_length=100)
    name = models.CharField("名称", max_length=100)
    position = models.PositiveIntegerField("並び順", default=0)
    valid_from = models.DateField("設置日", null=True, blank=True)
    valid_to = models.DateField("廃止日（最終日）", null=True, blank=True)
    source_note = models.TextField("出典注記", blank=True)

    objects = DepartmentQuerySet.as_manager(with_tree_fields=False)

    class Meta:
        verbose_name = verbose_name_plural = "部局"
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "key"], name="department_key_unique"),
            models.CheckConstraint(
                condition=Q(valid_from__isnull=True)
                | Q(valid_to__isnull=True)
                | Q(valid_to__gte=F("valid_from")),
                name="department_dates_in_order",
                violation_error_message="廃止日は設置日より後の日付にしてください。",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def label(self) -> str:
        """The name with that of today's department: 「情報政策推進室（現 DX推進課）」.

        For lists, fetch the successions first (`DepartmentSuccession.fetched`).
        """
        successions = list(self.successions.all())
        if not successions:
            return self.name
        # A successor that has one of its own is not the department of today.
        word = "のちの" if any(getattr(s, "goes_on", False) for s in successions) else "現"
        return f"{self.name}（{word} {'・'.join(str(s.successor) for s in successions)}）"

    def clean(self) -> None:
        super().clean()
        if self.parent is not None and self.parent.organization_id != self.organization_id:
            raise ValidationError({"parent": "上位の部局は同じ団体のものを選んでください。"})


class DepartmentSuccession(models.Model):
    """A department that took over from another one on a day (組織改編)."""

    predecessor = models.ForeignKey(
        Department, models.CASCADE, related_name="successions", verbose_name="旧部局"
    )
    successor = models.ForeignKey(
        Department, models.CASCADE, related_name="predecessions", verbose_name="新部局"
    )
    on = models.DateField("改編日", null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "部局の承継"
        constraints = [
            models.UniqueConstraint(
                fields=["predecessor", "successor"], name="department_succession_unique"
            ),
            models.CheckConstraint(
                condition=~Q(predecessor=F("successor")), name="department_succession_not_itself"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.predecessor} → {self.successor}"

    @classmethod
    def fetched(cls, path: str = "") -> models.Prefetch:
        """Fetch what `Department.label` reads; `path` leads to the department (`department__`)."""
        further = cls.objects.filter(predecessor=OuterRef("successor"))
        rows = cls.objects.select_related("successor").annotate(goes_on=Exists(further))
        return models.Prefetch(f"{path}successions", rows.order_by("on", "pk"))

    def clean(self) -> None:
        if self.predecessor.organization_id != self.successor.organization_id:
            raise ValidationError("承継は同じ団体の部局の間に限ります。")
