from accounts.models.audit import AuditEntry, Channel
from accounts.models.calls import ApiCall
from accounts.models.changes import Deletion, Handover
from accounts.models.notices import MailSetting, Notice
from accounts.models.organizations import Department, DepartmentSuccession, Organization
from accounts.models.people import Role, RoleAssignment, User
from accounts.models.tokens import ApiToken

__all__ = [
    "ApiCall",
    "ApiToken",
    "AuditEntry",
    "Channel",
    "Deletion",
    "Department",
    "DepartmentSuccession",
    "Handover",
    "MailSetting",
    "Notice",
    "Organization",
    "Role",
    "RoleAssignment",
    "User",
]
