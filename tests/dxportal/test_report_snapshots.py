"""A snapshot keeps one state for good: the same content back, the same bytes again."""

import datetime
import hashlib
import json
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.core.files.base import ContentFile
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from accounts.audit import Actor
from accounts.models import AuditEntry, Channel
from dxportal import services, tasks
from dxportal.forms.reports import CompareForm
from dxportal.models import PublishedReport, ReportJob, ReportSnapshot
from dxportal.planbook.loader import load_plan
from dxportal.reports import snapshots
from dxportal.reports.build import build
from dxportal.reports.compose import report_of
from dxportal.reports.content import Cell, Note
from dxportal.reports.design import Chosen, Design
from kpi.models import Actual
from plans.models import Plan
from tests.cast import LAST_YEAR, Cast


def silent(step: str, percent: int) -> None:
    """No progress to show."""


def actor(cast: Cast) -> Actor:
    return Actor(cast.coordinator, Channel.PAGE)


values = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.text(), st.dates(),
        st.decimals(allow_nan=False, allow_infinity=False),
        st.datetimes(timezones=st.just(datetime.UTC)),
        st.builds(Cell, st.text(), st.none() | st.decimals(-9, 9, places=2), st.text()),
        st.builds(Note, st.integers(), st.text(), st.text()),
    ),
    lambda inner: st.lists(inner, max_size=4).map(tuple),
)  # fmt: skip


@given(values)
def test_what_is_encoded_comes_back_as_it_was(value: object) -> None:
    back = snapshots.decode(snapshots.encode(value))
    assert back == value and type(back) is type(value)
    if isinstance(value, Decimal):
        assert str(back) == str(value)


def test_what_a_snapshot_cannot_hold_is_refused() -> None:
    for value in (1.5, ["list"], object()):
        with pytest.raises(TypeError):
            snapshots.encode(value)


def test_the_real_plan_comes_back_equal_and_packs_to_the_same_bytes(db: None) -> None:
    load_plan(Actor.system(), Path(settings.BASE_DIR, "fixtures", "sasebo-dx-r6"))
    content = report_of(Plan.objects.get(), 2024)
    packed = snapshots.pack(content)
    assert snapshots.unpack(packed) == content
    assert snapshots.pack(snapshots.unpack(packed)) == packed


def test_a_snapshot_does_not_change_with_the_data(cast: Cast, files: Path) -> None:
    snapshot = snapshots.take_snapshot(actor(cast), cast.plan, LAST_YEAR)
    before = snapshots.content_of(snapshot)
    Actual.objects.filter(indicator=cast.indicators["来訪者"], fiscal_year=2024).update(value=1)
    assert snapshots.content_of(snapshot) == before
    assert snapshot.taken_at == before.data_as_of
    assert snapshot.unapproved_count == before.unapproved_count
    # It is read once: filling it again changes nothing.
    assert snapshots.fill(snapshot, report_of).sha256 == snapshot.sha256


def test_only_who_may_manage_takes_a_snapshot(cast: Cast, files: Path) -> None:
    with pytest.raises(PermissionDenied):
        snapshots.take_snapshot(Actor(cast.viewer, Channel.PAGE), cast.plan, LAST_YEAR)
    assert not ReportSnapshot.objects.exists()


def test_a_damaged_snapshot_is_told_of(cast: Cast, files: Path) -> None:
    snapshot = snapshots.take_snapshot(actor(cast), cast.plan, LAST_YEAR)
    Path(snapshot.file.path).write_bytes(b"other")
    with pytest.raises(snapshots.SnapshotDamaged):
        snapshots.content_of(snapshot)


def test_the_slower_of_two_workers_takes_what_the_first_one_read(cast: Cast, files: Path) -> None:
    snapshot = snapshots.ordered(actor(cast), cast.plan, LAST_YEAR)
    other = ReportSnapshot.objects.get(pk=snapshot.pk)

    def read_slowly(plan: Plan, year: int) -> snapshots.ReportContent:
        content = report_of(plan, year)
        snapshots.fill(other, report_of)  # somebody else is quicker
        return content

    snapshots.fill(snapshot, read_slowly)
    assert snapshot.sha256 == other.sha256
    assert len([path for path in files.rglob("*") if path.is_file()]) == 1
    snapshots.content_of(snapshot)


