"""The permission table of the pages: every route, method and person, and what they get.

A route without a line fails `test_every_route_has_its_line`.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest
from django.conf import settings
from django.core.files.base import ContentFile
from django.test import Client, override_settings
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from accounts.models import Deletion, Notice, User
from dxportal.models import (
    BookImport,
    ColumnMapping,
    DataVersion,
    Publication,
    PublishedReport,
    ReportJob,
    ReportTemplate,
    SavedView,
)
from dxportal.public.versions import keep_due_versions
from dxportal.rounds.asking import ask
from plans.models import Evidence, Extension, Level, Measure, Plan
from projects.models import Placement
from tests.api import service, undone, webhook_of
from tests.cast import Cast, make_cast
from tests.published import published_report

PEOPLE = ("editor", "approver", "coordinator", "viewer", "admin", "outsider", "anonymous")
SIGN_IN = 302


class Line(NamedTuple):
    """A route's answer to each of PEOPLE, in their order."""

    method: str
    answers: tuple[int, ...]


def everyone(method: str, own: int, outsider: int | None = None) -> Line:
    """The same for all of the city, for the outsider (the same unless given); else a sign-in."""
    return Line(method, (own,) * 5 + (own if outsider is None else outsider, SIGN_IN))


# editor approver coordinator viewer admin outsider anonymous
MANAGERS = (403, 403, 302, 403, 403, 404, 302)
MANAGERS_SEE = (403, 403, 200, 403, 403, 404, 302)
# A page that is not about one city: coordinators of any city have it.
COORDINATORS = (403, 403, 200, 403, 403, 200, 302)
# What a department enters: the cast's editor alone.
EDITOR_SEES = (200, 403, 403, 403, 403, 404, 302)
EDITOR = (302, 403, 403, 403, 403, 404, 302)

# Webhooks, tokens and the logs are the administrator's alone.
ADMIN_SEES = (403, 403, 403, 403, 200, 403, 302)
ADMIN = (403, 403, 403, 403, 302, 403, 302)

# For everybody, signed in or not (tests/dxportal/test_public.py).
PUBLIC_ROUTES = (
    *("index", "accessibility", "data", "catalogue", "plan", "plan_year", "text", "measure"),
    *("projects", "project", "indicators", "indicator", "chart", "embed", "budget", "budget_year"),
    *("reports", "report_file", "corrections", "history"),
    *("plan_data", "dataset", "dataset_year", "items", "version", "version_file"),
)

