"""The administrator's pages: departments, people, roles, tokens (revoking), the audit log.

Every change made here is written to the audit log in the same transaction; figures and plans are
not registered, because their verbs in `services.py` are the only way to change them.
"""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.db import models
from django.http import HttpRequest

from accounts import audit
from accounts.audit import Actor
from accounts.models import (
    ApiToken,
    AuditEntry,
    Channel,
    Department,
    DepartmentSuccession,
    Organization,
    RoleAssignment,
    User,
)
from accounts.policy import Act, scope_of
from accounts.tokens import revoke_token
from accounts.versions import Versioned

admin.site.site_header = admin.site.site_title = "DX計画ポータル　利用者と組織の管理"

SECRET_FIELDS = {"password", "digest"}
# Changed by every save, so they say nothing about what a person did.
KEPT_BY_THE_SYSTEM = {"last_login", "version", "updated_at"}


def _auditable(instance: models.Model) -> list[str]:
    return [
        field.name
        for field in instance._meta.concrete_fields
        if field.name not in SECRET_FIELDS | KEPT_BY_THE_SYSTEM
    ]


def _organization_id(instance: models.Model) -> int | None:
    if isinstance(instance, Organization):
        return instance.pk
    if isinstance(instance, ApiToken):
        return instance.user.organization_id
    if isinstance(instance, DepartmentSuccession):
        return instance.predecessor.organization_id
    return getattr(instance, "organization_id", None)


def _own_organizations(request: HttpRequest) -> frozenset[int]:
    return scope_of(request.user).organizations.get(Act.ADMINISTER, frozenset())


def _own_choices(db_field: Any, request: HttpRequest) -> dict[str, Any]:
    """Only rows of the administrator's own organizations are offered, and so accepted."""
    organizations = _own_organizations(request)
    related = db_field.remote_field.model
    if related is Organization:
        return {"queryset": Organization.objects.filter(pk__in=organizations)}
    if related in (Department, User):
        return {"queryset": related.objects.filter(organization_id__in=organizations)}
    return {}


class Audited(admin.ModelAdmin):
    """Writes an audit entry for every row that is added, changed or deleted, inlines included.

    Who has the act 管理 in an organization sees and changes its rows; Django's own superuser flag
    opens nothing here.
    """

    def _may(self, request: HttpRequest) -> bool:
        return scope_of(request.user).may_anywhere(Act.ADMINISTER)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self._may(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may_on(request, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self._may(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may_on(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may_on(request, obj)

    def _may_on(self, request: HttpRequest, obj: models.Model | None) -> bool:
        if obj is None:
            return self._may(request)
        organization_id = _organization_id(obj)
        return organization_id is not None and scope_of(request.user).covers(
            Act.ADMINISTER, organization_id
        )

    organization_path = "organization_id"

    def get_queryset(self, request: HttpRequest) -> models.QuerySet:
        rows = super().get_queryset(request)
        return rows.filter(**{f"{self.organization_path}__in": _own_organizations(request)})

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        kwargs |= _own_choices(db_field, request)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        before = self._stored(obj) if change else {}
        if change and isinstance(obj, Versioned):
            obj.version += 1
        super().save_model(request, obj, form, change)
        self._record(request, obj, before)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        self._record_deletion(request, obj)
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: models.QuerySet) -> None:
        for obj in queryset:
            self.delete_model(request, obj)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        changed = formset.save(commit=False)
        for obj in formset.deleted_objects:
            self._record_deletion(request, obj)
            obj.delete()
        for obj in changed:
            before = self._stored(obj) if obj.pk else {}
            obj.save()
            self._record(request, obj, before)
        formset.save_m2m()

    @staticmethod
    def _stored(obj: models.Model) -> audit.Values:
        stored = type(obj)._base_manager.get(pk=obj.pk)
        return audit.values_of(stored, _auditable(stored))

    @staticmethod
    def _record(request: HttpRequest, obj: models.Model, before: audit.Values) -> None:
        actor = Actor(request.user, Channel.ADMIN)
        action = f"{obj._meta.model_name}.{'update' if before else 'create'}"
        after = audit.values_of(obj, _auditable(obj))
        audit.record(actor, action, obj, _organization_id(obj), before, after)

    @staticmethod
    def _record_deletion(request: HttpRequest, obj: models.Model) -> None:
        actor = Actor(request.user, Channel.ADMIN)
        before = audit.values_of(obj, _auditable(obj))
        audit.record(
            actor, f"{obj._meta.model_name}.delete", obj, _organization_id(obj), before, {}
        )


@admin.register(Organization)
class OrganizationAdmin(Audited):
    list_display = ["code", "name"]
    organization_path = "pk"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # a new organization comes with its plan book, loaded by the operator

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Department)
class DepartmentAdmin(Audited):
    list_display = ["name", "parent", "valid_from", "valid_to"]
    search_fields = ["name", "key"]


@admin.register(DepartmentSuccession)
class DepartmentSuccessionAdmin(Audited):
    list_display = ["predecessor", "successor", "on"]
    organization_path = "predecessor__organization_id"


class RoleAssignmentInline(admin.TabularInline):
    model = RoleAssignment
    extra = 0

    def get_queryset(self, request: HttpRequest) -> models.QuerySet:
        return super().get_queryset(request).filter(organization_id__in=_own_organizations(request))

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        kwargs |= _own_choices(db_field, request)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return scope_of(request.user).may_anywhere(Act.ADMINISTER)

    has_view_permission = has_change_permission = has_delete_permission = has_add_permission


@admin.register(User)
class PersonAdmin(Audited, UserAdmin):
    list_display = ["username", "display_name", "is_active", "last_login"]
    list_filter = ["is_active"]
    search_fields = ["username", "display_name"]
    inlines = [RoleAssignmentInline]
    fieldsets = [
        (None, {"fields": ["username", "password"]}),
        ("氏名と所属", {"fields": ["display_name", "email", "organization", "external_id"]}),
        ("利用の可否", {"fields": ["is_active", "is_staff"]}),
    ]
    add_fieldsets = [
        (
            None,
            {"fields": ["username", "display_name", "organization", "password1", "password2"]},
        )
    ]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # people leave by being made inactive; what they did stays theirs


@admin.register(ApiToken)
class ApiTokenAdmin(Audited):
    """Tokens are issued, changed and replaced on the portal's own pages; here they are revoked."""

    list_display = ["name", "user", "scope", "created_at", "expires_at", "revoked_at"]
    fields = [
        "user",
        "name",
        "scope",
        "organization_ids",
        "plan_ids",
        "resources",
        "addresses",
        "hint",
        "expires_at",
        "last_used_at",
        "revoked_at",
        "replaces",
    ]
    organization_path = "user__organization_id"
    actions = ["revoke"]

    @admin.action(description="選択したトークンを失効させる")
    def revoke(self, request: HttpRequest, queryset: models.QuerySet[ApiToken]) -> None:
        for token in queryset:
            revoke_token(Actor(request.user, Channel.ADMIN), token)
        self.message_user(request, "選択したトークンを失効させました。元には戻せません。")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # what a token did stays traceable

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False


@admin.register(AuditEntry)
class AuditEntryAdmin(Audited):
    list_display = ["at", "actor_name", "channel", "action", "object_label"]
    list_filter = ["channel", "action"]
    search_fields = ["object_label", "actor_name"]
    date_hierarchy = "at"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
