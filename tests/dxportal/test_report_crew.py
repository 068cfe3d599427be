"""Several workers at one PDF: the same file as from one, and nothing left of who died."""

import datetime
import re
from pathlib import Path

import pypdf
import pytest
from django.utils import timezone

from accounts.audit import Actor
from accounts.models import Channel, RoleAssignment
from dxportal import services, tasks
from dxportal.models import ReportJob, ReportPart
from dxportal.reports import crew, pdf, pdf_parts
from dxportal.reports.compose import report_of
from dxportal.reports.pdf_parts import parts_of
from dxportal.reports.snapshots import content_of
from tests.cast import LAST_YEAR, Cast
from tests.dxportal.pdf_ua import problems_of


@pytest.fixture
def job(cast: Cast, files: Path, monkeypatch: pytest.MonkeyPatch) -> ReportJob:
    """A report that is cut into several parts, asked for and sent nowhere."""
    monkeypatch.setattr(services, "_send", lambda job_id: None)
    monkeypatch.setattr(pdf_parts, "MAX_WEIGHT", 30)
    actor = Actor(cast.coordinator, Channel.PAGE)
    return services.request_report(actor, cast.plan, LAST_YEAR, "pdf")


def files_of(job: ReportJob) -> list[str]:
    return [path.name for path in services.folder_of(job).rglob("*")]


def built(job: ReportJob) -> ReportJob:
    tasks.build_report(job.pk)
    job.refresh_from_db()
    assert job.state == ReportJob.State.DONE, job.error
    return job


def helped(monkeypatch: pytest.MonkeyPatch, *helpers: object) -> None:
    """Somebody else is quick: these are called as soon as the parts are there."""
    announce = crew.announce

    def announced(job: ReportJob, parts: list[pdf_parts.Part]) -> None:
        announce(job, parts)
        for helper in helpers:
            helper(job)  # type: ignore[operator]

    monkeypatch.setattr(crew, "announce", announced)


def test_a_report_is_the_same_whoever_lays_it_out(
    job: ReportJob, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    laid_out: list[str] = []
    helped(monkeypatch, lambda job: tasks.help_with_report(job.pk))
    help_with = crew.help_with

    def counted(*args: object) -> int:
        laid_out.extend(["part"] * help_with(*args))  # type: ignore[arg-type]
        return len(laid_out)

    monkeypatch.setattr(crew, "help_with", counted)
    built(job)
    assert len(laid_out) == len([p for p in parts_of(content_of(job.snapshot)) if not p.is_front])
    assert len(laid_out) >= 3
    alone = tmp_path / "alone.pdf"
    pdf.write_pdf(content_of(job.snapshot), alone, lambda step, percent: None)
    assert Path(job.file.path).read_bytes() == alone.read_bytes()
    assert files_of(job) == [Path(job.file.name).name]
    assert not ReportPart.objects.exists()


def test_parts_are_joined_with_tags_links_bookmarks_and_numbers(
    job: ReportJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pdf, "NUMBERS_AT_ONCE", 3)  # a few pages are as many files of numbers
    file = Path(built(job).file.path)
    assert problems_of(file) == []
    reader = pypdf.PdfReader(file)
    count = len(reader.pages)
    texts = ["".join(page.extract_text().split()) for page in reader.pages]
    assert "/" not in texts[0][-8:]  # the cover has no number
    for number, text in enumerate(texts[1:], start=2):
        assert text.endswith(f"{number}/{count}"), text[-40:]
    # What the contents say, where their links lead, and where the heading stands is one page.
    places = reader.named_destinations
    pages = job.design["pages"]
    for anchor in ("structure", "projects", "totals"):
        at = reader.get_destination_page_number(places[anchor]) + 1
        assert at == pages[anchor]
        assert str(pages[anchor]) in re.findall(r"[.．](\d+)", texts[1])
    assert "集計" in texts[pages["totals"] - 1]


def test_a_part_of_a_dead_helper_is_taken_up_when_its_lease_is_over(
    job: ReportJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(job: ReportJob) -> None:
        part = crew.claim_part(job.pk)
        long_ago = timezone.now() - datetime.timedelta(hours=1)
        ReportPart.objects.filter(pk=part.pk).update(heartbeat_at=long_ago)

    helped(monkeypatch, dies)
    built(job)


def test_two_workers_never_have_the_same_part(job: ReportJob) -> None:
    claimed = services.claim_job(job.pk)
    crew.announce(claimed, parts_of(report_of(job.plan, job.fiscal_year)))
    taken = []
    while part := crew.claim_part(job.pk):
        taken.append(part.number)
    assert len(taken) == len(set(taken)) == ReportPart.objects.count() >= 3
    # The heaviest goes first: nobody is left waiting for it.
    weights = dict(ReportPart.objects.values_list("number", "weight"))
    assert [weights[number] for number in taken] == sorted(weights.values(), reverse=True)


def test_whoever_helps_stops_when_the_job_is_cancelled(
    cast: Cast, job: ReportJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    render = pdf.render

    def cancelled_meanwhile(*args: object) -> object:
        laid = render(*args)  # type: ignore[arg-type]
        if ReportJob.objects.get(pk=job.pk).is_active:
            services.cancel_report(Actor(cast.coordinator, Channel.PAGE), job)
        return laid

    monkeypatch.setattr(pdf, "render", cancelled_meanwhile)
    helped(monkeypatch, lambda job: tasks.help_with_report(job.pk))
    tasks.build_report(job.pk)
    job.refresh_from_db()
    assert job.state == ReportJob.State.CANCELLED
    assert files_of(job) == [] and not ReportPart.objects.exists()


def test_nobody_helps_who_asks_without_the_right(
    cast: Cast, job: ReportJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose_right_and_help(job: ReportJob) -> None:
        RoleAssignment.objects.filter(user=cast.coordinator).delete()
        monkeypatch.setattr(crew, "help_with", None)  # calling it would be an error
        tasks.help_with_report(job.pk)

    helped(monkeypatch, lose_right_and_help)
    tasks.build_report(job.pk)


def test_help_that_comes_too_late_finds_nothing_to_do(job: ReportJob) -> None:
    built(job)
    tasks.help_with_report(job.pk)
    tasks.help_with_report(-1)
    assert files_of(job) == [Path(job.file.name).name]
