"""A published report never changes; what is corrected later is told beside it."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client

from accounts.audit import Actor
from accounts.models import AuditEntry, Channel, User
from dxportal import services, tasks
from dxportal.models import PublishedReport, ReportJob
from dxportal.reports import snapshots
from dxportal.reports.compose import report_of
from dxportal.reports.design import Chosen, Design
from dxportal.reports.differences import differences
from dxportal.reports.publishing import (
    FileDamaged,
    errata_of,
    path_of,
    publish_report,
    require_intact,
    withdraw_report,
)
from kpi.models import Actual
from kpi.services import ActualEntry, correct_actual
from plans.models import Correction, ReportingCycle, RoundItem
from tests.cast import LAST_YEAR, Cast

SignIn = Callable[[User], Client]


def actor(cast: Cast) -> Actor:
    return Actor(cast.coordinator, Channel.PAGE)


@pytest.fixture
def job(cast: Cast, files: Path, monkeypatch: pytest.MonkeyPatch) -> ReportJob:
    """A finished PDF of the KPIs alone."""
    monkeypatch.setattr(services, "_send", lambda job_id: None)
    design = Design((Chosen("totals"), Chosen("areas")))
    made = services.request_report(actor(cast), cast.plan, LAST_YEAR, "pdf", design)
    tasks.build_report(made.pk)
    made.refresh_from_db()
    assert made.state == ReportJob.State.DONE, made.error
    return made


def correct(cast: Cast) -> None:
    """As the round's own verb leaves it: the figure, and what is told of it."""
    indicator = cast.indicators["来訪者"]
    item, _ = RoundItem.objects.get_or_create(
        cycle=cast.last_cycle, kind="actual", object_id=indicator.pk,
        defaults={"label": indicator.name, "state": "final"},
    )  # fmt: skip
    Correction.objects.create(
        item=item, field="実績値", before="12,345", after="12,354", reason="集計の誤り"
    )
    Actual.objects.filter(indicator=indicator, fiscal_year=LAST_YEAR).update(value=12354)


def test_the_published_file_stays_what_it_was(cast: Cast, job: ReportJob) -> None:
    report = publish_report(actor(cast), job, "令和6年度報告書")
    published = require_intact(report).read_bytes()
    assert report.sha256 == job.sha256 and report.edition == 1
    correct(cast)
    Path(job.file.path).write_bytes(b"another")
    assert require_intact(report).read_bytes() == published
    assert not path_of(report).stat().st_mode & 0o222
    assert AuditEntry.objects.filter(action="report.publish").exists()


def test_an_edit_after_publication_changes_the_errata_and_the_next_report_alone(
    cast: Cast, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "_send", lambda job_id: None)
    design = Design((Chosen("kpis"), Chosen("errata")))

    def built() -> ReportJob:
        made = services.request_report(actor(cast), cast.plan, LAST_YEAR, "xlsx", design)
        tasks.build_report(made.pk)
        made.refresh_from_db()
        assert made.state == ReportJob.State.DONE, made.error
        return made

    def visitors(file: Path) -> object:
        rows = openpyxl.load_workbook(file)["データ_値一覧"].iter_rows(min_row=2, values_only=True)
        return next(row[6] for row in rows if row[3:6] == ("来訪者数", LAST_YEAR, "actual"))

    report = publish_report(actor(cast), built(), "報告書")
    published = path_of(report).read_bytes()
    assert visitors(path_of(report)) == 12345
    row = Actual.objects.get(indicator=cast.indicators["来訪者"], fiscal_year=LAST_YEAR)
    entry = ActualEntry("12,354")
    correct_actual(
        actor(cast), cast.plan, row.indicator, LAST_YEAR, entry, row.version, "集計の誤り"
    )
    # Not the published file,
    assert require_intact(report).read_bytes() == published
    assert hashlib.sha256(published).hexdigest() == report.sha256
    assert errata_of(report)[0].after == "12,354"
    # but the next report, with the 正誤表 in it.
    following = Path(built().file.path)
    assert visitors(following) == 12354
    told = [
        (line[3], line[4], line[5])
        for line in openpyxl.load_workbook(following)["正誤表"].iter_rows(values_only=True)
    ]
    assert ("12,345", "12,354", "集計の誤り") in told


def test_a_correction_after_publication_makes_the_errata_with_page_and_section(
    cast: Cast, job: ReportJob
) -> None:
    report = publish_report(actor(cast), job, "報告書")
    assert errata_of(report) == []
    correct(cast)
    (row,) = errata_of(report)
    assert (row.before, row.after, row.section) == ("12,345", "12,354", "観光")
    assert (
        int(row.page) == job.design["pages"][f"kpi-area-{cast.measures['観光'].pk}-2"] or row.page
    )
    # The next report has them in its 正誤表.
    assert report_of(cast.plan, LAST_YEAR).corrections[0].is_after_publication


