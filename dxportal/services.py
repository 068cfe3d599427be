"""Verbs of report jobs: request, claim, beat, finish, fail, cancel and rescue.

A job's state is changed by conditional UPDATEs alone, each under the state and the claim that it
was made from. So a message that is delivered twice is claimed once, a worker that was thought
dead can neither finish nor fail what another one took over, and a job always ends: whoever holds
the claim ends it, or `rescue_stalled_jobs` does when the claim's lease has run out.
"""

import datetime
import hashlib
import logging
import shutil
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from kombu.exceptions import OperationalError

from accounts import audit, policy
from accounts.audit import Actor
from accounts.models import Channel
from accounts.policy import Act
from dxportal.celery import app
from dxportal.models import ReportJob, ReportPart, report_path
from dxportal.querysets import ReportJobQuerySet
from dxportal.reports import snapshots
from dxportal.reports.build import WRITERS
from dxportal.reports.design import Design
from dxportal.reports.sections import require_sections
from plans import fiscal_years
from plans.models import Plan

logger = logging.getLogger(__name__)

State = ReportJob.State
BUILD_TASK = "dxportal.tasks.build_report"
AUDITED_FIELDS = ("plan", "fiscal_year", "format", "state")
RESULT_FIELDS = (*AUDITED_FIELDS, "error", "size", "sha256", "unapproved_count", "data_as_of")
# Progress is shown in percent.
STEPS_TOTAL = 100


class ClaimLost(Exception):
    """The job was cancelled, or another worker took it over: stop, and leave no file."""


def request_report(
    actor: Actor, plan: Plan, fiscal_year: int, format: str, design: Design | None = None
) -> ReportJob:
    """Ask for one file of the report (see `request_reports`)."""
    return request_reports(actor, plan, fiscal_year, [format], design)[0]


def request_reports(
    actor: Actor,
    plan: Plan,
    fiscal_year: int,
    formats: Sequence[str],
    design: Design | None = None,
) -> list[ReportJob]:
    """Ask for the annual report of a plan and fiscal year in these formats; workers build it.

    All files say what one snapshot says, which the first worker takes; none is read here. The
    same report that is already waiting or being built for the same person is returned instead of
    a second one (a double click). Raises PermissionDenied without the right to manage the
    organization's plans, ValidationError for a year outside the plan or an unknown format.
    """
    policy.require(actor, Act.MANAGE, plan.organization_id, what="報告書の作成", on=plan)
    if fiscal_year not in plan.fiscal_years:
        first, last = (
            fiscal_years.long_form(year) for year in (plan.first_fiscal_year, plan.last_fiscal_year)
        )
        raise ValidationError(
            {"fiscal_year": f"計画の期間（{first}～{last}）の年度を選んでください。"}
        )
    if not formats or not {*formats} <= {str(known.value) for known in WRITERS}:
        names = "、".join(known.label for known in WRITERS)
        raise ValidationError({"format": f"形式は次のうちから選んでください：{names}"})
    chosen = design or Design()
    if chosen.sections:
        require_sections(chosen.sections)
    same: dict[str, Any] = {
        "plan": plan,
        "fiscal_year": fiscal_year,
        "requested_by": actor.account,
        "design": chosen.as_json(),
    }
    with transaction.atomic():
        active = ReportJob.objects.filter(
            **same, format__in=formats, state__in=ReportJob.ACTIVE_STATES
        )
        jobs = {job.format: job for job in active}
        missing = [format for format in dict.fromkeys(formats) if format not in jobs]
        if missing:
            shared = next((job.snapshot for job in jobs.values() if job.snapshot), None)
            snapshot = shared or snapshots.ordered(actor, plan, fiscal_year)
            for format in missing:
                jobs[format] = _queue(actor, snapshot=snapshot, format=format, **same)
    return [jobs[format] for format in dict.fromkeys(formats)]


def _queue(actor: Actor, **values: Any) -> ReportJob:
    job = ReportJob.objects.create(**values, steps_total=STEPS_TOTAL)
    after = audit.values_of(job, AUDITED_FIELDS)
    audit.record(actor, "report.request", job, job.plan.organization_id, {}, after)
    send_on_commit(job.pk)
    return job


