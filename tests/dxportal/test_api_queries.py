"""How many queries every list of the API needs, at any number of rows."""

from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from budgets.models import BudgetEntry
from dxportal.editors import api_resources
from dxportal.urls.api import RESOURCES
from tests.api import Caller, admins_token, grow_the_rest, one_row_of_everything
from tests.cast import Cast, actual, grow, targets

# Session or token, person and roles take three; then the count, the rows, and what hangs on them.
BUDGETS = {
    "organizations": 4,
    "departments": 5,
    "plans": 7,
    "levels": 4,
    "measures": 5,
    "phases": 4,
    "tags": 6,
    "projects": 8,
    "placements": 4,
    "schedule": 4,
    "indicators": 5,
    "indicator-uses": 4,
    "targets": 4,
    "actuals": 5,
    "reviews": 4,
    "budgets": 4,
    "settlements": 4,
    **dict.fromkeys(api_resources.KINDS, 4),
    "published-reports": 4,
    "books": 4,
    "report-templates": 4,
    "column-mappings": 4,
    "saved-views": 4,
    "notices": 4,
    "tokens": 4,
    "cycles": 5,
    "submissions": 4,
    "items": 5,
    "extensions": 4,
    "comments": 4,
    "corrections": 4,
    "evidence": 4,
    "deletions": 4,
    "reports": 4,
    "jobs": 4,
    "audit": 4,
    "webhooks": 4,
    "webhook-origins": 4,
    "webhook-deliveries": 4,
}


def test_every_list_has_its_budget() -> None:
    assert sorted(BUDGETS) == sorted(RESOURCES)


def test_no_list_needs_more_queries_for_more_rows(cast: Cast, files: Path) -> None:
    one_row_of_everything(cast)
    # An administrator sees every kind of row.
    caller = Caller(secret=admins_token(cast))
    caller.get("")  # notes the token's use, once a minute
    small = {name: needed(caller, name) for name in BUDGETS}
    grow(cast, 6)
    grow_the_rest(cast, 6)
    large = {name: needed(caller, name) for name in BUDGETS}
    fixed = {
        *("organizations", "departments", "levels", "phases", "plans", "tags", "marks"),
        *("plan-relations", "tag-schemes", "definition-changes", "stated-totals"),
        *("published-reports", "books"),
    }
    for name, (queries, rows) in large.items():
        assert queries == small[name][0], name
        assert rows > small[name][1] or name in fixed, f"{name} did not grow"
    assert {name: queries for name, (queries, _) in large.items()} == BUDGETS


def needed(caller: Caller, address: str) -> tuple[int, int]:
    """How many queries a list takes besides the one that logs the call, and how many rows."""
    joint = "&" if "?" in address else "/?"
    with CaptureQueriesContext(connection) as captured:
        rows = caller.rows(f"{address}{joint}page_size=1000")
    logged = [query for query in captured if "accounts_apicall" in query["sql"]]
    assert len(logged) == 1
    return len(captured) - 1, len(rows)


@pytest.mark.parametrize(
    "query",
    [
        "actuals/?plan={plan}&measure={measure}&department={department}&fiscal_year__gte=2022",
        "projects/?plan={plan}&measure={measure}&q=増&ordering=-code",
        "reviews/?plan={plan}&department={department}",
        "indicators/?plan={plan}&fiscal_year=2024&outcome=reached",
        "budgets/?plan={plan}&measure={measure}",
    ],
)
def test_filters_need_no_more_queries_for_more_rows(cast: Cast, files: Path, query: str) -> None:
    one_row_of_everything(cast)
    caller = Caller(cast.viewer)
    address = query.format(
        plan=cast.plan.pk,
        measure=cast.measures["まちづくり"].pk,
        department=cast.departments["観光経済部"].pk,
    )
    grow(cast, 2)
    small, _ = needed(caller, address)
    more_of_everything(cast)
    large, rows = needed(caller, address)
    assert large == small
    assert rows > 1


def more_of_everything(cast: Cast) -> None:
    """Rows beside those that `grow` made, in the measures and departments that are asked for."""
    for number in range(5):
        project = cast.project(f"多{number}", cast.measures["観光1-1"], "観光課")
        indicator = cast.indicator(f"多{number}", department=cast.departments["観光課"])
        cast.use(indicator, project, "activity")
        targets(indicator, y2024=1)
        actual(indicator, 2024, 2)
        BudgetEntry.objects.create(project=project, fiscal_year=2024, stage="initial", amount=1)
