"""What limits of tokens and entries of the log are called."""

from collections.abc import Iterable
from typing import Any

from django.apps import apps

from accounts.models import ApiToken, Organization
from accounts.rest.resources import resource_labels
from plans.models import Plan

EVERYTHING = "限らない"


def kind_of(object_type: str) -> str:
    """The kind of a row as people call it."""
    try:
        return str(apps.get_model(object_type)._meta.verbose_name)
    except (LookupError, ValueError):  # of an app that was removed
        return object_type


class LimitNames:
    """The limits of many tokens in words; plans and organizations are read at once."""

    def __init__(self, tokens: Iterable[ApiToken]) -> None:
        tokens = list(tokens)
        plan_ids = {pk for token in tokens for pk in token.plan_ids}
        organization_ids = {pk for token in tokens for pk in token.organization_ids}
        self.plans = Plan.objects.in_bulk(plan_ids)
        self.organizations = Organization.objects.in_bulk(organization_ids)
        self.resources = resource_labels()

    def of(self, token: ApiToken) -> dict[str, str]:
        """Each kind of limit with what it is limited to."""
        return {
            "団体": self._joined(self.organizations.get(pk, pk) for pk in token.organization_ids),
            "計画": self._joined(self.plans.get(pk, f"番号{pk}") for pk in token.plan_ids),
            "対象": self._joined(self.resource(name) for name in token.resources),
            "接続元": self._joined(token.addresses),
        }

    def resource(self, name: str) -> str:
        return f"{self.resources[name]}（{name}）" if name in self.resources else name

    def short(self, token: ApiToken) -> str:
        """The limits that there are, in one line."""
        said = [f"{kind}：{what}" for kind, what in self.of(token).items() if what != EVERYTHING]
        return "／".join(said) or EVERYTHING

    @staticmethod
    def _joined(names: Iterable[Any]) -> str:
        return "、".join(str(name) for name in names) or EVERYTHING