def cancel_report(actor: Actor, job: ReportJob) -> ReportJob:
    """Cancel a job that waits or runs; its worker stops at its next sign of life.

    Raises ValidationError when the job has ended in the meantime.
    """
    policy.require(actor, Act.MANAGE, job.plan.organization_id, what="報告書の作成の取消", on=job)
    before = audit.values_of(job, AUDITED_FIELDS)
    with transaction.atomic():
        rows = ReportJob.objects.filter(pk=job.pk, state__in=ReportJob.ACTIVE_STATES).update(
            state=State.CANCELLED, claim=None, heartbeat_at=None, finished_at=timezone.now()
        )
        job.refresh_from_db()
        if not rows:
            raise ValidationError(f"この作成はすでに「{job.get_state_display()}」です。")
        after = audit.values_of(job, AUDITED_FIELDS)
        audit.record(actor, "report.cancel", job, job.plan.organization_id, before, after)
    _sweep(job)
    return job


def claim_job(job_id: int) -> ReportJob | None:
    """Take a waiting job; None when it is not waiting (delivered twice, cancelled, taken)."""
    claim, now = ReportJob.new_claim(), timezone.now()
    rows = ReportJob.objects.filter(pk=job_id, state=State.QUEUED).update(
        state=State.RUNNING,
        claim=claim,
        attempts=F("attempts") + 1,
        started_at=now,
        heartbeat_at=now,
        step="開始",
        steps_done=0,
        steps_total=STEPS_TOTAL,
    )
    if not rows:
        return None
    job = ReportJob.objects.select_related("plan__organization", "requested_by").get(pk=job_id)
    # Between the two statements the job may have been cancelled.
    return job if job.claim == claim else None


def beat(job_id: int, claim: uuid.UUID | None) -> None:
    """A sign of life. Raises `ClaimLost` when the job is no longer this worker's."""
    if not _held(job_id, claim).update(heartbeat_at=timezone.now()):
        raise ClaimLost


def report_progress(job_id: int, claim: uuid.UUID | None, step: str, percent: int) -> None:
    """What is being done now, which is a sign of life too. Raises `ClaimLost`."""
    now = timezone.now()
    if not _held(job_id, claim).update(heartbeat_at=now, step=step[:100], steps_done=percent):
        raise ClaimLost


def _held(job_id: int, claim: uuid.UUID | None) -> ReportJobQuerySet:
    return ReportJob.objects.filter(pk=job_id, claim=claim, state=State.RUNNING)


def folder_of(job: ReportJob) -> Path:
    """Where the job's file is kept, and nothing else."""
    return Path(default_storage.path(report_path(job, "x"))).parent


def draft_path(job: ReportJob) -> Path:
    """A new file's path under this claim alone: two workers never write the same file."""
    folder = folder_of(job)
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{job.claim}.part"


def finish_job(
    job: ReportJob,
    draft: Path,
    unapproved_count: int,
    data_as_of: datetime.datetime,
    pages: Mapping[str, int] | None = None,
    missing: Sequence[Mapping[str, str]] = (),
) -> None:
    """Attach the finished file, if the claim still holds; else raise `ClaimLost`.

    `pages` says on which page of a PDF each of its places stands; a later 正誤表 names them.
    `missing` are the characters that its font lacks.

    The file gets its name inside the transaction that makes the job done. Whatever a killed or
    slower attempt left in the job's folder is removed afterwards.
    """
    claim, now = job.claim, timezone.now()
    beat(job.pk, claim)
    name = report_path(job, f"{claim}.{job.format}")
    before = audit.values_of(job, RESULT_FIELDS)
    result: dict[str, Any] = {
        "size": draft.stat().st_size,
        "sha256": _sha256(draft),
        "unapproved_count": unapproved_count,
        "data_as_of": data_as_of,
    }
    if pages:
        result["design"] = {**job.design, "pages": dict(pages), "missing": list(missing)}
    with transaction.atomic():
        rows = _held(job.pk, claim).update(
            state=State.DONE,
            file=name,
            step="完成",
            steps_done=F("steps_total"),
            heartbeat_at=now,
            finished_at=now,
            **result,
        )
        if not rows:
            raise ClaimLost
        draft.replace(default_storage.path(name))
        job.refresh_from_db()
        _record(job, "report.build", before)
    _sweep(job)


def fail_job(job: ReportJob, reason: str) -> bool:
    """End a job with its reason, if the claim still holds. False when it does not."""
    return _fail(job, reason)


def _fail(job: ReportJob, reason: str, **condition: object) -> bool:
    before = audit.values_of(job, RESULT_FIELDS)
    with transaction.atomic():
        rows = ReportJob.objects.filter(
            pk=job.pk, state=State.RUNNING, claim=job.claim, **condition
        ).update(state=State.FAILED, error=reason, claim=None, finished_at=timezone.now())
        if not rows:
            return False
        job.refresh_from_db()
        _record(job, "report.fail", before, reason)
    _sweep(job)
    return True