TABLE: dict[str, list[Line]] = {
    "home": [everyone("get", 200)],
    "search": [everyone("get", 200)],
    "dashboard": [everyone("get", 200)],
    **{
        f"dashboard:{page}": [everyone("get", 200)]
        for page in ("indicators", "projects", "budgets", "logic", "entry", "meeting")
    },
    "dashboard:views": [everyone("get", 200), everyone("post", 302)],
    # Shared by the editor: the office sees it, the editor alone changes it.
    "dashboard:view_change": [Line("post", (302, 403, 403, 403, 403, 404, 302))],
    "dashboard:view_delete": [Line("post", (302, 403, 403, 403, 403, 404, 302))],
    # The outsider's own plan has nothing to draw.
    "dashboard:chart": [everyone("get", 200, 404)],
    "plans:list": [everyone("get", 200)],
    "plans:tree": [everyone("get", 200, 404)],
    "plans:matrix": [everyone("get", 200, 404)],
    "plans:mapping": [everyone("get", 200, 404)],
    "plans:measure": [everyone("get", 200, 404)],
    "plans:document": [everyone("get", 200, 404)],
    "plans:budget": [everyone("get", 200, 404)],
    "plans:compare": [everyone("get", 200, 404)],
    "plans:create": [
        Line("get", COORDINATORS),
        Line("post", (403, 403, 422, 403, 403, 422, 302)),
    ],
    "plans:revise": [Line("get", MANAGERS_SEE), Line("post", MANAGERS)],
    "plans:publish": [Line("get", MANAGERS_SEE), Line("post", MANAGERS)],
    "plans:withdraw": [Line("post", MANAGERS)],
    "plans:withdraw_version": [Line("get", MANAGERS_SEE), Line("post", MANAGERS)],
    **{f"public:{name}": [Line("get", (200,) * 7)] for name in PUBLIC_ROUTES},
    "plans:put_into_force": [Line("get", MANAGERS_SEE), Line("post", MANAGERS)],
    "projects:list": [everyone("get", 200)],
    "projects:detail": [everyone("get", 200, 404)],
    "kpi:indicator_list": [everyone("get", 200)],
    "kpi:indicator": [everyone("get", 200, 404)],
    "rounds:entry": [everyone("get", 200)],
    "rounds:entry_item": [Line("get", EDITOR_SEES), Line("post", EDITOR)],
    # Without anything to submit there is no round to submit in.
    "rounds:entry_submit": [
        Line("get", (200, 404, 404, 404, 404, 404, 302)),
        Line("post", (302, 404, 404, 404, 404, 404, 302)),
    ],
    "rounds:entry_book": [Line("get", EDITOR_SEES)],
    # Without a file, or without what was looked at, the page says so.
    "rounds:entry_book_upload": [Line("post", (422, 403, 403, 403, 403, 404, 302))],
    "rounds:entry_book_apply": [Line("post", (422, 403, 403, 403, 403, 404, 302))],
    "rounds:entry_book_faults": [Line("post", (422, 403, 403, 403, 403, 404, 302))],
    "rounds:list": [Line("get", COORDINATORS)],
    "rounds:create": [
        Line("get", COORDINATORS),
        Line("post", MANAGERS),
    ],
    "rounds:detail": [Line("get", MANAGERS_SEE)],
    "rounds:change": [Line("get", MANAGERS_SEE), Line("post", MANAGERS)],
    "rounds:move": [Line("get", MANAGERS_SEE), Line("post", MANAGERS)],
    "rounds:refresh": [Line("post", MANAGERS)],
    "rounds:act": [Line("post", (403, 403, 200, 403, 403, 404, 302))],
    "rounds:end_extension": [Line("post", MANAGERS)],
    "rounds:item": [everyone("get", 200, 404)],
    # Whoever enters, approves or manages the item takes part in its discussion.
    "rounds:comment": [Line("post", (302, 302, 302, 403, 403, 404, 302))],
    # Nothing is submitted yet: those who may approve are told so.
    "rounds:step": [Line("post", (403, 422, 422, 403, 403, 404, 302))],
    "rounds:approvals": [everyone("get", 200)],
    "rounds:approve_all": [everyone("post", 302)],
    "rounds:corrections": [everyone("get", 200, 404)],
    "rounds:correct": [Line("get", MANAGERS_SEE), Line("post", MANAGERS)],
    "rounds:evidence": [Line("post", EDITOR)],
    "rounds:evidence_file": [everyone("get", 200, 404)],
    "rounds:evidence_remove": [Line("post", EDITOR)],
    "books:list": [Line("get", COORDINATORS)],
    "books:upload": [
        Line("get", COORDINATORS),
        Line("post", (403, 403, 422, 403, 403, 422, 302)),
    ],
    "books:preview": [Line("get", (403, 403, 200, 403, 403, 404, 302))],
    "books:choose": [Line("post", MANAGERS)],
    "books:apply": [Line("post", MANAGERS)],
    "books:discard": [Line("post", MANAGERS)],
    "books:export": [Line("get", (403, 403, 200, 403, 403, 404, 302))],
    "books:mappings": [Line("get", COORDINATORS)],
    "books:mapping_new": [
        Line("get", COORDINATORS),
        Line("post", (403, 403, 422, 403, 403, 422, 302)),
    ],
    "books:mapping": [
        Line("get", (403, 403, 200, 403, 403, 404, 302)),
        Line("post", MANAGERS),
    ],
    "books:mapping_delete": [Line("post", MANAGERS)],
    # Not set up: tests/accounts/test_oidc.py.
    "accounts:oidc_start": [Line("get", (404,) * 7)],
    "accounts:oidc_callback": [Line("get", (404,) * 7)],
    "accounts:sign_in": [Line("get", (302,) * 6 + (200,))],
    "accounts:sign_out": [Line("get", (405,) * 6 + (SIGN_IN,)), Line("post", (302,) * 7)],
    "accounts:change_password": [everyone("get", 200)],
    "accounts:departments": [everyone("get", 200)],
    # The outsider keeps the departments of the other city.
    "accounts:add_department": [
        Line("get", (403, 403, 200, 403, 200, 200, 302)),
        Line("post", (403, 403, 302, 403, 302, 302, 302)),
    ],
    "accounts:department": [
        Line("get", (403, 403, 200, 403, 200, 404, 302)),
        Line("post", (403, 403, 302, 403, 302, 404, 302)),
    ],
    "accounts:end_department": [
        Line("get", (403, 403, 200, 403, 200, 404, 302)),
        Line("post", (403, 403, 302, 403, 302, 404, 302)),
    ],
    # Without lines there is nothing to carry out.
    "reorganization": [
        Line("get", (403, 403, 200, 403, 403, 200, 302)),
        Line("post", (403, 403, 422, 403, 403, 422, 302)),
    ],
    "reorganization_result": [everyone("get", 200)],
    "accounts:notices": [everyone("get", 200)],
    "accounts:notice": [Line("get", (302, 404, 404, 404, 404, 404, 302))],  # one's own alone
    "accounts:read_notices": [Line("post", (302,) * 7)],
    "accounts:mail_settings": [everyone("get", 200), everyone("post", 302)],
    "reports:list": [everyone("get", 200)],
    # The outsider manages plans elsewhere, and may not choose this one.
    "reports:start": [Line("post", (403, 403, 302, 403, 403, 422, 302))],
    "reports:detail": [everyone("get", 200, 404)],
    "reports:progress": [everyone("get", 200, 404)],
    "reports:cancel": [Line("post", MANAGERS)],
    "reports:publish": [Line("get", MANAGERS_SEE)],
    "reports:published": [everyone("get", 200)],
    "reports:published_detail": [everyone("get", 200, 404)],
    "reports:published_download": [everyone("get", 404, 404)],  # its file is not there
    "reports:withdraw": [Line("post", MANAGERS)],
    "reports:compare": [everyone("get", 200)],
    "reports:templates": [Line("get", COORDINATORS)],
    "reports:template_new": [Line("get", COORDINATORS)],
    "reports:template_change": [Line("get", MANAGERS_SEE)],
    "reports:template_delete": [Line("post", MANAGERS)],
    "reports:download": [everyone("get", 404, 404)],  # the job of the table has no file yet
    "editing:index": [Line("get", MANAGERS_SEE)],
    "editing:history": [Line("get", MANAGERS_SEE)],
    "editing:deletions": [Line("get", MANAGERS_SEE)],
    "editing:restore": [Line("post", MANAGERS)],
    "editing:list": [Line("get", MANAGERS_SEE)],
    "editing:add": [Line("get", MANAGERS_SEE), Line("post", MANAGERS)],
    "editing:change": [Line("get", MANAGERS_SEE), Line("post", MANAGERS)],
    "editing:move": [Line("post", MANAGERS)],
    "editing:delete": [Line("get", MANAGERS_SEE), Line("post", MANAGERS)],
    "editing:tree": [Line("get", MANAGERS_SEE)],
    "editing:tree_add": [Line("get", MANAGERS_SEE), Line("post", MANAGERS)],
    "editing:tree_move_measure": [Line("get", MANAGERS_SEE), Line("post", MANAGERS)],
    "editing:tree_move_placement": [Line("get", MANAGERS_SEE), Line("post", MANAGERS)],
    **{
        f"webhooks:{name}": [Line("get", ADMIN_SEES)]
        for name in ("list", "detail", "delivery", "add", "add_origin", "change")
    },
    **{
        f"webhooks:{name}": [Line("post", ADMIN)]
        for name in ("remove_origin", "switch", "delete", "test", "replay_dead", "replay")
    },
    "webhooks:rotate": [Line("post", ADMIN_SEES)],  # the page with the new secret
    **{
        f"tokens:{name}": [Line("get", ADMIN_SEES)]
        for name in ("list", "issue", "detail", "change", "rotate")
    },
    "tokens:revoke": [Line("get", ADMIN_SEES), Line("post", ADMIN)],
    "audit:list": [Line("get", ADMIN_SEES)],
    "audit:calls": [Line("get", ADMIN_SEES)],
    "healthz": [Line("get", (200,) * 7)],
}


