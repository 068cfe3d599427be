"""Nothing that is not published is reachable through any public address, page or file."""

import hashlib
import json
import os
import re
import runpy
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.conf import settings as django_settings
from django.core.cache import caches
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.base import ContentFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from accounts.audit import Actor
from accounts.models import AuditEntry, Channel, Organization
from budgets.models import BudgetEntry, StatedTotal
from dxportal.models import DataVersion, Publication, PublishedReport
from dxportal.public.answers import PAGES
from dxportal.public.datasets import DATASETS
from dxportal.public.reading import published_plan
from dxportal.public.services import publish_plan, withdraw_plan
from dxportal.public.static_site import write_site
from dxportal.public.versions import (
    FileDamaged,
    keep_due_versions,
    path_of,
    read_kept,
    withdraw_version,
)
from kpi.models import Actual, Target, ValueStatus
from plans.models import Correction, Evidence, ItemComment, Measure, Plan, RoundItem
from plans.services import move_cycle
from projects.models import Review, ScheduleEntry
from tests.cast import Cast, grow
from tests.published import published_report

MARKER = "非公開印"
NUMBER = 987654321
EXTENSIONS = ("csv", "xlsx", "json")
# The publication, its rounds, and one over all tables.
QUERIES_OF_THE_STATE = 3


def office(cast: Cast) -> Actor:
    return Actor(cast.coordinator, Channel.PAGE)


@pytest.fixture
def public(cast: Cast, files: Path) -> Cast:
    """The cast's plan, published: 2024 is public, 2025 and all drafts are not."""
    Actual.objects.filter(fiscal_year=2024).update(state=Actual.State.FINAL)
    publish_plan(office(cast), cast.plan, {"contact": "DX推進課"})
    _plant(cast)
    keep_due_versions()
    return cast


def _plant(cast: Cast) -> None:
    """A marker in every row that citizens may not read."""
    kpi = cast.indicators["立案数"]
    for fiscal_year, kind, state in [
        (2022, "actual", "final"),
        (2025, "actual", "final"),
        (2024, "interim_actual", "final"),
        (2024, "forecast", "final"),
    ]:
        Actual.objects.create(
            indicator=kpi,
            fiscal_year=fiscal_year,
            kind=kind,
            state=state,
            value=NUMBER,
            note=MARKER,
        )
    for state, key in [("draft", "満足度"), ("submitted", "印字のみ")]:
        Actual.objects.filter(indicator=cast.indicators[key], fiscal_year=2024).update(
            state=state, value=NUMBER, note=MARKER, status=ValueStatus.REPORTED, raw_text=MARKER
        )
    Actual.objects.filter(indicator__name="他市の指標").update(value=NUMBER, note=MARKER)
    measure, project = cast.measures["観光1"], cast.projects["観光1-1-7"]
    for row in (measure, cast.measures["観光2"]):
        Review.objects.create(plan=cast.plan, measure=row, fiscal_year=2025, result=MARKER)
    Review.objects.filter(fiscal_year=2023).update(result=MARKER)
    ScheduleEntry.objects.filter(project=project, fiscal_year=2025).update(
        actual="operate", source_note=MARKER
    )
    for fiscal_year, stage in [(2025, "initial"), (2024, "request"), (2024, "forecast")]:
        BudgetEntry.objects.create(
            project=project, fiscal_year=fiscal_year, stage=stage, amount=NUMBER, raw_text=MARKER
        )
    BudgetEntry.objects.create(project=project, fiscal_year=2024, stage="initial", amount=1_234_000)
    StatedTotal.objects.create(plan=cast.plan, fiscal_year=2025, amount=NUMBER, raw_text=MARKER)
    _plant_a_draft_edition(cast)
    _plant_in_rounds(cast)
    cast.measures["他市"].name = MARKER
    cast.measures["他市"].save()
    cast.projects["他市"].name = MARKER
    cast.projects["他市"].save()
    for name, year in [(f"{MARKER}-2025", 2025), (f"{MARKER}-withdrawn", 2024), ("R6報告書", 2024)]:
        report = published_report(cast, year, name, name.encode())
        if "withdrawn" in name:
            PublishedReport.objects.filter(pk=report.pk).update(withdrawn_at=report.published_at)


