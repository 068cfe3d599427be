"""Writing the audit log: always in the transaction of the change that it tells of."""

import datetime
import decimal
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db import models

from accounts.models import ApiToken, AuditEntry, Channel, User
from accounts.rows import plan_id_of


@dataclass(frozen=True)
class Actor:
    """Who does something, and through which channel. Without a user it is the system itself."""

    user: User | AnonymousUser
    channel: Channel
    token: ApiToken | None = None

    @classmethod
    def system(cls, channel: Channel = Channel.COMMAND) -> "Actor":
        """The operator at the machine's command line, who is above the portal's roles."""
        return _SystemActor(AnonymousUser(), channel)

    @property
    def is_system(self) -> bool:
        return False

    @property
    def is_read_only(self) -> bool:
        return self.token is not None and self.token.is_read_only

    @property
    def account(self) -> User | None:
        return self.user if isinstance(self.user, User) else None

    @property
    def name(self) -> str:
        return str(self.account or "システム")


class _SystemActor(Actor):
    @property
    def is_system(self) -> bool:
        return True


Values = dict[str, Any]


def values_of(instance: models.Model, fields: Iterable[str]) -> Values:
    """The named fields of a row as JSON can carry them; decimals as text, never floats."""
    return {name: _plain(getattr(instance, _attribute(instance, name))) for name in fields}


def _attribute(instance: models.Model, name: str) -> str:
    """The column's attribute: `department` is read as `department_id`, without a query."""
    field = instance._meta.get_field(name)
    return getattr(field, "attname", name)


def _plain(value: Any) -> Any:
    if isinstance(value, decimal.Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, datetime.datetime | datetime.date):
        return value.isoformat()
    return value


def entry(
    actor: Actor,
    action: str,
    instance: models.Model,
    organization_id: int | None,
    before: Values | None = None,
    after: Values | None = None,
    reason: str = "",
) -> AuditEntry:
    """An unsaved entry; of `before` and `after` only the fields that differ are kept.

    Where something was made or removed, a field that says nothing (null, an empty text or list)
    is left out.
    """
    before, after = before or {}, after or {}
    changed = [
        name
        for name in {**before, **after}
        if before.get(name, "") != after.get(name, "")
        and any(said not in (None, "", []) for said in (before.get(name), after.get(name)))
    ]
    return AuditEntry(
        actor=actor.account,
        actor_name=actor.name,
        token=actor.token,
        channel=actor.channel,
        organization_id=organization_id,
        action=action,
        object_type=instance._meta.label_lower,
        object_id=instance.pk,
        object_label=str(instance)[:300],
        plan_id=plan_id_of(instance),
        before={name: before[name] for name in changed if name in before},
        after={name: after[name] for name in changed if name in after},
        reason=reason,
    )


def record(
    actor: Actor,
    action: str,
    instance: models.Model,
    organization_id: int | None,
    before: Values | None = None,
    after: Values | None = None,
    reason: str = "",
) -> AuditEntry:
    """Write one entry (see `entry`); call it inside the change's transaction."""
    made = entry(actor, action, instance, organization_id, before, after, reason)
    made.save()
    return made
