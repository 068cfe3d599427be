"""What limited tokens may call: every route of the API's router, every method that it has.

What is expected follows from the permission table (`test_api_permissions`) by one rule for each
kind of token, so that a new route is covered without a line of its own.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from accounts.audit import Actor
from accounts.models import ApiToken
from accounts.querysets import EVERY_PLAN
from accounts.tokens import Limits, issue_token, rotate_token
from dxportal.urls.api import RESOURCES
from plans.models import Plan
from tests.api import CALLERS, Caller, one_row_of_everything, undone
from tests.cast import Cast
from tests.dxportal.api_bodies import bodies
from tests.dxportal.test_api_permissions import APART, EXPECTED, METHODS, address_of, routes

READING = ("GET", "OPTIONS")
# What the plans of a city share: read with a token of any plan, changed with none.
SHARED = [name for name, view in RESOURCES.items() if view.queryset.plan_path == EVERY_PLAN]
# Of the whole city, or leading to a plan that the token does not open: shut for tokens of a plan.
OF_THE_CITY = (
    *("api-books-", "api-report-templates-", "api-column-mappings-", "api-saved-views-"),
    *("api-notices-detail", "api-tokens-detail", "api-plans-revise"),
)
# What every token may ask and do about itself.
OF_ITSELF = {
    "api-tokens-own": {"GET": 200, "OPTIONS": 200},
    "api-tokens-rotate": {"POST": 201, "OPTIONS": 200},
    "api-tokens-revoke-own": {"POST": 200, "OPTIONS": 200},
}
# What a person may do for themselves, which says nothing of any plan.
ONES_OWN = ("api-notices-read", "api-notices-mail-settings")
# Each row is refused for itself.
ROW_BY_ROW = ("api-items-bulk", "api-actuals-bulk")
# Created for the whole city and not for a plan, so not with a token of some plans: tags, and an
# indicator that nothing of the plan uses (yet).
SHARED_WHEN_NEW = ("api-indicators-list", "api-tags-list")


@pytest.fixture
def second_plan(cast: Cast) -> Plan:
    """Another plan of the same city, in which nothing stands."""
    return Plan.objects.create(
        organization=cast.city,
        key="second",
        name="総合計画",
        first_fiscal_year=2024,
        last_fiscal_year=2027,
    )


def token_of(cast: Cast, **limits: Any) -> tuple[ApiToken, Caller]:
    """A token of the coordinator, who may do most."""
    token, secret = issue_token(
        Actor.system(), cast.coordinator, "試験", Limits(**{"scope": "write", **limits})
    )
    return token, Caller(secret=secret)


class Calls:
    """Every route and method that there is, once, each without a trace.

    HEAD is GET without its body, and what a method answers that is not there stands in the
    permission table.
    """

    def __init__(self, cast: Cast) -> None:
        self.rows = one_row_of_everything(cast)
        self.sent = bodies(cast, self.rows)

    def __call__(self, caller: Caller) -> Iterator[tuple[str, str, int, int]]:
        """Route, method, status, and the status that the coordinator in person gets."""
        column = CALLERS.index("coordinator")
        for name in [*routes(), *APART]:
            address = address_of(name, self.rows)
            for method in METHODS:
                in_person = int((EXPECTED | APART)[name][method].split()[column])
                if method == "HEAD" or in_person == 405:
                    continue
                with undone():
                    body = self.sent.get((name, method))
                    response = caller.call(method, address(method), body)
                    if response.streaming:
                        b"".join(response.streaming_content)
                yield name, method, response.status_code, in_person


def resource_of(name: str) -> str:
    found = [known for known in RESOURCES if name.startswith(f"api-{known}-")]
    return max(found, key=len, default="")


Rule = Callable[[str, str, int], set[int]]


def check(calls: Calls, caller: Caller, rule: Rule, opens: bool = True) -> None:
    """`opens` is false for a token that is turned away at the door."""
    wrong = []
    for name, method, status, in_person in calls(caller):
        itself = OF_ITSELF.get(name, {}).get(method)
        expected = {itself} if itself and opens else rule(name, method, in_person)
        if status not in expected:
            wrong.append(f"{method} {name}: {status}, expected {sorted(expected)}")
    assert not wrong, "\n".join(wrong)


def test_tokens_that_have_ended_or_come_from_elsewhere_open_nothing(
    cast: Cast, files: Path
) -> None:
    calls = Calls(cast)
    expired, past = token_of(cast)
    old, replaced = token_of(cast)
    rotate_token(Actor.system(), old, timezone.now() + timedelta(days=1))
    ApiToken.objects.filter(pk__in=[expired.pk, old.pk]).update(
        expires_at=timezone.now() - timedelta(seconds=1)
    )
    _, elsewhere = token_of(cast, addresses=["10.1.2.0/24"])
    for caller, expected in ((past, 401), (replaced, 401), (elsewhere, 403)):
        check(calls, caller, lambda name, method, in_person, said=expected: {said}, opens=False)  # type: ignore[misc]


def test_a_reading_token_changes_nothing(cast: Cast, files: Path) -> None:
    def rule(name: str, method: str, in_person: int) -> set[int]:
        return {in_person if method in READING else 403}

    check(Calls(cast), token_of(cast, scope="read")[1], rule)


def test_a_token_of_one_resource_calls_no_other(cast: Cast, files: Path) -> None:
    def rule(name: str, method: str, in_person: int) -> set[int]:
        resource = resource_of(name)
        return {in_person if resource in ("", "cycles") else 403}

    check(Calls(cast), token_of(cast, resources=["cycles"])[1], rule)


def test_a_token_of_another_plan_reaches_nothing_of_this_one(
    cast: Cast, files: Path, second_plan: Plan
) -> None:
    def rule(name: str, method: str, in_person: int) -> set[int]:
        resource = resource_of(name)
        if not resource or name in ONES_OWN:
            return {in_person}
        if method in READING:
            is_there = name.endswith("-list") or method == "OPTIONS" or resource in SHARED
            return {in_person if is_there else 404}
        if name in ROW_BY_ROW:
            return {200}
        return {403} if resource in SHARED and name.endswith("-detail") else {400, 403, 404}

    calls = Calls(cast)
    _, caller = token_of(cast, plan_ids=[second_plan.pk])
    check(calls, caller, rule)
    items = caller.post("items/bulk/", calls.sent["api-items-bulk", "POST"]).json()
    assert (items["moved"], items["refused"]) == (0, 1)
    actuals = caller.post("actuals/bulk/", calls.sent["api-actuals-bulk", "POST"]).json()
    assert actuals["counts"] == {"created": 0, "updated": 0, "unchanged": 0, "refused": 1}
    for resource in RESOURCES:
        found = {row["id"] for row in caller.rows(f"{resource}/?page_size=1000")}
        if resource in SHARED:
            assert calls.rows[resource] in found
        elif resource == "plans":
            assert found == {second_plan.pk}
        else:
            assert found == set(), resource


def test_a_token_of_this_plan_does_here_what_its_user_may(
    cast: Cast, files: Path, second_plan: Plan
) -> None:
    def rule(name: str, method: str, in_person: int) -> set[int]:
        if resource_of(name) == "deletions" and not name.endswith("-list"):
            return {in_person if method == "OPTIONS" else 404}  # it was a tag of all plans
        if name.startswith(OF_THE_CITY):
            is_there = (name.endswith("-list") and method in READING) or method == "OPTIONS"
            return {in_person} if is_there else {403, 404}
        is_shared = name in SHARED_WHEN_NEW or resource_of(name) in SHARED
        return {403 if is_shared and method not in READING else in_person}

    check(Calls(cast), token_of(cast, plan_ids=[cast.plan.pk])[1], rule)