def _plant_a_draft_edition(cast: Cast) -> None:
    draft = Plan.objects.create(
        organization=cast.city,
        key="dx-2",
        name=MARKER,
        status="draft",
        revises="dx",
        applies_from=2026,
        first_fiscal_year=2022,
        last_fiscal_year=2027,
    )
    Publication.objects.create(plan=draft)  # even so a draft is not public
    indicator = cast.indicators["立案数"]
    Target.objects.filter(indicator=indicator, fiscal_year=2026).update(is_current=False)
    Target.objects.create(
        indicator=indicator,
        fiscal_year=2026,
        revision=1,
        revised_in="dx-2",
        value=NUMBER,
        note=MARKER,
    )


def _plant_in_rounds(cast: Cast) -> None:
    assert cast.last_cycle is not None and cast.open_cycle is not None
    item = RoundItem.objects.create(
        cycle=cast.last_cycle,
        kind="actual",
        object_id=cast.indicators["立案数"].pk,
        label="立案数",
        state="final",
        entered_by=cast.editor,
        return_reason=MARKER,
    )
    ItemComment.objects.create(item=item, by=cast.editor, text=MARKER)
    evidence = Evidence(item=item, name=MARKER, size=1, sha256="0" * 64)
    evidence.file.save("evidence.csv", ContentFile(MARKER.encode()))
    Correction.objects.create(
        item=item,
        field="実績値",
        before="5",
        after="6",
        reason="集計の誤り",
        corrected_by=cast.coordinator,
    )
    later = RoundItem.objects.create(
        cycle=cast.open_cycle, kind="actual", object_id=cast.indicators["立案数"].pk, label=MARKER
    )
    Correction.objects.create(item=later, field=MARKER, before=MARKER, after=MARKER, reason=MARKER)
    # A review of the published year that waits for approval again.
    RoundItem.objects.create(
        cycle=cast.last_cycle,
        kind="review",
        object_id=cast.measures["観光2"].pk,
        label=MARKER,
        state="submitted",
    )
    Review.objects.filter(measure=cast.measures["観光2"], fiscal_year=2024).update(result=MARKER)


def _routes(resolver: URLResolver) -> Iterator[str]:
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            yield from _routes(pattern)
        elif isinstance(pattern, URLPattern):
            yield str(pattern.name)


def public_routes() -> set[str]:
    found = next(p for p in get_resolver().url_patterns if getattr(p, "namespace", "") == "public")
    return set(_routes(found))


def addresses(cast: Cast) -> Iterator[tuple[str, str]]:
    """Every route with every row there is: of this plan, of the draft and of the other city."""
    years = range(2020, 2028)
    reports = list(PublishedReport.objects.values_list("pk", flat=True))
    versions = list(DataVersion.objects.values_list("name", flat=True))
    rows = {
        "measure": list(Measure.objects.values_list("pk", flat=True)),
        "project": [row.pk for row in cast.projects.values()],
        "indicator": [row.pk for row in cast.indicators.values()],
        "embed": [row.pk for row in cast.indicators.values()],
    }
    for name in ("index", "accessibility", "data", "catalogue"):
        yield name, reverse(f"public:{name}")
    for place in (["422029", "dx"], ["422029", "dx-2"], ["422053", "dx"]):
        for name in public_routes() - {"index", "accessibility", "data", "catalogue"}:
            rests: list[list[object]] = [[]]
            if name in rows:
                rests = [[pk] for pk in rows[name]]
            elif name == "chart":
                rests = [[pk, x] for pk in rows["indicator"] for x in ("svg", "png", "csv")]
            elif name in ("plan_year", "budget_year"):
                rests = [[year] for year in years]
            elif name == "report_file":
                rests = [[pk, x] for pk in reports for x in ("pdf", "xlsx", "docx")]
            elif name == "dataset":
                rests = [[d, x] for d in DATASETS for x in EXTENSIONS]
            elif name == "dataset_year":
                rests = [[y, d, x] for y in years for d in DATASETS for x in EXTENSIONS]
            elif name == "version":
                rests = [[v] for v in versions]
            elif name == "version_file":
                rests = [[v, f"{d}.{x}"] for v in versions for d in DATASETS for x in EXTENSIONS]
            elif name == "items":
                rests = [[d, x] for d in DATASETS for x in ("csv", "xlsx")]
            for rest in rests:
                yield name, reverse(f"public:{name}", args=[*place, *rest])


