"""Who may call what: every route of the API's router, every method, every member of the cast.

The routes come from the router, so a new one without a line here fails. What is sent to them stands
in `api_bodies`.
"""

from collections.abc import Callable
from itertools import groupby
from pathlib import Path

import pytest
from django.urls import reverse

from dxportal.editors import api_resources
from dxportal.urls.api import RESOURCES, router
from tests.api import CALLERS, callers, one_row_of_everything, undone
from tests.cast import Cast
from tests.dxportal.api_bodies import bodies

METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")

# The columns are CALLERS: editor, other_editor, approver, coordinator, viewer, admin,
# reading_token, writing_token, outsider (of another city), nobody.
EVERYBODY_ = "200 200 200 200 200 200 200 200 200 401"
OWN_CITY__ = "200 200 200 200 200 200 200 200 404 401"
NO_SUCH___ = "405 405 405 405 405 405 405 405 405 401"
READ_LIST = {"GET": EVERYBODY_, "HEAD": EVERYBODY_, "OPTIONS": EVERYBODY_}
READ_ROW = {"GET": OWN_CITY__, "HEAD": OWN_CITY__, "OPTIONS": EVERYBODY_}
NO_WRITES = dict.fromkeys(("POST", "PUT", "PATCH", "DELETE"), NO_SUCH___)