def routes(resolver: URLResolver, namespace: str = "") -> Iterator[str]:
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLPattern):
            yield namespace + (pattern.name or str(pattern.pattern))
        elif not str(pattern.pattern).startswith(("admin/", "api/")):
            # The administrator's pages and the API have tables of their own.
            inner = f"{pattern.namespace}:" if pattern.namespace else ""
            yield from routes(pattern, namespace + inner)


def test_every_route_has_its_line() -> None:
    assert set(routes(get_resolver())) == set(TABLE)


@pytest.fixture(scope="module")
def cast(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cast]:
    """One cast for all lines, as each of them is undone; with a place of its own for files."""
    storages = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path_factory.mktemp("files"))},
        },
    }
    with django_db_blocker.unblock(), override_settings(STORAGES=storages), undone():
        yield make_cast()


@pytest.fixture(scope="module")
def addresses(cast: Cast) -> dict[str, str]:
    job = ReportJob.objects.create(
        plan=cast.plan, fiscal_year=2024, format="pdf", requested_by=cast.coordinator
    )
    published = PublishedReport.objects.create(
        plan=cast.plan, fiscal_year=2024, job=job, title="報告書", sha256="0" * 64
    )
    template = ReportTemplate.objects.create(organization=cast.city, name="議会用")
    notice = Notice.objects.create(
        user=cast.editor, organization=cast.city, kind="opened", text="照会の開始", path="/"
    )
    mapping = ColumnMapping.objects.create(organization=cast.city, name="一覧")
    book = BookImport.objects.create(
        organization=cast.city, plan=cast.plan, state="checked", uploaded_by=cast.coordinator
    )
    deletion = Deletion.objects.create(
        organization=cast.city,
        deleted_by_name="事務 局子",
        channel="page",
        object_type="plans.phase",
        object_id=99,
        object_label="なくした期",
        plan_id=cast.plan.pk,
        rows=[],
    )
    ask(cast.open_cycle)
    item = cast.open_cycle.items.get(kind="actual", object_id=cast.indicators["立案数"].pk)
    evidence = Evidence(item=item, name="集計.csv", size=1, sha256="0" * 64)
    evidence.file.save("evidence.csv", ContentFile(b"1"))
    extension = Extension.objects.create(
        cycle=cast.open_cycle, until=cast.open_cycle.closes_at, reason="システムの障害のため"
    )
    view = SavedView.objects.create(
        organization=cast.city, user=cast.editor, name="遅れ", path="/dashboard/", is_shared=True
    )
    hooks = webhook_of(cast)
    token, _ = service(cast, "read")
    numbers: dict[str, list[int | str]] = {
        **{
            f"webhooks:{name}": [hooks["webhooks"]]
            for name in ("detail", "change", "switch", "rotate", "delete", "test", "replay_dead")
        },
        "webhooks:remove_origin": [hooks["webhook-origins"]],
        "webhooks:delivery": [hooks["webhook-deliveries"]],
        "webhooks:replay": [hooks["webhook-deliveries"]],
        **{f"tokens:{name}": [token.pk] for name in ("detail", "change", "rotate", "revoke")},
        "dashboard:view_change": [view.pk],
        "dashboard:view_delete": [view.pk],
        "books:preview": [book.pk],
        "books:choose": [book.pk],
        "books:apply": [book.pk],
        "books:discard": [book.pk],
        "books:export": [cast.plan.pk],
        "books:mapping": [mapping.pk],
        "books:mapping_delete": [mapping.pk],
        "accounts:notice": [notice.pk],
        "accounts:department": [cast.departments["観光課"].pk],
        "accounts:end_department": [cast.departments["観光課"].pk],
        "reorganization_result": ["2026-04-01"],
        "dashboard:chart": ["marks", "svg"],
        "plans:tree": [cast.plan.pk],
        "plans:document": [cast.plan.pk],
        "plans:budget": [cast.plan.pk],
        "plans:matrix": [cast.plan.pk],
        "plans:mapping": [cast.plan.pk],
        "plans:measure": [cast.measures["観光1"].pk],
        "plans:compare": [cast.plan.pk],
        "plans:revise": [cast.plan.pk],
        "plans:publish": [cast.plan.pk],
        "plans:withdraw": [cast.plan.pk],
        **_public_numbers(cast),
        "plans:withdraw_version": [cast.plan.pk, DataVersion.objects.get(plan=cast.plan).pk],
        "plans:put_into_force": [_draft(cast).pk],
        "projects:detail": [cast.projects["教育1-1"].pk],
        "kpi:indicator": [cast.indicators["立案数"].pk],
        "rounds:entry_item": [item.pk],
        "rounds:entry_book": [cast.open_cycle.pk],
        "rounds:entry_book_upload": [cast.open_cycle.pk],
        "rounds:entry_book_apply": [cast.open_cycle.pk],
        "rounds:entry_book_faults": [cast.open_cycle.pk],
        "rounds:detail": [cast.open_cycle.pk],
        "rounds:change": [cast.open_cycle.pk],
        "rounds:move": [cast.open_cycle.pk],
        "rounds:refresh": [cast.open_cycle.pk],
        "rounds:act": [cast.open_cycle.pk],
        "rounds:end_extension": [extension.pk],
        "rounds:item": [item.pk],
        "rounds:comment": [item.pk],
        "rounds:step": [item.pk],
        "rounds:corrections": [cast.plan.pk],
        "rounds:correct": [cast.last_cycle.pk, "actual", cast.indicators["立案数"].pk],
        "rounds:evidence": [item.pk],
        "rounds:evidence_file": [evidence.pk],
        "rounds:evidence_remove": [evidence.pk],
        "editing:index": [cast.plan.pk],
        "editing:history": [cast.plan.pk],
        "editing:deletions": [cast.plan.pk],
        "editing:restore": [cast.plan.pk, deletion.pk],
        "editing:list": [cast.plan.pk, "phase"],
        "editing:add": [cast.plan.pk, "phase"],
        "editing:change": [cast.plan.pk, "phase", cast.phase.pk],
        "editing:move": [cast.plan.pk, "mark", cast.marks["behind"].pk],
        "editing:delete": [cast.plan.pk, "phase", cast.phase.pk],
        "editing:tree": [cast.plan.pk],
        "editing:tree_add": [cast.plan.pk],
        "editing:tree_move_measure": [cast.plan.pk, cast.measures["観光1-2"].pk],
        "editing:tree_move_placement": [cast.plan.pk, placement_of(cast).pk],
        "reports:detail": [job.pk],
        "reports:progress": [job.pk],
        "reports:cancel": [job.pk],
        "reports:download": [job.pk],
        "reports:publish": [job.pk],
        "reports:published_detail": [published.pk],
        "reports:published_download": [published.pk],
        "reports:withdraw": [published.pk],
        "reports:template_change": [template.pk],
        "reports:template_delete": [template.pk],
    }
    found = {name: reverse(name, args=numbers.get(name, [])) for name in TABLE}
    found["rounds:create"] += f"?plan={cast.plan.pk}"
    return found