def told_by(answer) -> str:
    """Everything that an answer says, a workbook's cells included."""
    import io
    import zipfile

    content = b"".join(answer) if answer.streaming else answer.content
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            content = b"".join(book.read(name) for name in book.namelist())
    return content.decode("utf-8", "replace") + str(answer.headers)


def test_no_marker_is_reachable_through_any_public_address(public: Cast) -> None:
    client = Client()
    people = [person.display_name for person in public.people.values()]
    hidden = [MARKER, str(NUMBER), f"{NUMBER:,}", f"{NUMBER // 1000:,}", "他市の", *people]
    seen: dict[str, int] = {}
    for name, address in addresses(public):
        # Only CSV can be asked for in another encoding; the others once each, all the same.
        is_first_or_csv = name not in seen or address.endswith(".csv")
        for query in ("", "?encoding=cp932") if is_first_or_csv else ("",):
            answer = client.get(address + query)
            assert answer.status_code in (200, 404), address
            seen[name] = seen.get(name, 0) + (answer.status_code == 200)
            said = told_by(answer)
            assert not [text for text in hidden if text in said], address
            if "/dx-2/" in address or "/422053/" in address:
                assert answer.status_code == 404, address
    assert set(seen) == public_routes()
    assert all(seen.values()), seen


def test_every_table_that_citizens_read_belongs_to_the_state(public: Cast) -> None:
    """Caches keep a page until the state changes, so what a page reads must change the state."""
    client, read, seen = Client(), set(), set()
    for name, address in addresses(public):
        if name in seen:
            continue
        caches[PAGES].clear()
        with CaptureQueriesContext(connection) as captured:
            if client.get(address).status_code == 200:
                seen.add(name)
        sent = (query["sql"] for query in captured.captured_queries)
        read |= {table for sql in sent for table in re.findall(r'(?:FROM|JOIN) "(\w+)"', sql)}
    assert seen == public_routes()
    with CaptureQueriesContext(connection) as captured:
        assert published_plan("422029", "dx").state.fingerprint
    told = {t for q in captured.captured_queries for t in re.findall(r'FROM "(\w+)"', q["sql"])}
    # A published report's job is fixed with it; the tree is a name inside of a statement.
    assert read - told == {"dxportal_reportjob", "__tree"}


@pytest.mark.parametrize("page", ["projects/", "indicators/", "budget/"])
def test_a_page_is_made_once_for_a_state(public: Cast, page: str) -> None:
    """From memory it is the same to the byte, and a new name of a department makes another."""
    client, address = Client(), f"/public/422029/dx/{page}"
    caches[PAGES].clear()
    first = client.get(address)
    with CaptureQueriesContext(connection) as captured:
        again = client.get(address)
    assert again.content == first.content
    assert again.headers == first.headers
    assert len(captured) <= QUERIES_OF_THE_STATE
    department = next(iter(public.departments.values()))
    department.name = "デジタル推進課"
    department.save()
    assert client.get(address, headers={"If-None-Match": first["ETag"]}).status_code == 200