READ_ONLY = ("organizations", "submissions", "items", "reports", "published-reports")
# What an editor defines, and whether the row of `one_row_of_everything` may be deleted.
EDITED = {
    "levels": 400,
    "phases": 200,
    "tags": 200,
    "projects": 400,
    "placements": 400,
    "schedule": 200,
    "indicators": 400,
    "indicator-uses": 200,
    "targets": 200,
    "budgets": 200,
    "measures": 400,
    **dict.fromkeys(api_resources.KINDS, 200),
}
# Acts on one row, and on many: only POST, and OPTIONS for everybody.
ACT = dict.fromkeys(METHODS, NO_SUCH___) | {"OPTIONS": EVERYBODY_}
COORDINATOR = "403 403 403 {} 403 403 403 403 404 401"
NEW_______ = "403 403 403 201 403 403 403 403 400 401"
# Those that name no row of the city besides the plan are told that the plan is not there.
NEW_ROW = dict.fromkeys(
    (
        *("levels", "phases", "indicators", "marks", "plan-relations", "sections", "terms"),
        *("reference-lists", "correspondences", "stated-totals", "tag-schemes"),
    ),
    COORDINATOR.format(201),
)
OWN_EDITORS = "{} 403 403 403 403 403 403 {} 404 401"
KEEPERS = "403 403 403 {0} 403 {0} 403 403 404 401"
# What the office keeps for its work: others do not even see it.
KEPT_ROW__ = {
    **dict.fromkeys(("GET", "HEAD"), "404 404 404 200 404 200 404 404 404 401"),
    "OPTIONS": EVERYBODY_,
}
KEPT_ACTS_ = "404 404 404 {} 404 403 403 404 404 401"
# With a dry run everybody is told row by row what would become of it.
BULK_______ = "200 200 200 200 200 200 403 200 404 401"
ENTERS = "{0} 403 403 403 403 403 403 {0} 404 401"
HEADS = "403 403 200 200 403 403 403 403 404 401"
EXPECTED: dict[str, dict[str, str]] = {
    "api-root": READ_LIST | NO_WRITES,
    **{f"api-{name}-list": READ_LIST | NO_WRITES for name in READ_ONLY},
    **{f"api-{name}-detail": READ_ROW | NO_WRITES for name in READ_ONLY},
    **{
        f"api-{name}-list": READ_LIST | NO_WRITES | {"POST": NEW_ROW.get(name, NEW_______)}
        for name in EDITED
    },
    **{
        f"api-{name}-detail": READ_ROW
        | NO_WRITES
        | {"PATCH": COORDINATOR.format(200), "DELETE": COORDINATOR.format(answer)}
        for name, answer in EDITED.items()
    },
    "api-plans-list": READ_LIST | NO_WRITES,
    "api-plans-detail": READ_ROW | NO_WRITES | {"PATCH": COORDINATOR.format(200)},
    "api-measures-move": ACT | {"POST": COORDINATOR.format(200)},
    "api-deletions-list": READ_LIST | NO_WRITES,
    "api-deletions-detail": READ_ROW | NO_WRITES,
    "api-deletions-restore": ACT | {"POST": COORDINATOR.format(200)},
    "api-reports-download": READ_ROW | NO_WRITES,
    "api-reports-publish": ACT | {"POST": COORDINATOR.format(201)},
    "api-published-reports-download": READ_ROW | NO_WRITES,
    "api-published-reports-withdraw": ACT | {"POST": COORDINATOR.format(200)},
    "api-plans-rows": READ_ROW | NO_WRITES,
    "api-plans-book": READ_ROW
    | NO_WRITES
    | dict.fromkeys(("GET", "HEAD"), COORDINATOR.format(200)),
    "api-plans-compare": READ_ROW | NO_WRITES,
    "api-plans-revise": ACT | {"POST": COORDINATOR.format(201)},
    # It is no draft.
    "api-plans-put-into-force": ACT | {"POST": COORDINATOR.format(400)},
    "api-plans-publication": READ_ROW | NO_WRITES,
    "api-plans-publish": ACT | {"POST": COORDINATOR.format(200)},
    "api-plans-withdraw": ACT | {"POST": COORDINATOR.format(204)},
    "api-plans-data-versions": READ_ROW | NO_WRITES,
    "api-plans-withdraw-data": ACT | {"POST": COORDINATOR.format(200)},
    "api-placements-move": ACT | {"POST": COORDINATOR.format(200)},
    "api-departments-list": READ_LIST | NO_WRITES | {"POST": KEEPERS.format(201)},
    "api-departments-detail": READ_ROW | NO_WRITES | {"PATCH": KEEPERS.format(200)},
    "api-departments-end": ACT | {"POST": KEEPERS.format(200)},
    "api-evidence-list": READ_LIST | NO_WRITES | {"POST": OWN_EDITORS.format(201, 201)},
    "api-evidence-detail": READ_ROW | NO_WRITES | {"DELETE": OWN_EDITORS.format(204, 204)},
    "api-cycles-refresh": ACT | {"POST": COORDINATOR.format(200)},
    # Whoever enters nothing has no workbook; this file is none, and the changes are of nobody.
    "api-cycles-entry-book": READ_ROW
    | NO_WRITES
    | dict.fromkeys(("GET", "HEAD"), "200 403 403 403 403 403 200 200 404 401"),
    "api-cycles-entry-book-preview": ACT | {"POST": ENTERS.format(400)},
    "api-cycles-entry-book-apply": ACT | {"POST": ENTERS.format(422)},
    "api-cycles-remind": ACT | {"POST": COORDINATOR.format(200)},
    # The file of the row is no book: what was seen is not what would be done.
    "api-books-list": READ_LIST | NO_WRITES | {"POST": COORDINATOR.format(400)},
    "api-books-detail": KEPT_ROW__ | NO_WRITES,
    "api-books-preview": KEPT_ROW__
    | NO_WRITES
    | dict.fromkeys(("GET", "HEAD"), "404 404 404 200 404 403 404 404 404 401"),
    "api-books-apply": ACT | {"POST": KEPT_ACTS_.format(422)},
    "api-books-discard": ACT | {"POST": KEPT_ACTS_.format(200)},
    "api-evidence-download": READ_ROW | NO_WRITES,
    "api-cycles-list": READ_LIST | NO_WRITES | {"POST": COORDINATOR.format(201)},
    "api-cycles-detail": READ_ROW | NO_WRITES | {"PATCH": COORDINATOR.format(200)},
    "api-cycles-move": ACT | {"POST": COORDINATOR.format(200)},
    "api-submissions-submit": ACT | {"POST": OWN_EDITORS.format(200, 200)},
    "api-submissions-withdraw": ACT | {"POST": OWN_EDITORS.format(200, 200)},
    "api-items-submit": ACT | {"POST": OWN_EDITORS.format(200, 200)},
    "api-items-withdraw": ACT | {"POST": OWN_EDITORS.format(200, 200)},
    "api-items-send-back": ACT | {"POST": HEADS},
    "api-items-approve": ACT | {"POST": HEADS},
    "api-settlements-list": READ_LIST | NO_WRITES | {"POST": OWN_EDITORS.format(201, 201)},
    "api-settlements-detail": READ_ROW | NO_WRITES | {"PATCH": OWN_EDITORS.format(200, 200)},
    "api-settlements-bulk": ACT | {"POST": BULK_______},
    **{
        f"api-{name}-bulk": ACT | {"POST": BULK_______}
        for name in ("budgets", "targets", "schedule", "schedule-record", "reviews")
    },
    "api-schedule-record": ACT | {"POST": OWN_EDITORS.format(200, 200)},
    "api-actuals-bulk": ACT | {"POST": BULK_______},
    # Each row is refused for itself.
    "api-items-bulk": ACT | {"POST": "200 200 200 200 200 200 403 200 200 401"},
    "api-extensions-list": READ_LIST | NO_WRITES | {"POST": COORDINATOR.format(201)},
    "api-extensions-detail": READ_ROW | NO_WRITES,
    "api-extensions-end": ACT | {"POST": COORDINATOR.format(200)},
    "api-comments-list": READ_LIST
    | NO_WRITES
    | {"POST": "201 403 201 201 403 403 403 201 404 401"},
    "api-comments-detail": READ_ROW | NO_WRITES,
    "api-corrections-list": READ_LIST | NO_WRITES | {"POST": COORDINATOR.format(201)},
    "api-corrections-detail": READ_ROW | NO_WRITES,
    "api-corrections-reviews": ACT | {"POST": COORDINATOR.format(201)},
    "api-corrections-stages": ACT | {"POST": COORDINATOR.format(201)},
    "api-corrections-settlements": ACT | {"POST": COORDINATOR.format(201)},
    "api-actuals-list": READ_LIST | NO_WRITES | {"POST": "201 403 403 403 403 403 403 201 404 401"},
    "api-actuals-detail": READ_ROW
    | NO_WRITES
    | {
        "PATCH": "200 403 403 403 403 403 403 200 404 401",
        "DELETE": "204 403 403 403 403 403 403 204 404 401",
    },
    "api-reviews-list": READ_LIST | NO_WRITES | {"POST": "201 403 403 403 403 403 403 201 404 401"},
    "api-reviews-detail": READ_ROW
    | NO_WRITES
    | {"PATCH": "200 403 403 403 403 403 403 200 404 401"},
    "api-jobs-list": READ_LIST | NO_WRITES | {"POST": "403 403 403 202 403 403 403 403 404 401"},
    "api-jobs-detail": READ_ROW | NO_WRITES,
    # It is done.
    "api-jobs-cancel": ACT | {"POST": COORDINATOR.format(400)},
}
# What an administrator alone sees and does; a token that only reads is told so first.
ADMIN_SEES = "404 404 404 404 404 200 404 404 404 401"
ADMIN_ACTS = "404 404 404 404 404 {} 403 404 404 401"
ADMIN_ADDS = "403 403 403 403 403 201 403 403 404 401"
ADMIN_ROW_ = {"GET": ADMIN_SEES, "HEAD": ADMIN_SEES, "OPTIONS": EVERYBODY_}
EXPECTED |= {
    "api-webhooks-list": READ_LIST | NO_WRITES | {"POST": ADMIN_ADDS},
    "api-webhooks-detail": ADMIN_ROW_
    | NO_WRITES
    | {"PATCH": ADMIN_ACTS.format(200), "DELETE": ADMIN_ACTS.format(204)},
    "api-webhooks-rotate-secret": ACT | {"POST": ADMIN_ACTS.format(200)},
    "api-webhooks-test": ACT | {"POST": ADMIN_ACTS.format(202)},
    "api-webhooks-replay-dead": ACT | {"POST": ADMIN_ACTS.format(202)},
    "api-webhook-origins-list": READ_LIST | NO_WRITES | {"POST": ADMIN_ADDS},
    "api-webhook-origins-detail": ADMIN_ROW_ | NO_WRITES | {"DELETE": ADMIN_ACTS.format(204)},
    "api-audit-list": READ_LIST | NO_WRITES,
    "api-audit-detail": ADMIN_ROW_ | NO_WRITES,
    "api-webhook-deliveries-list": READ_LIST | NO_WRITES,
    "api-webhook-deliveries-detail": ADMIN_ROW_ | NO_WRITES,
    "api-webhook-deliveries-replay": ACT | {"POST": ADMIN_ACTS.format(202)},
}
# A person's own (here the administrator's), which others may only look at if it is shared.
OWN_ACTS__ = "403 403 403 403 403 {} 403 403 404 401"
FOR_TOKENS = "403 403 403 403 403 403 {0} {0} 403 401"
EXPECTED |= {
    "api-organizations-reorganize": ACT | {"POST": COORDINATOR.format(200)},
    "api-report-templates-list": READ_LIST | NO_WRITES | {"POST": COORDINATOR.format(201)},
    "api-report-templates-detail": KEPT_ROW__
    | NO_WRITES
    | {"PATCH": KEPT_ACTS_.format(200), "DELETE": KEPT_ACTS_.format(200)},
    "api-report-templates-copy": ACT | {"POST": KEPT_ACTS_.format(201)},
    "api-column-mappings-list": READ_LIST | NO_WRITES | {"POST": COORDINATOR.format(201)},
    "api-column-mappings-detail": KEPT_ROW__
    | NO_WRITES
    | {"PATCH": KEPT_ACTS_.format(200), "DELETE": KEPT_ACTS_.format(200)},
    "api-column-mappings-suggest": ACT | {"POST": COORDINATOR.format(200)},
    "api-saved-views-list": READ_LIST
    | NO_WRITES
    | {"POST": "201 201 201 201 201 201 403 201 201 401"},
    "api-saved-views-detail": READ_ROW
    | NO_WRITES
    | {"PATCH": OWN_ACTS__.format(200), "DELETE": OWN_ACTS__.format(204)},
    "api-notices-list": READ_LIST | NO_WRITES,
    "api-notices-detail": ADMIN_ROW_ | NO_WRITES,
    "api-notices-read": ACT | {"POST": "200 200 200 200 200 200 403 200 200 401"},
    "api-notices-mail-settings": READ_LIST
    | NO_WRITES
    | {"PATCH": "200 200 200 200 200 200 403 200 200 401"},
    "api-tokens-list": READ_LIST | NO_WRITES,
    "api-tokens-detail": ADMIN_ROW_ | NO_WRITES,
    # Of the token that calls, whatever it may do else.
    "api-tokens-own": READ_LIST
    | NO_WRITES
    | dict.fromkeys(("GET", "HEAD"), FOR_TOKENS.format(200)),
    "api-tokens-rotate": ACT | {"POST": FOR_TOKENS.format(201)},
    "api-tokens-revoke": ACT | {"POST": ADMIN_ACTS.format(200)},
    "api-tokens-revoke-own": ACT | {"POST": FOR_TOKENS.format(200)},
}
# Besides the router's routes, those of the schema, its page and the problems.
APART = {
    "api-schema": READ_LIST | NO_WRITES,
    "api-docs": READ_LIST
    | NO_WRITES
    | {
        "GET": EVERYBODY_.replace("401", "302"),
        "HEAD": EVERYBODY_.replace("401", "302"),
        "OPTIONS": NO_SUCH___,
    },
    "api-problem": READ_LIST | NO_WRITES,
    "api-changes": READ_LIST | NO_WRITES,
    "api-search": READ_LIST | NO_WRITES,
}


