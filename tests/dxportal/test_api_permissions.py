"""Who may call what: every route of the API's router, every method, every member of the cast.

The routes come from the router, so a new one without a line here fails.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse

from dxportal.api_urls import RESOURCES, router
from tests.api import CALLERS, callers, one_row_of_everything, undone
from tests.cast import LAST_YEAR, THIS_YEAR, Cast

METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")

# The columns are CALLERS: editor, other_editor, approver, coordinator, viewer, admin,
# reading_token, writing_token, outsider (of another city), nobody.
EVERYBODY_ = "200 200 200 200 200 200 200 200 200 401"
OWN_CITY__ = "200 200 200 200 200 200 200 200 404 401"
NO_SUCH___ = "405 405 405 405 405 405 405 405 405 401"
READ_LIST = {"GET": EVERYBODY_, "HEAD": EVERYBODY_, "OPTIONS": EVERYBODY_}
READ_ROW = {"GET": OWN_CITY__, "HEAD": OWN_CITY__, "OPTIONS": EVERYBODY_}
NO_WRITES = dict.fromkeys(("POST", "PUT", "PATCH", "DELETE"), NO_SUCH___)

READ_ONLY = ("organizations", "departments", "submissions", "items", "evidence", "reports")
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
}
# Acts on one row, and on many: only POST, and OPTIONS for everybody.
ACT = dict.fromkeys(METHODS, NO_SUCH___) | {"OPTIONS": EVERYBODY_}
COORDINATOR = "403 403 403 {} 403 403 403 403 404 401"
NEW_______ = "403 403 403 201 403 403 403 403 400 401"
# Those that name no row of the city besides the plan are told that the plan is not there.
NEW_ROW = dict.fromkeys(("levels", "phases", "indicators"), COORDINATOR.format(201))
OWN_EDITORS = "{} 403 403 403 403 403 403 {} 404 401"
# With a dry run everybody is told row by row what would become of it.
BULK_______ = "200 200 200 200 200 200 403 200 404 401"
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
}


# Steps that an item must have been submitted for.
SUBMITTED = ("api-items-withdraw", "api-items-send-back", "api-items-approve")


def routes() -> list[str]:
    return sorted({pattern.name for pattern in router.urls})


def bodies(cast: Cast, rows: dict[str, int]) -> dict[tuple[str, str], Any]:
    """What a caller sends where something can be written."""
    review = {"plan": cast.plan.pk, "fiscal_year": THIS_YEAR, "goal": "進める。"}
    assert cast.open_cycle is not None
    read = {"version": 1}
    return {
        **_edits(cast, rows),
        ("api-cycles-list", "POST"): {"plan": cast.plan.pk, "fiscal_year": 2026},
        ("api-cycles-detail", "PATCH"): {"asks_progress": True, **read},
        ("api-cycles-move", "POST"): {"to": "closed", **read},
        ("api-submissions-submit", "POST"): read,
        ("api-submissions-withdraw", "POST"): read,
        ("api-items-submit", "POST"): read,
        ("api-items-withdraw", "POST"): read,
        ("api-items-send-back", "POST"): {"reason": "確かめてください。", **read},
        ("api-items-approve", "POST"): read,
        ("api-items-bulk", "POST"): {
            "step": "submit",
            "items": [{"id": rows["items"], "version": 1}],
        },
        ("api-extensions-list", "POST"): {
            "cycle": cast.open_cycle.pk,
            "until": "2099-01-01T00:00:00+09:00",
            "reason": "決算を待つため",
        },
        ("api-extensions-end", "POST"): read,
        ("api-comments-list", "POST"): {"item": rows["items"], "text": "確認します。"},
        ("api-corrections-list", "POST"): {
            "plan": cast.plan.pk,
            "indicator": cast.indicators["立案数"].pk,
            "fiscal_year": LAST_YEAR,
            "value": "8",
            "reason": "転記の誤り",
            "version": 1,
        },
        ("api-settlements-list", "POST"): {
            "plan": cast.plan.pk,
            "project": cast.projects["観光1-2-2"].pk,
            "fiscal_year": THIS_YEAR,
            "amount": 1,
        },
        ("api-settlements-detail", "PATCH"): {"plan": cast.plan.pk, "amount": 2, **read},
        ("api-settlements-bulk", "POST"): {
            "plan": cast.plan.pk,
            "dry_run": True,
            "rows": [{"project_key": "観光1-2-2", "fiscal_year": THIS_YEAR, "amount": 1}],
        },
        ("api-schedule-record", "POST"): {
            "plan": cast.plan.pk,
            "project": cast.projects["観光1-1-7"].pk,
            "fiscal_year": THIS_YEAR,
            "actual": "operate",
            **read,
        },
        ("api-actuals-bulk", "POST"): {
            "organization": cast.city.pk,
            "dry_run": True,
            "rows": [{"indicator_key": "立案数", "fiscal_year": THIS_YEAR, "value": "7"}],
        },
        ("api-actuals-list", "POST"): {
            "indicator": cast.indicators["立案数"].pk,
            "fiscal_year": THIS_YEAR,
            "value": "7",
        },
        ("api-actuals-detail", "PATCH"): {"value": "19,001", "version": 1},
        ("api-reviews-list", "POST"): {**review, "project": cast.projects["観光1-2-2"].pk},
        ("api-reviews-detail", "PATCH"): {"mark": "behind", "version": 1},
        ("api-jobs-list", "POST"): {
            "plan": cast.plan.pk,
            "fiscal_year": THIS_YEAR,
            "format": "pdf",
        },
    }


def _edits(cast: Cast, rows: dict[str, int]) -> dict[tuple[str, str], Any]:
    """A new row of everything that can be edited, and a change of the one that there is."""
    assert cast.tag is not None
    new: dict[str, dict[str, Any]] = {
        "levels": {"name": "細目", "depth": 4},
        "phases": {"name": "後期", "first_fiscal_year": 2026, "last_fiscal_year": 2027},
        "tags": {"scheme": cast.tag.scheme_id, "name": "自治体フロントヤード"},
        "projects": {"name": "新しい事業", "measure": cast.measures["観光1-1"].pk},
        "placements": {
            "project": cast.projects["観光1-2-2"].pk,
            "measure": cast.measures["観光1-1"].pk,
        },
        "schedule": {
            "project": cast.projects["教育1-1"].pk,
            "fiscal_year": 2026,
            "planned": "build",
        },
        "indicators": {"name": "新しい指標"},
        "indicator-uses": {
            "indicator": cast.indicators["苦情"].pk,
            "measure": cast.measures["観光1"].pk,
            "role": "kpi",
        },
        "targets": {"indicator": cast.indicators["来訪者"].pk, "fiscal_year": 2026, "value": "25"},
        "budgets": {
            "project": cast.projects["教育1-1"].pk,
            "fiscal_year": 2026,
            "stage": "initial",
            "amount": 1000,
        },
        "measures": {"parent": cast.measures["観光"].pk, "name": "新しい課題"},
    }
    made = {
        (f"api-{name}-list", "POST"): {"plan": cast.plan.pk, **body} for name, body in new.items()
    }
    changed = {
        (f"api-{name}-detail", "PATCH"): {"source_note": "第2章", "version": 1}
        for name in (*new, "plans")
    }
    read = {"name": "改めた名称", "version": 1}
    named = {(f"api-{name}-detail", "PATCH"): read for name in ("levels", "phases", "tags")}
    moved = {"parent": cast.measures["観光"].pk, "index": 1, "version": 1}
    return {
        **made,
        **changed,
        **named,
        ("api-measures-move", "POST"): moved,
        ("api-deletions-restore", "POST"): {},
    }


def test_every_route_has_its_line_and_no_line_is_of_nothing() -> None:
    assert routes() == sorted(EXPECTED)
    for name, line in (EXPECTED | APART).items():
        assert sorted(line) == sorted(METHODS), name
        for answers in line.values():
            assert len(answers.split()) == len(CALLERS), name


def address_of(name: str, rows: dict[str, int]) -> Callable[[str], str]:
    if name in APART:
        arguments = ["locked"] if name == "api-problem" else []
    elif name in SUBMITTED:
        arguments = [rows["submitted"]]
    elif not name.endswith(("-list", "-bulk", "-root", "-record")):
        resource = max(filter(name.removeprefix("api-").startswith, RESOURCES), key=len)
        arguments = [rows[resource]]
    else:
        arguments = []
    address = reverse(name, args=arguments)
    deleted = "DELETE" if (EXPECTED | APART)[name]["DELETE"] != NO_SUCH___ else ""
    return lambda method: address + "?version=1" * (method == "DELETE" and "DELETE" in deleted)


@pytest.mark.parametrize("name", [*routes(), *APART])
def test_who_may_call_what(cast: Cast, files: Path, name: str) -> None:
    rows = one_row_of_everything(cast)
    address = address_of(name, rows)
    sent = bodies(cast, rows)
    everybody = callers(cast)
    wrong = []
    for method, answers in (EXPECTED | APART)[name].items():
        for (who, caller), expected in zip(everybody.items(), answers.split(), strict=True):
            with undone():
                response = caller.call(method, address(method), sent.get((name, method)))
            if response.status_code != int(expected):
                wrong.append(f"{method} by {who}: {response.status_code}, expected {expected}")
            if response.status_code >= 400 and method != "HEAD":
                assert response["Content-Type"] == "application/problem+json", (method, who)
                assert response.json()["status"] == response.status_code
            if response.streaming:
                b"".join(response.streaming_content)
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", [name for name in routes() if name.endswith("-list")])
def test_lists_hold_nothing_of_another_city(cast: Cast, files: Path, name: str) -> None:
    rows = one_row_of_everything(cast)
    resource = name.removeprefix("api-").removesuffix("-list")
    everybody = callers(cast)
    own = {row["id"] for row in everybody["viewer"].rows(f"{resource}/?page_size=1000")}
    other = {row["id"] for row in everybody["outsider"].rows(f"{resource}/?page_size=1000")}
    assert rows[resource] in own
    assert not own & other