def test_published_figures_are_there(public: Cast) -> None:
    client = Client()
    kpi = public.indicators["立案数"]
    page = client.get(f"/public/422029/dx/indicators/{kpi.pk}/").content.decode()
    assert "前年度並み" in page and "100.0%" in page
    values = json.loads(client.get("/public/data/422029/dx/values.json").content)["rows"]
    of_kpi = {
        (r["fiscal_year"], r["kind"]): r["value"] for r in values if r["indicator_id"] == "立案数"
    }
    assert of_kpi[2024, "実績"] == 6
    assert of_kpi[2026, "目標"] == 8  # as it was before the draft revised it
    assert {year for year, kind in of_kpi if kind == "実績"} == {2024}
    assert "集計の誤り" in client.get("/public/422029/dx/corrections/").content.decode()
    assert "1,234" in client.get("/public/422029/dx/budget/").content.decode()
    assert (
        "検証した。"
        in client.get(f"/public/422029/dx/measures/{public.measures['観光1'].pk}/").content.decode()
    )


def test_citizens_read_what_is_late_and_why_before_charts(cast: Cast, files: Path) -> None:
    publish_plan(office(cast), cast.plan, {"contact": "DX推進課"})
    page = Client().get("/public/422029/dx/").content.decode()
    late, chart = page.index("遅れている施策（1件）"), page.index('class="chart"')
    assert page.index("1件が遅れています") < late < page.index("契約が遅れた。") < chart
    assert page.index("更新（佐世保市が公表した内容です）") < late
    listed = Client().get("/public/422029/dx/indicators/").content.decode()
    assert listed.index('id="of-measures"') < listed.index('id="of-projects"')
    assert "このページ" in page and f"{django_settings.PUBLIC_URL}/public/422029/dx/" in page


def test_what_is_taken_back_is_gone(public: Cast) -> None:
    client = Client()
    before = [a for n, a in addresses(public) if "/422029/dx/" in a][:40]
    withdraw_plan(office(public), public.plan, "見直しのため")
    assert {client.get(address).status_code for address in before} == {404}
    assert public.plan.name not in client.get("/public/").content.decode()
    assert public.plan.name not in client.get("/public/data/catalog.jsonld").content.decode()
    entry = AuditEntry.objects.filter(action="publication.withdraw").get()
    assert entry.reason == "見直しのため"


def test_a_year_that_is_taken_back_is_gone(public: Cast) -> None:
    public.last_cycle.state = "final"
    public.last_cycle.save()
    client = Client()
    assert client.get("/public/422029/dx/fy2024/").status_code == 404
    values = json.loads(client.get("/public/data/422029/dx/values.json").content)["rows"]
    assert not [row for row in values if row["kind"] == "実績"]


def test_only_the_office_publishes_and_never_a_draft(cast: Cast) -> None:
    with pytest.raises(PermissionDenied):
        publish_plan(Actor(cast.editor, Channel.PAGE), cast.plan, {})
    with pytest.raises(PermissionDenied):
        publish_plan(Actor(cast.outsider, Channel.PAGE), cast.plan, {})
    cast.plan.status = "draft"
    cast.plan.save()
    with pytest.raises(ValidationError, match="案の計画"):
        publish_plan(office(cast), cast.plan, {})
    assert not Publication.objects.exists()


def test_caches_ask_again_and_are_told(public: Cast) -> None:
    client = Client()
    first = client.get("/public/422029/dx/")
    again = client.get("/public/422029/dx/", headers={"if-none-match": first["ETag"]})
    assert again.status_code == 304
    Measure.objects.get(pk=public.measures["観光"].pk).save()
    changed = client.get("/public/422029/dx/", headers={"if-none-match": first["ETag"]})
    assert changed.status_code == 200


def test_only_the_chart_to_embed_may_stand_in_a_frame(public: Cast) -> None:
    client = Client()
    kpi = public.indicators["立案数"].pk
    framed = client.get(f"/public/422029/dx/indicators/{kpi}/embed/")
    assert "frame-ancestors *;" in framed["Content-Security-Policy"] + ";"
    assert "X-Frame-Options" not in framed
    page = client.get(f"/public/422029/dx/indicators/{kpi}/")
    assert "frame-ancestors 'none'" in page["Content-Security-Policy"]