# Steps that an item must have been submitted for.
SUBMITTED = ("api-items-withdraw", "api-items-send-back", "api-items-approve")


def routes() -> list[str]:
    return sorted({pattern.name for pattern in router.urls})


def test_every_route_has_its_line_and_no_line_is_of_nothing() -> None:
    assert routes() == sorted(EXPECTED)
    for name, line in (EXPECTED | APART).items():
        assert sorted(line) == sorted(METHODS), name
        for answers in line.values():
            assert len(answers.split()) == len(CALLERS), name


# Acts that name their row in the body, or mean what is one's own.
OF_A_LIST = (
    *(f"api-corrections-{name}" for name in ("reviews", "stages", "settlements")),
    *("api-notices-read", "api-notices-mail-settings", "api-tokens-own", "api-tokens-rotate"),
    *("api-tokens-revoke-own", "api-column-mappings-suggest"),
)
# What cannot be asked without.
QUERIES = {"api-search": "?q=DX", "api-plans-compare": "?from=2024&to=2025"}


def address_of(name: str, rows: dict[str, int]) -> Callable[[str], str]:
    if name in APART:
        arguments = ["locked"] if name == "api-problem" else []
    elif name in SUBMITTED:
        arguments = [rows["submitted"]]
    elif not name.endswith(("-list", "-bulk", "-root", "-record")) and name not in OF_A_LIST:
        arguments = [rows[resource_of(name)]]
    else:
        arguments = []
    address = reverse(name, args=arguments) + QUERIES.get(name, "")
    deletes = (EXPECTED | APART)[name]["DELETE"] != NO_SUCH___
    unversioned = tuple(
        f"api-{name}-detail"
        for name in ("webhook-origins", "tag-schemes", "evidence", "saved-views")
    )
    version = "?version=1" if deletes and name not in unversioned else ""
    return lambda method: address + version * (method == "DELETE")