def placement_of(cast: Cast) -> Placement:
    return Placement.objects.get(plan=cast.plan, measure=cast.measures["教育1"])


def _public_numbers(cast: Cast) -> dict[str, list[int | str]]:
    """The cast's plan, made public, with a report."""
    Publication.objects.create(plan=cast.plan)
    report = published_report(cast, 2024, "報告書", b"1")
    keep_due_versions()
    version = DataVersion.objects.get(plan=cast.plan)
    place: list[int | str] = [cast.city.code, cast.plan.key]
    kpi = cast.indicators["立案数"].pk
    rest: dict[str, list[int | str]] = {
        "plan_year": [2024],
        "measure": [cast.measures["観光1"].pk],
        "project": [cast.projects["教育1-1"].pk],
        "indicator": [kpi],
        "chart": [kpi, "svg"],
        "embed": [kpi],
        "budget_year": [2024],
        "report_file": [report.pk, "pdf"],
        "dataset": ["values", "csv"],
        "dataset_year": [2024, "values", "csv"],
        "items": ["values", "csv"],
        "version": [version.name],
        "version_file": [version.name, "values.csv"],
    }
    of_no_plan = ("index", "accessibility", "data", "catalogue")
    return {
        f"public:{name}": [] if name in of_no_plan else [*place, *rest.get(name, [])]
        for name in PUBLIC_ROUTES
    }


