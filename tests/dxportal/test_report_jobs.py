"""Report jobs: whatever dies, is delivered twice or cancelled, a job ends and has one file."""

import datetime
import hashlib
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from django.conf import LazySettings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.audit import Actor
from accounts.models import AuditEntry, Channel, RoleAssignment, User
from dxportal import services, tasks
from dxportal.models import PublishedReport, ReportJob
from dxportal.reports.build import BuiltReport
from tests.cast import Cast

State = ReportJob.State
SignIn = Callable[[User], Client]


@pytest.fixture(autouse=True)
def sent(settings: LazySettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Files go to a folder of the test; the ids of jobs that were sent to the broker."""
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path)},
        },
    }
    ids: list[int] = []
    monkeypatch.setattr(services, "_send", ids.append)
    return ids


@pytest.fixture
def small_build(monkeypatch: pytest.MonkeyPatch) -> None:
    """A builder that takes no time and writes a file of a few bytes."""

    def build(
        plan: Any, year: int, kind: str, target: Path, progress: Any, *rest: Any
    ) -> BuiltReport:
        progress("紙面の組立て", 50)
        target.write_bytes(b"report")
        return BuiltReport(3, timezone.now())

    monkeypatch.setattr(tasks, "build", build)


def requested(cast: Cast, format: str = "pdf") -> ReportJob:
    actor = Actor(cast.coordinator, Channel.PAGE)
    return services.request_report(actor, cast.plan, 2024, format)


def files(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in tmp_path.rglob("*") if path.is_file())


def lose_worker(job: ReportJob) -> None:
    """As if the worker had been killed long ago."""
    long_ago = timezone.now() - datetime.timedelta(hours=1)
    ReportJob.objects.filter(pk=job.pk).update(heartbeat_at=long_ago)


# Asking


def test_a_request_is_written_audited_and_sent_once_committed(
    cast: Cast, sent: list[int], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        job = requested(cast)
        assert sent == []
    assert sent == [job.pk]
    assert (job.state, job.requested_by) == (State.QUEUED, cast.coordinator)
    entry = AuditEntry.objects.of(job).get()
    assert (entry.action, entry.actor, entry.channel) == (
        "report.request",
        cast.coordinator,
        Channel.PAGE,
    )


def test_a_double_click_asks_for_one_report(cast: Cast) -> None:
    assert requested(cast) == requested(cast)
    assert requested(cast, "xlsx") != requested(cast, "pdf")
    assert ReportJob.objects.count() == 2


@pytest.mark.parametrize("name", ["editor", "approver", "viewer", "admin", "outsider"])
def test_only_who_manages_the_plan_may_ask(cast: Cast, name: str) -> None:
    with pytest.raises(PermissionDenied):
        services.request_report(Actor(cast.people[name], Channel.PAGE), cast.plan, 2024, "pdf")
    assert not ReportJob.objects.exists()


@pytest.mark.parametrize(("year", "format"), [(2021, "pdf"), (2028, "pdf"), (2024, "doc")])
def test_a_report_that_cannot_be_is_refused(cast: Cast, year: int, format: str) -> None:
    with pytest.raises(ValidationError):
        services.request_report(Actor(cast.coordinator, Channel.PAGE), cast.plan, year, format)


def test_a_broker_that_is_away_leaves_a_waiting_job(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    monkeypatch.undo()
    with (
        mock.patch.object(services.app, "send_task", side_effect=OSError("no broker")),
        django_capture_on_commit_callbacks(execute=True),
    ):
        job = requested(cast)
    job.refresh_from_db()
    assert job.state == State.QUEUED


# Building


def test_a_finished_job_has_its_file_and_what_it_was_made_from(
    cast: Cast, small_build: None, tmp_path: Path
) -> None:
    job = requested(cast)
    tasks.build_report(job.pk)
    job.refresh_from_db()
    assert (job.state, job.percent, job.attempts) == (State.DONE, 100, 1)
    assert job.file.read() == b"report" and job.size == 6
    assert job.sha256 == hashlib.sha256(b"report").hexdigest()
    assert job.unapproved_count == 3 and job.data_as_of is not None
    assert files(tmp_path) == [Path(job.file.name).name]
    assert AuditEntry.objects.of(job).filter(action="report.build").count() == 1


def test_a_message_that_is_delivered_twice_builds_one_file(
    cast: Cast, small_build: None, tmp_path: Path
) -> None:
    job = requested(cast)
    tasks.build_report(job.pk)
    job.refresh_from_db()
    first = job.file.name
    tasks.build_report(job.pk)
    job.refresh_from_db()
    assert (job.file.name, job.attempts) == (first, 1)
    assert len(files(tmp_path)) == 1


def test_only_one_of_two_claims_gets_the_job(cast: Cast) -> None:
    job = requested(cast)
    assert services.claim_job(job.pk) is not None
    assert services.claim_job(job.pk) is None


@pytest.mark.served
@pytest.mark.django_db(transaction=True)
def test_of_many_workers_at_the_same_moment_one_gets_the_job(cast: Cast) -> None:
    job = requested(cast)
    won, barrier = [], threading.Barrier(8)

    def claim() -> None:
        barrier.wait()
        try:
            if services.claim_job(job.pk):
                won.append(1)
        finally:
            connection.close()

    threads = [threading.Thread(target=claim) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1


def test_a_person_who_lost_the_right_gets_no_report(
    cast: Cast, small_build: None, tmp_path: Path
) -> None:
    job = requested(cast)
    RoleAssignment.objects.filter(user=cast.coordinator).delete()
    tasks.build_report(job.pk)
    job.refresh_from_db()
    assert job.state == State.FAILED and "権限" in job.error
    assert files(tmp_path) == []


def test_a_person_who_left_gets_no_report(cast: Cast, small_build: None) -> None:
    job = requested(cast)
    User.objects.filter(pk=cast.coordinator.pk).update(is_active=False)
    tasks.build_report(job.pk)
    job.refresh_from_db()
    assert job.state == State.FAILED


def test_a_fault_while_building_ends_the_job_with_a_reason(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def build(plan: Any, year: int, kind: str, target: Path, progress: Any, *rest: Any) -> None:
        target.write_bytes(b"half")
        raise ZeroDivisionError

    monkeypatch.setattr(tasks, "build", build)
    job = requested(cast)
    tasks.build_report(job.pk)
    job.refresh_from_db()
    assert job.state == State.FAILED and "ZeroDivisionError" in job.error
    assert files(tmp_path) == []
    assert AuditEntry.objects.of(job).filter(action="report.fail").exists()


# Losing a worker


def test_a_lost_worker_s_job_is_tried_again_and_then_fails(
    cast: Cast, sent: list[int], django_capture_on_commit_callbacks: Any
) -> None:
    job = requested(cast)
    services.claim_job(job.pk)
    lose_worker(job)
    with django_capture_on_commit_callbacks(execute=True):
        assert services.rescue_stalled_jobs() == 1
    job.refresh_from_db()
    assert (job.state, job.claim, sent) == (State.QUEUED, None, [job.pk])

    services.claim_job(job.pk)
    lose_worker(job)
    assert services.rescue_stalled_jobs() == 1
    job.refresh_from_db()
    assert (job.state, job.attempts) == (State.FAILED, ReportJob.MAX_ATTEMPTS)
    assert "止まりました" in job.error and job.finished_at is not None


def test_a_worker_that_gives_signs_of_life_is_left_alone(cast: Cast) -> None:
    job = requested(cast)
    services.claim_job(job.pk)
    assert services.rescue_stalled_jobs() == 0


def test_a_message_that_was_lost_is_sent_again(
    cast: Cast, sent: list[int], django_capture_on_commit_callbacks: Any
) -> None:
    job = requested(cast)
    with django_capture_on_commit_callbacks(execute=True):
        assert services.rescue_stalled_jobs() == 0
        long_ago = timezone.now() - datetime.timedelta(hours=1)
        ReportJob.objects.filter(pk=job.pk).update(queued_at=long_ago)
        assert services.rescue_stalled_jobs() == 1
        assert services.rescue_stalled_jobs() == 0
    assert sent == [job.pk]


def test_a_worker_that_was_thought_dead_attaches_nothing(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The slow one comes back after another has finished: its file goes, the other's stays."""
    job = requested(cast)

    def slow_build(
        plan: Any, year: int, kind: str, target: Path, progress: Any, *rest: Any
    ) -> BuiltReport:
        target.write_bytes(b"slow")
        lose_worker(job)
        services.rescue_stalled_jobs()
        monkeypatch.setattr(tasks, "build", quick_build)
        tasks.build_report(job.pk)
        return BuiltReport(0, timezone.now())

    def quick_build(
        plan: Any, year: int, kind: str, target: Path, progress: Any, *rest: Any
    ) -> BuiltReport:
        target.write_bytes(b"quick")
        return BuiltReport(0, timezone.now())

    monkeypatch.setattr(tasks, "build", slow_build)
    tasks.build_report(job.pk)
    job.refresh_from_db()
    assert (job.state, job.attempts, job.file.read()) == (State.DONE, 2, b"quick")
    assert len(files(tmp_path)) == 1


def test_what_a_killed_attempt_left_is_swept_away(
    cast: Cast, small_build: None, tmp_path: Path
) -> None:
    job = requested(cast)
    claimed = services.claim_job(job.pk)
    services.draft_path(claimed).write_bytes(b"half of a report")
    lose_worker(job)
    services.rescue_stalled_jobs()
    tasks.build_report(job.pk)
    job.refresh_from_db()
    assert files(tmp_path) == [Path(job.file.name).name]


@pytest.mark.django_db(transaction=True)
def test_a_long_build_keeps_its_lease(
    cast: Cast, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.JOB_LEASE_SECONDS = 3
    job = requested(cast)
    beats = set()

    def long_build(
        plan: Any, year: int, kind: str, target: Path, progress: Any, *rest: Any
    ) -> BuiltReport:
        ends = time.monotonic() + 60
        while len(beats) < 5 and time.monotonic() < ends:
            beats.add(ReportJob.objects.get(pk=job.pk).heartbeat_at)
            assert services.rescue_stalled_jobs() == 0
            threading.Event().wait(0.1)
        target.write_bytes(b"report")
        return BuiltReport(0, timezone.now())

    monkeypatch.setattr(tasks, "build", long_build)
    tasks.build_report(job.pk)
    job.refresh_from_db()
    assert (job.state, job.attempts) == (State.DONE, 1)
    assert len(beats) == 5


# Keeping


def test_files_expire_unless_they_were_published(
    cast: Cast, small_build: None, sign_in: SignIn, tmp_path: Path
) -> None:
    old, new, published = (requested(cast, kind) for kind in ("pdf", "xlsx", "docx"))
    long_ago = timezone.now() - datetime.timedelta(days=91)
    for job in (old, new, published):
        tasks.build_report(job.pk)
    ReportJob.objects.filter(pk__in=[old.pk, published.pk]).update(finished_at=long_ago)
    PublishedReport.objects.create(
        plan=cast.plan, fiscal_year=2024, job=published, title="公表", sha256="x"
    )
    tasks.expire_old_reports()
    states = dict(ReportJob.objects.values_list("pk", "state"))
    assert states == {old.pk: "expired", new.pk: "done", published.pk: "done"}
    assert len(files(tmp_path)) == 2
    assert AuditEntry.objects.of(old).filter(action="report.expire").exists()
    client = sign_in(cast.coordinator)
    assert client.get(reverse("reports:download", args=[old.pk])).status_code == 404
    page = client.get(reverse("reports:detail", args=[old.pk])).content.decode()
    assert "保存期間を過ぎた" in page
    tasks.expire_old_reports()
    assert AuditEntry.objects.filter(action="report.expire").count() == 1


# Cancelling


def test_a_waiting_job_is_cancelled_and_never_built(
    cast: Cast, small_build: None, tmp_path: Path
) -> None:
    job = requested(cast)
    services.cancel_report(Actor(cast.coordinator, Channel.PAGE), job)
    tasks.build_report(job.pk)
    job.refresh_from_db()
    assert (job.state, job.attempts) == (State.CANCELLED, 0)
    assert files(tmp_path) == []
    assert AuditEntry.objects.of(job).filter(action="report.cancel").exists()


def test_a_running_job_that_is_cancelled_stops_at_its_next_step(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    job = requested(cast)
    reached = []

    def build(
        plan: Any, year: int, kind: str, target: Path, progress: Any, *rest: Any
    ) -> BuiltReport:
        progress("紙面の組立て", 10)
        target.write_bytes(b"half")
        services.cancel_report(Actor(cast.coordinator, Channel.PAGE), ReportJob.objects.get())
        progress("ページの割付", 20)
        reached.append("the end")
        return BuiltReport(0, timezone.now())

    monkeypatch.setattr(tasks, "build", build)
    tasks.build_report(job.pk)
    job.refresh_from_db()
    assert (job.state, reached, files(tmp_path)) == (State.CANCELLED, [], [])


def test_what_has_ended_cannot_be_cancelled(cast: Cast, small_build: None) -> None:
    job = requested(cast)
    tasks.build_report(job.pk)
    with pytest.raises(ValidationError, match="完成"):
        services.cancel_report(Actor(cast.coordinator, Channel.PAGE), job)


def test_only_who_manages_the_plan_may_cancel(cast: Cast) -> None:
    job = requested(cast)
    with pytest.raises(PermissionDenied):
        services.cancel_report(Actor(cast.viewer, Channel.PAGE), job)


# Pages


@pytest.mark.parametrize(
    ("name", "method", "who", "expected"),
    [
        ("list", "get", "viewer", 200),
        ("start", "post", "viewer", 403),
        ("detail", "get", "viewer", 200),
        ("detail", "get", "outsider", 404),
        ("progress", "get", "viewer", 200),
        ("progress", "get", "outsider", 404),
        ("cancel", "post", "viewer", 403),
        ("cancel", "post", "outsider", 404),
        ("cancel", "get", "coordinator", 405),
        ("start", "get", "coordinator", 405),
        ("download", "get", "viewer", 200),
        ("download", "get", "outsider", 404),
        ("download", "get", None, 302),
        ("list", "get", None, 302),
    ],
)
def test_who_gets_which_page(
    cast: Cast,
    sign_in: SignIn,
    small_build: None,
    name: str,
    method: str,
    who: str | None,
    expected: int,
) -> None:
    job = requested(cast)
    tasks.build_report(job.pk)
    client = sign_in(cast.people[who]) if who else Client()
    arguments = [] if name in ("list", "start") else [job.pk]
    response = getattr(client, method)(reverse(f"reports:{name}", args=arguments))
    assert response.status_code == expected


def test_a_report_is_asked_for_on_the_page(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.coordinator)
    form = {"plan": cast.plan.pk, "fiscal_year": 2024, "format": "xlsx"}
    response = client.post(reverse("reports:start"), form)
    job = ReportJob.objects.get()
    assert response.url == reverse("reports:detail", args=[job.pk])
    page = client.get(response.url).content.decode()
    assert "待機中" in page and 'hx-trigger="every 1s"' in page and "作成を取り消す" in page


def test_the_form_offers_only_plans_that_the_person_manages(cast: Cast, sign_in: SignIn) -> None:
    page = sign_in(cast.coordinator).get(reverse("reports:list")).content.decode()
    assert cast.plan.name in page and cast.other_plan.name not in page
    assert "報告書を作成する" not in (
        sign_in(cast.viewer).get(reverse("reports:list")).content.decode()
    )
    response = sign_in(cast.coordinator).post(
        reverse("reports:start"),
        {"plan": cast.other_plan.pk, "fiscal_year": 2024, "format": "pdf"},
    )
    assert response.status_code == 422 and not ReportJob.objects.exists()


def test_who_watches_a_dead_job_brings_it_back(cast: Cast, sign_in: SignIn) -> None:
    job = requested(cast)
    services.claim_job(job.pk)
    lose_worker(job)
    page = sign_in(cast.viewer).get(reverse("reports:progress", args=[job.pk]))
    job.refresh_from_db()
    assert job.state == State.QUEUED and "処理が止まったため" in page.content.decode()


def test_the_progress_loads_the_page_anew_when_the_job_has_ended(
    cast: Cast, sign_in: SignIn, small_build: None
) -> None:
    job = requested(cast)
    client, address = sign_in(cast.coordinator), reverse("reports:progress", args=[job.pk])
    assert "HX-Refresh" not in client.get(address).headers
    tasks.build_report(job.pk)
    response = client.get(address)
    assert response["HX-Refresh"] == "true" and "hx-trigger" not in response.content.decode()


def test_the_file_comes_under_its_japanese_name_and_only_as_a_download(
    cast: Cast, sign_in: SignIn, small_build: None
) -> None:
    job = requested(cast)
    tasks.build_report(job.pk)
    response = sign_in(cast.viewer).get(reverse("reports:download", args=[job.pk]))
    assert b"".join(response.streaming_content) == b"report"
    disposition = response["Content-Disposition"]
    assert disposition.startswith("attachment; filename*=utf-8''DX%E6%88%A6")
    assert disposition.endswith(".pdf")
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Type"] == "application/pdf"


def test_a_file_that_is_not_there_yet_or_gone_is_not_found(
    cast: Cast, sign_in: SignIn, small_build: None
) -> None:
    job = requested(cast)
    client, address = sign_in(cast.viewer), reverse("reports:download", args=[job.pk])
    assert client.get(address).status_code == 404
    tasks.build_report(job.pk)
    job.refresh_from_db()
    Path(job.file.path).unlink()
    assert client.get(address).status_code == 404


def test_the_list_takes_the_same_queries_for_any_number_of_jobs(
    cast: Cast, sign_in: SignIn
) -> None:
    client = sign_in(cast.viewer)
    requested(cast)
    with CaptureQueriesContext(connection) as few:
        client.get(reverse("reports:list"))
    for year in range(2022, 2028):
        services.request_report(Actor(cast.coordinator, Channel.PAGE), cast.plan, year, "xlsx")
    with CaptureQueriesContext(connection) as many:
        client.get(reverse("reports:list"))
    assert len(many) == len(few)