def resource_of(name: str) -> str:
    """The resource that a route belongs to; the route itself where it belongs to none."""
    found = filter(name.removeprefix("api-").startswith, RESOURCES)
    return max(found, key=len, default=name)


# Together, so that the rows and the callers are made once for all routes of a resource.
TOGETHER = {
    resource: list(names)
    for resource, names in groupby(sorted([*routes(), *APART], key=resource_of), resource_of)
}


@pytest.mark.parametrize("resource", TOGETHER)
def test_who_may_call_what(cast: Cast, files: Path, resource: str) -> None:
    rows = one_row_of_everything(cast)
    sent = bodies(cast, rows)
    everybody = callers(cast)
    wrong = []
    for name in TOGETHER[resource]:
        address = address_of(name, rows)
        for method, answers in (EXPECTED | APART)[name].items():
            for (who, caller), expected in zip(everybody.items(), answers.split(), strict=True):
                with undone():
                    response = caller.call(method, address(method), sent.get((name, method)))
                told = f"{name} {method} by {who}"
                if response.status_code != int(expected):
                    wrong.append(f"{told}: {response.status_code}, expected {expected}")
                if response.status_code >= 400 and method != "HEAD":
                    assert response["Content-Type"] == "application/problem+json", told
                    assert response.json()["status"] == response.status_code
                if response.streaming:
                    b"".join(response.streaming_content)
    assert not wrong, "\n".join(wrong)


def test_lists_hold_nothing_of_another_city(cast: Cast, files: Path) -> None:
    rows = one_row_of_everything(cast)
    everybody = callers(cast)
    for resource in RESOURCES:
        own = {row["id"] for row in everybody["admin"].rows(f"{resource}/?page_size=1000")}
        other = {row["id"] for row in everybody["outsider"].rows(f"{resource}/?page_size=1000")}
        assert rows[resource] in own, resource
        assert not own & other, resource
