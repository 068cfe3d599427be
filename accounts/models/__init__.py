from accounts.models.audit import AuditEntry, Channel
from accounts.models.organizations import Department, DepartmentSuccession, Organization
from accounts.models.people import Role, RoleAssignment, User
from accounts.models.tokens import ApiToken

__all__ = [
    "ApiToken",
    "AuditEntry",
    "Channel",
    "Department",
    "DepartmentSuccession",
    "Organization",
    "Role",
    "RoleAssignment",
    "User",
]