def test_the_next_publication_is_the_next_edition(cast: Cast, job: ReportJob) -> None:
    publish_report(actor(cast), job, "報告書")
    correct(cast)
    again = services.request_report(actor(cast), cast.plan, LAST_YEAR, "pdf")
    tasks.build_report(again.pk)
    again.refresh_from_db()
    second = publish_report(actor(cast), again, "報告書")
    assert second.edition == 2 and second.sha256 != job.sha256
    assert errata_of(second) == []


def test_a_year_that_is_not_settled_needs_a_word(cast: Cast, job: ReportJob) -> None:
    ReportingCycle.objects.filter(pk=cast.last_cycle.pk).update(state="open")
    with pytest.raises(ValidationError, match="確定していません"):
        publish_report(actor(cast), job, "報告書")
    assert not PublishedReport.objects.exists()
    assert publish_report(actor(cast), job, "報告書", confirmed=True).pk


def test_what_cannot_be_published_is_refused(cast: Cast, job: ReportJob) -> None:
    with pytest.raises(PermissionDenied):
        publish_report(Actor(cast.viewer, Channel.PAGE), job, "報告書")
    with pytest.raises(ValidationError, match="表題"):
        publish_report(actor(cast), job, " ")
    publish_report(actor(cast), job, "報告書")
    with pytest.raises(ValidationError, match="すでに"):
        publish_report(actor(cast), job, "報告書")


def test_a_file_that_was_changed_before_is_not_published(cast: Cast, job: ReportJob) -> None:
    Path(job.file.path).write_bytes(b"another")
    with pytest.raises(ValidationError, match="内容が作成時と違う"):
        publish_report(actor(cast), job, "報告書")
    assert not PublishedReport.objects.exists()


def test_a_withdrawn_report_says_why_and_keeps_its_file(cast: Cast, job: ReportJob) -> None:
    report = publish_report(actor(cast), job, "報告書")
    with pytest.raises(ValidationError, match="理由"):
        withdraw_report(actor(cast), report, "")
    withdraw_report(actor(cast), report, "数値の誤り")
    assert report.withdrawal_reason == "数値の誤り" and require_intact(report)
    with pytest.raises(ValidationError, match="すでに"):
        withdraw_report(actor(cast), report, "もう一度")


def test_the_pages_publish_offer_and_withdraw(cast: Cast, job: ReportJob, sign_in: SignIn) -> None:
    client = sign_in(cast.coordinator)
    assert client.post(f"/reports/{job.pk}/publish/", {"title": ""}).status_code == 422
    client.post(f"/reports/{job.pk}/publish/", {"title": "R6報告書"})
    report = PublishedReport.objects.get()
    assert "R6報告書" in client.get("/reports/published/").content.decode()
    correct(cast)
    page = client.get(f"/reports/published/{report.pk}/").content.decode()
    assert report.sha256 in page and "12,354" in page
    download = client.get(f"/reports/published/{report.pk}/download/")
    assert b"".join(download.streaming_content)[:5] == b"%PDF-"  # type: ignore[attr-defined]
    client.post(f"/reports/published/{report.pk}/withdraw/", {"reason": "差替え"})
    assert "差替え" in client.get(f"/reports/published/{report.pk}/").content.decode()


def test_a_damaged_copy_is_told_of_and_not_handed_out(
    cast: Cast, job: ReportJob, sign_in: SignIn
) -> None:
    report = publish_report(actor(cast), job, "報告書")
    path = path_of(report)
    path.chmod(0o644)
    path.write_bytes(b"another")
    with pytest.raises(FileDamaged):
        require_intact(report)
    assert sign_in(cast.viewer).get(f"/reports/published/{report.pk}/download/").status_code == 404


def test_two_reports_are_compared_by_value(cast: Cast, files: Path, sign_in: SignIn) -> None:
    before = snapshots.take_snapshot(actor(cast), cast.plan, LAST_YEAR)
    correct(cast)
    after = snapshots.take_snapshot(actor(cast), cast.plan, LAST_YEAR)
    found = differences(snapshots.content_of(before), snapshots.content_of(after))
    value = next(row for row in found if row.place == "値一覧")
    assert (value.name, value.fiscal_year, value.column) == ("来訪者数", LAST_YEAR, "値")
    assert (value.before, value.after) == ("12345", "12354")
    assert {row.place for row in found} == {"値一覧", "達成率"}
    client = sign_in(cast.viewer)
    query = f"/reports/compare/?before={before.pk}&after={after.pk}"
    assert "来訪者数" in client.get(query).content.decode()
    assert "12354" in client.get(f"{query}&format=csv").content.decode("utf-8-sig")
    # Another city's snapshots are not there.
    assert client.get(query).status_code == 200
    assert "来訪者数" not in sign_in(cast.outsider).get(query).content.decode()