def test_one_snapshot_gives_the_same_bytes_at_any_time_in_any_process(
    cast: Cast, files: Path, tmp_path: Path
) -> None:
    snapshot = snapshots.take_snapshot(actor(cast), cast.plan, LAST_YEAR)
    told = []
    for seed in ("1", "2"):
        folder = tmp_path / seed
        folder.mkdir()
        command = [sys.executable, "-m", "tests.dxportal.write_files", snapshot.file.path, folder]
        environment = {**os.environ, "PYTHONHASHSEED": seed, "LOG_LEVEL": "ERROR"}
        told.append(
            subprocess.run(
                command, cwd=settings.BASE_DIR, env=environment, capture_output=True, check=True
            ).stdout
        )
        Actual.objects.filter(fiscal_year=2024).update(note=f"変えた{seed}")
    assert told[0] == told[1]
    hashes = json.loads(told[0])
    assert set(hashes) == {"pdf", "xlsx", "docx"} and len(set(hashes.values())) == 3
    # And by a worker, from what the database says of it.
    build(cast.plan, LAST_YEAR, "pdf", tmp_path / "x.pdf", silent, snapshot)
    assert hashlib.sha256((tmp_path / "x.pdf").read_bytes()).hexdigest() == hashes["pdf"]


def test_formats_that_are_asked_for_together_say_the_same_state(
    cast: Cast, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "_send", lambda job_id: None)
    design = Design((Chosen("totals"),), name="議会用")
    jobs = services.request_reports(actor(cast), cast.plan, LAST_YEAR, ["pdf", "xlsx"], design)
    assert len({job.snapshot_id for job in jobs}) == 1
    tasks.build_report(jobs[0].pk)
    Actual.objects.filter(indicator=cast.indicators["来訪者"]).delete()
    tasks.build_report(jobs[1].pk)
    done = ReportJob.objects.filter(pk__in=[job.pk for job in jobs])
    assert {job.state for job in done} == {ReportJob.State.DONE}
    assert len({job.data_as_of for job in done}) == 1
    assert next(job for job in done if job.format == "pdf").design["pages"]["totals"] == 1
    # The same wish while the first is done is a new report; while it waits, the same one.
    again = services.request_reports(actor(cast), cast.plan, LAST_YEAR, ["pdf"], design)
    assert again[0].pk != jobs[0].pk
    assert services.request_reports(actor(cast), cast.plan, LAST_YEAR, ["pdf"], design) == again


def test_a_snapshot_goes_when_no_report_rests_on_it_any_more(cast: Cast, files: Path) -> None:
    kept_since = timezone.now() - datetime.timedelta(days=90)
    long_ago = kept_since - datetime.timedelta(days=1)
    snapshot = snapshots.take_snapshot(actor(cast), cast.plan, LAST_YEAR)
    kept = {}
    for name, state in (
        ("expired", "expired"),
        ("failed", "failed"),
        ("there", "done"),
        ("waiting", "queued"),
        ("published", "done"),
        ("withdrawn", "done"),
    ):
        one = ReportSnapshot.objects.create(
            plan=cast.plan, fiscal_year=LAST_YEAR, taken_at=long_ago, sha256=name
        )
        one.file.save(f"{one.pk}-{name}.json.gz", ContentFile(b"rows"))
        job = ReportJob.objects.create(
            plan=cast.plan, fiscal_year=LAST_YEAR, format="pdf", state=state, snapshot=one,
            requested_by=cast.coordinator, steps_total=1,
            error="理由" if state == "failed" else "", file="x.pdf" if state == "done" else "",
        )  # fmt: skip
        if name in ("published", "withdrawn"):
            PublishedReport.objects.create(
                plan=cast.plan, fiscal_year=LAST_YEAR, job=job, title=name, sha256=name,
                edition=len(kept), withdrawn_at=long_ago if name == "withdrawn" else None,
            )  # fmt: skip
        kept[name] = Path(one.file.path)
    assert snapshots.expire(kept_since) == 2
    assert {name for name, path in kept.items() if not path.exists()} == {"expired", "failed"}
    assert snapshots.content_of(snapshot)  # a new one is kept, whatever rests on it
    gone = ReportSnapshot.objects.get(sha256="expired")
    assert AuditEntry.objects.of(gone).filter(action="report.snapshot_expire").exists()
    with pytest.raises(snapshots.SnapshotDamaged):
        snapshots.content_of(gone)
    assert gone not in CompareForm(cast.coordinator).fields["before"].queryset
    assert snapshots.expire(kept_since) == 0
