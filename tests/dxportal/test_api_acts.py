"""What pages can do with plans, departments, files, reports and books, done over the API."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import Department
from dxportal.models import PublishedReport, ReportJob
from dxportal.planbook.writer import lines_of, write_zip
from dxportal.rest import whole_plan
from dxportal.urls.api import RESOURCES
from plans.models import Evidence, Plan, RoundItem
from tests.api import Caller, finished_report, one_row_of_everything
from tests.cast import LAST_YEAR, Cast


@pytest.fixture
def coordinator(cast: Cast) -> Caller:
    return Caller(cast.coordinator)


def ok(response: Any, status: int = 200) -> dict[str, Any]:
    assert response.status_code == status, response.content.decode()
    body: dict[str, Any] = response.json()
    return body


# A whole plan


def test_every_resource_of_a_plan_is_in_the_whole_plan_or_left_out_by_name() -> None:
    left_out = {"settlements", "reports", "published-reports", "jobs", "deletions", "books"}
    left_out |= {"audit", "tokens", "webhooks", "webhook-origins", "webhook-deliveries"}
    left_out |= {"saved-views", "report-templates", "column-mappings", "notices"}
    assert set(whole_plan.NAMES) == set(RESOURCES) - left_out


def test_a_whole_plan_is_what_its_lists_say(cast: Cast, files: Path) -> None:
    one_row_of_everything(cast)
    viewer = Caller(cast.viewer)
    response = viewer.get(f"plans/{cast.plan.pk}/rows/")
    found: dict[str, list[Any]] = {}
    for line in b"".join(response.streaming_content).decode().splitlines():
        said = json.loads(line)
        found.setdefault(said["resource"], []).append(said["row"])
    for name, rows in found.items():
        by = "organization" if name in whole_plan.OF_ORGANIZATION else "plan"
        owner = cast.city.pk if by == "organization" else cast.plan.pk
        query = "" if name in ("organizations", "plans", *whole_plan.PATHS) else f"?{by}={owner}"
        assert rows == viewer.rows(f"{name}/{query}"), name
    assert list(found) == [name for name in whole_plan.NAMES if name in found]
    assert set(found) == set(whole_plan.NAMES)


def test_a_whole_plan_comes_as_tables_too(cast: Cast, files: Path) -> None:
    response = Caller(cast.viewer).get(f"plans/{cast.plan.pk}/rows/?format=csv")
    archive = zipfile.ZipFile(io.BytesIO(b"".join(response.streaming_content)))
    assert archive.testzip() is None
    assert archive.namelist() == [f"{name}.csv" for name in whole_plan.NAMES]
    head, first, *_ = archive.read("actuals.csv").decode("utf-8-sig").splitlines()
    assert head.startswith("id,indicator,indicator_key") and "令和" not in first
    assert Caller(cast.viewer).get(f"plans/{cast.plan.pk}/rows/?format=xml").status_code == 400


def test_a_plan_book_goes_out_and_comes_in(cast: Cast, files: Path, coordinator: Caller) -> None:
    response = coordinator.get(f"plans/{cast.plan.pk}/book/")
    assert b"".join(response.streaming_content)[:2] == b"PK"
    content = io.BytesIO()
    write_zip(lines_of(cast.plan), content, "utf-8")
    renamed = _with(content, "measures", "デジタルプロモーションの推進", "観光のDX")
    file = SimpleUploadedFile("book.zip", renamed)
    sent = {"organization": cast.city.pk, "plan": cast.plan.pk, "file": file}
    book = ok(coordinator.post("books/", sent), 201)
    address = f"books/{book['id']}/"
    preview = ok(coordinator.get(f"{address}preview/"))
    assert preview["faults"] == [] and book["state"] == "checked"
    (change,) = preview["changes"]
    assert (change["kind"], change["sheet"]) == ("changed", "measures")
    assert "観光のDX" in change["fields_changed"]["name"][1]
    late = coordinator.post(f"{address}apply/", {"plan_state": "0" * 64})
    assert late.status_code == 422 and "確かめ直して" in late.json()["detail"]
    again = ok(coordinator.get(f"{address}preview/"))
    done = ok(coordinator.post(f"{address}apply/", {"plan_state": again["plan_state"]}))
    assert done["state"] == "applied" and done["done"]["updated"] == {"measures": 1}
    assert coordinator.post(f"{address}apply/", {"plan_state": "x"}).status_code == 400


def _with(content: io.BytesIO, sheet: str, old: str, new: str) -> bytes:
    """The same book with another word in one sheet."""
    made = io.BytesIO()
    with zipfile.ZipFile(content) as read, zipfile.ZipFile(made, "w") as write:
        for name in read.namelist():
            text = read.read(name).decode("utf-8-sig")
            if name.endswith(f"{sheet}.csv"):
                assert old in text
                text = text.replace(old, new, 1)
            write.writestr(name, text)
    return made.getvalue()


# Editions


def test_a_plan_is_revised_compared_and_put_into_force(cast: Cast, coordinator: Caller) -> None:
    Plan.objects.filter(pk=cast.plan.pk).update(last_fiscal_year=2027)
    sent = {
        "key": "next",
        "name": cast.plan.name,
        "edition": "令和8年度改定",
        "applies_from": 2027,
    }
    draft = ok(coordinator.post(f"plans/{cast.plan.pk}/revise/", sent), 201)
    assert (draft["status"], draft["revises"]) == ("draft", cast.plan.key)
    measure = coordinator.rows(f"measures/?plan={draft['id']}&q=観光")[0]
    changed = {"name": "改めた観光", "version": measure["version"]}
    ok(coordinator.patch(f"measures/{measure['id']}/", changed))
    found = ok(coordinator.get(f"plans/{draft['id']}/compare/?with={cast.plan.pk}"))
    assert found["after"].endswith("令和8年度改定）") or "令和8年度改定" in found["after"]
    assert any(
        row["subject"] == "measures" and row["after"] == "改めた観光" for row in found["results"]
    )
    ok(coordinator.post(f"plans/{draft['id']}/put-into-force/", {"version": draft["version"]}))
    assert ok(coordinator.get(f"plans/{cast.plan.pk}/?fields=status"))["status"] == "superseded"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("", "with"),
        ("with=1&from=2024&to=2025", "with"),
        ("from=2024", "with"),
        ("from=1999&to=2024", "from"),
        ("with=x", "with"),
        ("years=2", "years"),
    ],
)
def test_a_comparison_that_makes_no_sense_is_refused(
    cast: Cast, coordinator: Caller, query: str, field: str
) -> None:
    response = coordinator.get(f"plans/{cast.plan.pk}/compare/?{query}")
    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == field


def test_another_citys_plan_cannot_be_compared(cast: Cast, coordinator: Caller) -> None:
    response = coordinator.get(f"plans/{cast.plan.pk}/compare/?with={cast.other_plan.pk}")
    assert response.status_code == 404


def test_a_plan_is_made_public_and_taken_back(cast: Cast, coordinator: Caller) -> None:
    address = f"plans/{cast.plan.pk}/"
    assert coordinator.get(f"{address}publication/").status_code == 404
    terms = ok(coordinator.post(f"{address}publish/", {"contact": "DX推進課"}))
    assert terms["licence"] == "CC-BY-4.0"
    kept = ok(coordinator.post(f"{address}publish/", {"introduction": "まちの計画です。"}))
    assert (kept["contact"], kept["introduction"]) == ("DX推進課", "まちの計画です。")
    assert coordinator.post(f"{address}withdraw/", {"reason": ""}).status_code == 400
    assert coordinator.post(f"{address}withdraw/", {"reason": "誤り"}).status_code == 204
    assert coordinator.get(f"{address}publication/").status_code == 404


# The house, and the round


def test_departments_are_kept(cast: Cast, coordinator: Caller) -> None:
    parent = cast.departments["観光経済部"].pk
    sent = {"organization": cast.city.pk, "name": "物産課", "parent": parent}
    made = ok(coordinator.post("departments/", sent), 201)
    assert made["parent"] == parent
    assert coordinator.post("departments/", sent).status_code == 400
    address = f"departments/{made['id']}/"
    ok(coordinator.patch(address, {"name": "物産振興課", "version": 1}))
    late = coordinator.call("PATCH", address, {"name": "x"}, **{"If-Match": '"1"'})
    assert late.status_code == 412 and late.json()["current"]["name"] == "物産振興課"
    elsewhere = cast.other_city.departments.create(key="x", name="他市の課")
    assert coordinator.patch(address, {"parent": elsewhere.pk, "version": 2}).status_code == 404
    ended = ok(coordinator.post(f"{address}end/", {"valid_to": "2027-03-31", "version": 2}))
    assert ended["valid_to"] == "2027-03-31"
    assert Department.objects.get(pk=made["id"]).name == "物産振興課"


def test_evidence_is_added_and_taken_away(cast: Cast, files: Path) -> None:
    rows = one_row_of_everything(cast)
    editor = Caller(cast.editor)
    file = SimpleUploadedFile("集計.csv", "件数\n3\n".encode())
    made = ok(editor.post("evidence/", {"item": rows["items"], "file": file}), 201)
    assert (made["name"], made["size"]) == ("集計.csv", 9)
    same = editor.post("evidence/", {"item": rows["items"], "file": file})
    assert same.status_code == 400 and "同じ内容" in same.json()["detail"]
    wrong = SimpleUploadedFile("a.exe", b"MZ")
    assert editor.post("evidence/", {"item": rows["items"], "file": wrong}).status_code == 400
    assert editor.post("evidence/", {"item": rows["items"]}).status_code == 415
    assert editor.delete(f"evidence/{made['id']}/").status_code == 204
    assert not Evidence.objects.filter(pk=made["id"]).exists()


def test_a_round_is_refreshed_and_its_departments_are_reminded(
    cast: Cast, coordinator: Caller
) -> None:
    assert cast.open_cycle is not None
    address = f"cycles/{cast.open_cycle.pk}/"
    items = ok(coordinator.post(f"{address}refresh/", {}))["items"]
    assert items == RoundItem.objects.filter(cycle=cast.open_cycle).count() > 0
    owing = {"departments": [cast.departments["観光課"].pk], "text": "本日までです。"}
    assert ok(coordinator.post(f"{address}remind/", owing))["told"] == 1


def test_a_placement_moves_in_the_tree(cast: Cast, coordinator: Caller) -> None:
    placement = cast.projects["観光1-2-2"].placements.get()
    to = {"measure": cast.measures["観光2"].pk, "index": 0, "version": 1}
    moved = ok(coordinator.post(f"placements/{placement.pk}/move/", to))
    assert moved["measure"] == cast.measures["観光2"].pk
    assert coordinator.post(f"placements/{placement.pk}/move/", to).status_code == 409


# Reports, and searching


def test_a_report_is_published_fetched_and_withdrawn(
    cast: Cast, files: Path, coordinator: Caller
) -> None:
    job = finished_report(cast)
    made = ok(coordinator.post(f"reports/{job.pk}/publish/", {"title": "年次報告書"}), 201)
    assert (made["fiscal_year"], made["edition"], made["format"]) == (LAST_YEAR, 1, "pdf")
    file = Caller(cast.viewer).get(made["download"].removeprefix("http://testserver"))
    assert b"".join(file.streaming_content) == b"%PDF-1.7"
    address = f"published-reports/{made['id']}/"
    assert coordinator.post(f"{address}withdraw/", {"reason": ""}).status_code == 400
    assert ok(coordinator.post(f"{address}withdraw/", {"reason": "差替"}))["withdrawn_at"]
    assert PublishedReport.objects.count() == 1


def test_a_job_that_waits_is_cancelled(cast: Cast, files: Path, coordinator: Caller) -> None:
    job = ReportJob.objects.create(
        plan=cast.plan, fiscal_year=LAST_YEAR, format="pdf", requested_by=cast.coordinator
    )
    assert ok(coordinator.post(f"jobs/{job.pk}/cancel/", {}))["state"] == "cancelled"


def test_searching_finds_what_the_page_finds(cast: Cast) -> None:
    found = ok(Caller(cast.viewer).get("search/?q=ｓｎｓ"))["results"]
    projects = next(group for group in found if group["kind"] == "project")
    assert "ＳＮＳ" in projects["hits"][0]["title"] and "<mark>" not in str(found)
    assert ok(Caller(cast.outsider).get("search/?q=ｓｎｓ"))["results"] == []
    for query in ("", "q=", "q=a&kind=user", "q=a&page=2", "q=" + "あ" * 201):
        assert Caller(cast.viewer).get(f"search/?{query}").status_code == 400, query
