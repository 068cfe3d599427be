"""People and what they may do where."""

from typing import TYPE_CHECKING

from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from accounts.models.organizations import Department, Organization

if TYPE_CHECKING:
    from accounts.models.tokens import ApiToken


class User(AbstractUser):
    """A person or a system that signs in; rights come from role assignments alone."""

    display_name = models.CharField("氏名", max_length=100, blank=True)
    organization = models.ForeignKey(
        Organization,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="users",
        verbose_name="所属団体",
    )

    # Who this is at the city's OpenID provider: what its claim says (`settings.OIDC_CLAIM`).
    external_id = models.CharField(
        "庁内認証の識別子",
        max_length=255,
        blank=True,
        help_text="職員番号など。庁内認証（OpenID Connect）でサインインする人だけに入れます。",
    )
    # The token through which a system acts as this user in one call; no field. Its limits narrow
    # the scope (`accounts.policy`), so that everything which asks the scope keeps to them.
    token: "ApiToken | None" = None

    class Meta(AbstractUser.Meta):
        verbose_name = verbose_name_plural = "利用者"
        constraints = [
            models.UniqueConstraint(
                fields=["external_id"],
                condition=~Q(external_id=""),
                name="user_external_id_unique",
                violation_error_message="この庁内認証の識別子は、ほかの利用者に使われています。",
            )
        ]

    def __str__(self) -> str:
        return self.display_name or self.username


class Role(models.TextChoices):
    EDITOR = "editor", "入力担当"
    APPROVER = "approver", "所属長"
    COORDINATOR = "coordinator", "事務局"
    VIEWER = "viewer", "閲覧"
    ADMIN = "admin", "管理者"
    SERVICE = "service", "外部システム"


class RoleAssignment(models.Model):
    """A role in an organization; with a department, in that department and those below it."""

    user = models.ForeignKey(
        User, models.CASCADE, related_name="role_assignments", verbose_name="利用者"
    )
    role = models.CharField("役割", max_length=20, choices=Role)
    organization = models.ForeignKey(
        Organization, models.CASCADE, related_name="role_assignments", verbose_name="団体"
    )
    department = models.ForeignKey(
        Department,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="role_assignments",
        verbose_name="部局",
        help_text="空欄は団体全体。部局を選ぶと、その下の課・室も含みます。",
    )

    class Meta:
        verbose_name = verbose_name_plural = "役割の割当"
        constraints = [
            models.UniqueConstraint(
                fields=["user", "role", "department"],
                condition=Q(department__isnull=False),
                name="role_assignment_unique_department",
            ),
            models.UniqueConstraint(
                fields=["user", "role", "organization"],
                condition=Q(department__isnull=True),
                name="role_assignment_unique_organization",
            ),
        ]

    def __str__(self) -> str:
        place = self.department or self.organization
        return f"{self.user}：{self.get_role_display()}（{place}）"

    def clean(self) -> None:
        if self.department and self.department.organization_id != self.organization_id:
            raise ValidationError({"department": "部局は選んだ団体のものにしてください。"})