def _record(job: ReportJob, action: str, before: audit.Values, reason: str = "") -> None:
    """An entry of the worker, in the name of the person who asked for the report."""
    user = job.requested_by
    actor = Actor(user, Channel.JOB) if user else Actor.system(Channel.JOB)
    after = audit.values_of(job, RESULT_FIELDS)
    audit.record(actor, action, job, job.plan.organization_id, before, after, reason)


def rescue_stalled_jobs(job_id: int | None = None) -> int:
    """Bring back jobs whose worker or message is gone, or end them; how many there were.

    A running job without a sign of life for `JOB_LEASE_SECONDS` is queued again until it has had
    `MAX_ATTEMPTS` attempts, then fails with its reason. A waiting job that nobody has claimed for
    as long is sent again: the claim lets only one of several messages through.
    """
    lease = datetime.timedelta(seconds=settings.JOB_LEASE_SECONDS)
    jobs = ReportJob.objects.select_related("plan", "requested_by")
    if job_id is not None:
        jobs = jobs.filter(pk=job_id)
    rescued = 0
    for job in jobs.stalled(lease):
        rescued += _rescue_running(job, timezone.now() - lease)
    for job in jobs.unclaimed(lease):
        rescued += _send_again(job)
    return rescued


def _rescue_running(job: ReportJob, cutoff: datetime.datetime) -> bool:
    if job.attempts >= job.MAX_ATTEMPTS:
        reason = (
            f"作成の途中で処理が止まりました（{job.attempts}回試しました）。"
            "時間をおいてもう一度作成してください。続くときは管理者に連絡してください。"
        )
        return _fail(job, reason, heartbeat_at__lt=cutoff)
    with transaction.atomic():
        rows = ReportJob.objects.filter(
            pk=job.pk, state=State.RUNNING, claim=job.claim, heartbeat_at__lt=cutoff
        ).update(
            state=State.QUEUED,
            claim=None,
            heartbeat_at=None,
            queued_at=timezone.now(),
            step="処理が止まったため、もう一度待っています",
            steps_done=0,
        )
        if rows:
            logger.warning("Report job %s lost its worker and is queued again.", job.pk)
            send_on_commit(job.pk)
    return bool(rows)


def _send_again(job: ReportJob) -> bool:
    """Under the moment of the last sending, so that two rescuers send one message."""
    with transaction.atomic():
        rows = ReportJob.objects.filter(
            pk=job.pk, state=State.QUEUED, queued_at=job.queued_at
        ).update(queued_at=timezone.now())
        if rows:
            send_on_commit(job.pk)
    return bool(rows)


def expire_old_reports() -> int:
    """Remove the files of reports that nobody published, after `REPORT_KEEP_DAYS`; how many.

    Snapshots on which no file rests any more go with them. The rows stay, with their files'
    SHA-256: a file that somebody saved can still be told apart.
    """
    kept_since = timezone.now() - datetime.timedelta(days=settings.REPORT_KEEP_DAYS)
    old = ReportJob.objects.filter(state=State.DONE, finished_at__lt=kept_since, publication=None)
    expired = 0
    for job in old.select_related("plan"):
        before = audit.values_of(job, RESULT_FIELDS)
        with transaction.atomic():
            # Whoever publishes holds the plan as well.
            Plan.objects.select_for_update(of=("self",)).get(pk=job.plan_id)
            same = ReportJob.objects.filter(pk=job.pk, state=State.DONE, publication=None)
            if not same.update(state=State.EXPIRED, file=""):
                continue
            job.refresh_from_db()
            after = audit.values_of(job, RESULT_FIELDS)
            organization = job.plan.organization_id
            audit.record(
                Actor.system(Channel.JOB), "report.expire", job, organization, before, after
            )
        _sweep(job)
        expired += 1
    snapshots.expire(kept_since)
    return expired


def send_on_commit(job_id: int) -> None:
    transaction.on_commit(lambda: _send(job_id))


def _send(job_id: int) -> None:
    """Send the task by its name, so that this module needs nothing of the worker's."""
    try:
        app.send_task(BUILD_TASK, args=[job_id], retry=False)
    except (OperationalError, OSError):
        # The row is there: the rescue sends it again when the broker is back.
        logger.exception("Report job %s could not be sent to the broker.", job_id)


def _sweep(job: ReportJob) -> None:
    """Remove the job's parts, and everything from its folder but the file that the row names."""
    ReportPart.objects.filter(job=job).delete()
    folder = folder_of(job)
    kept = Path(str(job.file.name)).name if job.file else ""
    if not folder.is_dir():
        return
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        elif path.name != kept:
            path.unlink(missing_ok=True)
    if not kept:
        shutil.rmtree(folder, ignore_errors=True)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