@pytest.mark.parametrize("page", ["", "projects/", "indicators/", "budget/"])
def test_a_page_needs_as_many_queries_however_large_the_plan(public: Cast, page: str) -> None:
    client = Client()
    with CaptureQueriesContext(
        connection,
    ) as small:
        client.get(f"/public/422029/dx/{page}")
    grow(public, 5)
    with CaptureQueriesContext(connection) as large:
        client.get(f"/public/422029/dx/{page}")
    assert len(large) == len(small) <= 25


def test_cp932_tells_what_it_cannot_carry(public: Cast) -> None:
    measure = public.measures["観光"]
    measure.name = "𠮷野の観光"
    measure.save()
    answer = Client().get("/public/data/422029/dx/measures.csv?encoding=cp932")
    assert answer.status_code == 422 and "U+20BB7" in answer.content.decode()
    assert Client().get("/public/data/422029/dx/measures.csv").content.startswith(b"\xef\xbb\xbf")


def test_the_static_site_holds_the_same_and_no_marker(public: Cast, tmp_path: Path) -> None:
    site = tmp_path / "site"
    write_site(site, "https://example.lg.jp/dx")
    write_site(site, "https://example.lg.jp/dx")  # an earlier site is replaced
    written = {
        file.relative_to(site).as_posix(): file for file in site.rglob("*") if file.is_file()
    }
    assert "public/422029/dx/index.html" in written
    assert "public/data/422029/dx/fy2024/values.csv" in written
    assert "public/data/422029/dx/values-cp932.csv" in written
    for name, file in written.items():
        assert MARKER.encode() not in file.read_bytes(), name
        if name.endswith(".html"):
            assert 'href="/' not in file.read_text(), name
    assert "https://example.lg.jp/dx/public/" in written["public/data/catalog.jsonld"].read_text()
    other = tmp_path / "other"
    other.mkdir()
    (other / "precious.txt").write_text("x")
    with pytest.raises(ValueError, match="not empty"):
        write_site(other)


def test_a_version_keeps_its_bytes_and_its_address(public: Cast) -> None:
    client, first = Client(), DataVersion.objects.get()
    address = f"/public/data/422029/dx/versions/{first.name}/"
    page = client.get(address).content.decode()
    cited = client.get(f"{address}values.csv").content
    assert cited == client.get("/public/data/422029/dx/values.csv").content
    assert hashlib.sha256(cited).hexdigest() in page
    assert keep_due_versions() == 0  # nothing has changed
    Actual.objects.filter(indicator=public.indicators["立案数"], fiscal_year=2024).update(
        value=7, raw_text="7", updated_at=timezone.now()
    )
    assert keep_due_versions() == 1
    assert client.get(f"{address}values.csv").content == cited
    assert client.get("/public/data/422029/dx/values.csv").content != cited
    assert "新しい版があります" in client.get(address).content.decode()
    told = json.loads(client.get("/public/data/catalog.jsonld").content)["dcat:dataset"][0]
    assert [row["dcat:version"] for row in told["dcat:hasVersion"]][1] == first.name
    assert client.get(f"{address}nothing.csv").status_code == 404


def test_a_version_goes_with_its_year_and_comes_back_with_it(public: Cast) -> None:
    client, version = Client(), DataVersion.objects.get()
    address = f"/public/data/422029/dx/versions/{version.name}/values.csv"
    seen = client.get(address)
    assert version.fiscal_years == [2024]
    cycle = move_cycle(
        office(public), public.last_cycle, "final", public.last_cycle.version, "見直し"
    )
    assert cycle.published_at is None
    assert client.get(address).status_code == 404
    assert client.get(address, headers={"if-none-match": seen["ETag"]}).status_code == 404
    cycle = move_cycle(office(public), cycle, "published", cycle.version)
    assert cycle.published_at is not None
    assert client.get(address).content == seen.content