PHASE = {"name": "前期", "first_fiscal_year": "R4", "last_fiscal_year": "R6"}


def _draft(cast: Cast) -> Plan:
    """A revision that could come into force, with as little as that needs."""
    draft = Plan.objects.create(
        organization=cast.city,
        key="draft",
        name="改定案",
        status="draft",
        revises=cast.plan.key,
        applies_from=2026,
        first_fiscal_year=2022,
        last_fiscal_year=2027,
    )
    level = Level.objects.create(plan=draft, key="pillar", depth=0, name="分野")
    Measure.objects.create(plan=draft, level=level, key="観光", name="観光")
    return draft


def _items(cast: Cast) -> list[int]:
    assert cast.open_cycle is not None
    return list(cast.open_cycle.items.values_list("pk", flat=True))


def form_of(name: str, cast: Cast) -> dict[str, object]:
    return {
        "dashboard:views": {"name": "全体", "path": "/dashboard/?fiscal_year=2024"},
        "rounds:entry_item": {"value": "3", "status": "reported", "version": "0"},
        "rounds:create": {
            "fiscal_year": 2026,
            "kind": "annual",
            "asks_actuals": "on",
            "confirmed": "1",
        },
        "rounds:change": {"closes_at": "2099-03-31", "asks_actuals": "on", "row_version": 1},
        "rounds:move": {"to": "closed", "row_version": 1, "reason": "期限のため"},
        "rounds:act": {"act": "remind", "item": [f"{pk}:1" for pk in _items(cast)]},
        "rounds:comment": {"text": "内訳を教えてください。"},
        "rounds:step": {"step": "approve", "version": 1},
        "rounds:entry_book_faults": {"format": "csv"},
        "rounds:correct": {
            "value": "7",
            "status": "reported",
            "reason": "集計の誤り",
            "row_version": 1,
        },
        "rounds:entry_submit": {"department": cast.departments["観光課"].pk},
        "accounts:add_department": {"name": "新しい課"},
        "accounts:department": {"name": "観光課", "row_version": 1},
        "accounts:end_department": {"valid_to": "2026-03-31", "row_version": 1},
        "webhooks:switch": {"version": 1, "active": "0"},
        "webhooks:rotate": {"version": 1},
        "webhooks:delete": {"version": 1},
        "editing:add": PHASE,
        "editing:change": PHASE | {"row_version": 1},
        "editing:delete": {"row_version": 1},
        "editing:tree_add": {"name": "新しい分野", "level": cast.levels["pillar"].pk},
        "editing:tree_move_measure": {
            "parent": cast.measures["観光1"].pk,
            "index": 0,
            "version": 1,
        },
        "editing:tree_move_placement": {
            "parent": cast.measures["教育1"].pk,
            "index": 0,
            "version": 1,
        },
        "plans:revise": {
            "name": "DX戦略実行計画",
            "edition": "改定",
            "applies_from": 2026,
            "last_fiscal_year": 2027,
            "key": "dx-2",
        },
        "plans:put_into_force": {"version": 1},
        "plans:publish": {"licence": "CC-BY-4.0"},
        "plans:withdraw": {"reason": "見直しのため"},
        "plans:withdraw_version": {"reason": "誤りのため"},
        "books:mapping": {
            "name": "一覧",
            "header_row": 1,
            "version": 1,
            "c-TOTAL_FORMS": 2,
            "c-INITIAL_FORMS": 2,
            "c-0-head": "指標名",
            "c-0-means": "indicator_name",
            "c-1-head": "R6実績",
            "c-1-means": "actual",
            "c-1-fiscal_year": "R6",
        },
        "books:mapping_delete": {"version": 1},
        "reports:withdraw": {"reason": "誤りのため"},
        "reports:template_delete": {"version": "1"},
        "reports:start": {"plan": cast.plan.pk, "fiscal_year": 2024, "format": "pdf"},
    }.get(name, {})


@pytest.mark.parametrize(
    ("name", "line"),
    [(name, line) for name, lines in TABLE.items() for line in lines],
    ids=[f"{line.method} {name}" for name, lines in TABLE.items() for line in lines],
)
def test_everybody_gets_what_the_table_says(
    db: None,
    cast: Cast,
    addresses: dict[str, str],
    sign_in: Callable[[User], Client],
    name: str,
    line: Line,
) -> None:
    answers = {}
    for person in PEOPLE:
        with undone():
            client = Client() if person == "anonymous" else sign_in(cast.people[person])
            answer = getattr(client, line.method)(addresses[name], form_of(name, cast))
        answers[person] = answer.status_code
    assert answers == dict(zip(PEOPLE, line.answers, strict=True))
    if answer.status_code == SIGN_IN:
        assert answer.url.startswith("/accounts/sign-in/")
