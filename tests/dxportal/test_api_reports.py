"""Asking for a report over the API, watching it, and fetching its file."""

from pathlib import Path

from dxportal.models import ReportJob
from tests.api import Caller, finished_report
from tests.cast import LAST_YEAR, Cast


def test_a_coordinator_asks_and_watches(cast: Cast) -> None:
    coordinator = Caller(cast.coordinator)
    sent = {"plan": cast.plan.pk, "fiscal_year": LAST_YEAR, "format": "xlsx"}
    asked = coordinator.post("jobs/", sent)
    assert asked.status_code == 202
    job = asked.json()
    assert (job["state"], job["report"], job["requested_by_name"]) == ("queued", None, "事務 局子")
    assert coordinator.post("jobs/", sent).json()["id"] == job["id"]
    watched = coordinator.get(asked["Location"].removeprefix("http://testserver"))
    assert watched.json()["state"] == "queued"
    assert coordinator.rows("reports/") == []


def test_a_year_outside_the_plan_and_an_unknown_format_are_refused(cast: Cast) -> None:
    coordinator = Caller(cast.coordinator)
    for field, value in (("fiscal_year", 2040), ("format", "doc"), ("kind", "x")):
        sent = {"plan": cast.plan.pk, "fiscal_year": LAST_YEAR, "format": "pdf", field: value}
        response = coordinator.post("jobs/", sent)
        assert response.status_code == 400
        assert response.json()["errors"][0]["field"] == field


def test_the_file_comes_as_it_was_made_to_who_may_see_it_now(cast: Cast, files: Path) -> None:
    job = finished_report(cast, b"%PDF-1.7 report")
    viewer = Caller(cast.viewer)
    row = viewer.get(f"reports/{job.pk}/").json()
    assert row["filename"].endswith("令和6年度年次報告書.pdf")
    address = row["download"].removeprefix("http://testserver")
    response = viewer.get(address, Accept="application/pdf")
    assert b"".join(response.streaming_content) == b"%PDF-1.7 report"
    assert response["Content-Type"] == "application/pdf"
    assert "attachment" in response["Content-Disposition"]
    assert "private" in response["Cache-Control"]
    cast.viewer.role_assignments.all().delete()
    assert Caller(cast.viewer).get(address).status_code == 404


def test_a_file_that_is_gone_and_a_job_that_is_not_done_are_not_there(
    cast: Cast, files: Path
) -> None:
    job = finished_report(cast)
    Path(job.file.path).unlink()
    viewer = Caller(cast.viewer)
    gone = viewer.get(f"reports/{job.pk}/download/")
    assert gone.status_code == 404
    assert "もう一度" in gone.json()["detail"]
    waiting = ReportJob.objects.create(plan=cast.plan, fiscal_year=LAST_YEAR, format="pdf")
    assert viewer.get(f"reports/{waiting.pk}/").status_code == 404
    assert viewer.get(f"reports/{waiting.pk}/download/").status_code == 404