def test_a_version_that_is_taken_back_is_gone_for_good(
    public: Cast, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    client, version = Client(), DataVersion.objects.get()
    address = f"/public/data/422029/dx/versions/{version.name}/values.csv"
    seen = client.get(address)
    with pytest.raises(PermissionDenied):
        withdraw_version(Actor(public.editor, Channel.PAGE), version, "誤り")
    with pytest.raises(ValidationError, match="理由"):
        withdraw_version(office(public), version, " ")
    with django_capture_on_commit_callbacks(execute=True):
        withdraw_version(office(public), version, "個人名が含まれていたため")
    assert client.get(address, headers={"if-none-match": seen["ETag"]}).status_code == 404
    assert not path_of(version.plan_id, version.sha256).exists()
    assert AuditEntry.objects.filter(action="dataversion.withdraw").get().reason
    assert keep_due_versions() == 0  # the same state is not kept a second time


def test_a_damaged_archive_is_told_and_not_served(public: Cast) -> None:
    version = DataVersion.objects.get()
    path_of(version.plan_id, version.sha256).write_bytes(b"PK")
    with pytest.raises(FileDamaged):
        read_kept(version, "values.csv")


@pytest.fixture
def door(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings that a process with PUBLIC_ONLY=1 has."""
    monkeypatch.setenv("PUBLIC_ONLY", "1")
    fresh = runpy.run_path(str(Path(django_settings.BASE_DIR, "dxportal/settings.py")))
    for name in ("ROOT_URLCONF", "MIDDLEWARE", "TEMPLATES"):
        setattr(settings, name, fresh[name])


def test_the_read_only_door_opens_to_nothing_else(public: Cast, door: None) -> None:
    client = Client()
    with CaptureQueriesContext(connection) as asked:
        pages = [client.get(address) for name, address in addresses(public) if name == "plan"]
        assert client.get("/", follow=True).status_code == 200
    assert [page.status_code for page in pages] == [200, 404, 404]
    writes = ("INSERT", "UPDATE", "DELETE")
    assert not [q for q in asked.captured_queries if q["sql"].startswith(writes)]
    assert not client.cookies
    assert client.post("/public/").status_code == 405
    for closed in ("/accounts/sign-in/", "/admin/", "/api/v1/", "/dashboard/", "/plans/"):
        assert client.get(closed).status_code == 404, closed


def test_a_process_of_the_read_only_door_starts() -> None:
    made = subprocess.run(
        [sys.executable, "manage.py", "check", "--fail-level", "WARNING"],
        cwd=django_settings.BASE_DIR,
        env={**os.environ, "PUBLIC_ONLY": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr


@pytest.mark.parametrize("page", ["", "data/", "data/catalog.jsonld", "accessibility/"])
def test_pages_of_all_plans_need_as_many_queries_for_many(public: Cast, page: str) -> None:
    client = Client()
    with CaptureQueriesContext(connection) as few:
        client.get(f"/public/{page}")
    for number in range(5):
        plan = Plan.objects.create(
            organization=public.city,
            key=f"more-{number}",
            name=f"計画{number}",
            first_fiscal_year=2022,
            last_fiscal_year=2027,
        )
        Publication.objects.create(plan=plan)
    with CaptureQueriesContext(connection) as many:
        assert "more-4" in client.get(f"/public/{page}").content.decode() or "access" in page
    assert len(many) == len(few) <= 3


def test_many_cities_are_one_line_each(public: Cast, client: Client) -> None:
    assert '<li class="card">' in client.get("/public/").content.decode()
    for number in range(31):
        city = Organization.objects.create(code=f"{number:06}", name=f"見本{number}市")
        plan = Plan.objects.create(
            organization=city,
            key="dx",
            name="DX計画",
            status=Plan.Status.ACTIVE,
            first_fiscal_year=2024,
            last_fiscal_year=2025,
        )
        Publication.objects.create(plan=plan)
    page = client.get("/public/").content.decode()
    assert page.count("<a href=") >= 32 and '<li class="card">' not in page
    assert '見本30市：<a href="/public/000030/dx/">DX計画</a>' in page
