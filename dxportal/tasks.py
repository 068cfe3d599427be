"""Celery tasks. Arguments are ids; what may be done is checked again in the worker."""

import logging
import time

from celery import shared_task
from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.core.exceptions import PermissionDenied

from accounts import notices, policy
from accounts.audit import Actor
from accounts.models import Channel
from accounts.policy import Act
from accounts.rest import calls
from dxportal import saved_views, services
from dxportal.feed import pruning
from dxportal.heartbeat import LONGEST, Heartbeat
from dxportal.models import ReportJob
from dxportal.planbook import imports
from dxportal.public import versions
from dxportal.reports import crew, snapshots
from dxportal.reports.build import build, designed
from dxportal.reports.design import read_design
from dxportal.reports.pdf import folder_beside
from dxportal.rest import idempotency
from dxportal.rounds import clock, telling
from dxportal.services import ClaimLost
from dxportal.webhooks import deliveries

logger = logging.getLogger(__name__)

# A build that takes longer than this hangs: it is stopped, then killed, and its job rescued.
SOFT_LIMIT, HARD_LIMIT = LONGEST - 5 * 60, LONGEST
# Progress is written at most this often, so that the builder may report as often as it likes.
SECONDS_BETWEEN_WRITES = 0.5


@shared_task(
    name=services.BUILD_TASK,
    acks_late=True,
    soft_time_limit=SOFT_LIMIT,
    time_limit=HARD_LIMIT,
)
def build_report(job_id: int) -> None:
    """Build the file of a report job. Delivered twice, the second one finds nothing to do."""
    job = services.claim_job(job_id)
    if job is None:
        logger.info("Report job %s is not waiting; nothing to do.", job_id)
        return
    draft = services.draft_path(job)
    try:
        with Heartbeat(
            lambda: services.beat(job.pk, job.claim), settings.JOB_LEASE_SECONDS, ClaimLost
        ):
            _require_right(job)
            report = build(
                job.plan,
                job.fiscal_year,
                job.format,
                draft,
                _Progress(job),
                job.snapshot,
                read_design(job.design),
                crew.Crew(job),
            )
        services.finish_job(
            job,
            draft,
            report.unapproved_count,
            report.data_as_of,
            report.pages,
            report.missing,
        )
    except ClaimLost:
        logger.warning("Report job %s was cancelled or taken over; its file is dropped.", job_id)
    except PermissionDenied:
        services.fail_job(job, "依頼した人に報告書を作成する権限がなくなったため、中止しました。")
    except SoftTimeLimitExceeded:
        services.fail_job(job, f"作成が{SOFT_LIMIT // 60}分で終わらなかったため、中止しました。")
    except Exception as error:
        # The person gets a sentence, the log the traceback; a retry would fail the same way.
        reason = (
            f"作成中に問題が起きました（{type(error).__name__}）。"
            f"管理者に、作成番号{job_id}とこの表示を伝えてください。"
        )
        if services.fail_job(job, reason):
            logger.exception("Report job %s failed.", job_id)
        else:
            # Whoever took the job over has swept its folder under this worker's feet.
            logger.warning("Report job %s was lost while it was built: %r", job_id, error)
    finally:
        draft.unlink(missing_ok=True)


@shared_task(
    name=crew.HELP_TASK, acks_late=False, soft_time_limit=SOFT_LIMIT, time_limit=HARD_LIMIT
)
def help_with_report(job_id: int) -> None:
    """Lay out parts of a report that another worker builds, if there are any left."""
    jobs = ReportJob.objects.select_related("plan__organization", "requested_by", "snapshot")
    job = jobs.filter(pk=job_id, state=ReportJob.State.RUNNING).first()
    if job is None or job.snapshot is None or not crew.has_free_parts(job):
        return
    try:
        _require_right(job)
        content = designed(snapshots.content_of(job.snapshot), read_design(job.design))
        crew.help_with(job, content, folder_beside(services.draft_path(job)))
    except PermissionDenied:
        logger.info("Report job %s gets no help: its person has lost the right.", job_id)


def _require_right(job: ReportJob) -> None:
    """The person may have lost the right, or the account, since the request."""
    if job.requested_by is not None:
        actor = Actor(job.requested_by, Channel.JOB)
        policy.require(actor, Act.MANAGE, job.plan.organization_id, what="報告書の作成")


@shared_task(name="dxportal.tasks.rescue_stalled_jobs", ignore_result=True)
def rescue_stalled_jobs() -> None:
    """Beat sends this every minute (see `services.rescue_stalled_jobs`)."""
    services.rescue_stalled_jobs()


@shared_task(name="dxportal.tasks.advance_rounds", ignore_result=True)
def advance_rounds() -> None:
    """Beat sends this every five minutes (see `rounds.clock.advance_rounds`)."""
    clock.advance_rounds()


@shared_task(name="dxportal.tasks.tell_due_rounds", ignore_result=True)
def tell_due_rounds() -> None:
    """Beat sends this every morning (see `rounds.telling.tell_due`)."""
    telling.tell_due()


@shared_task(name="dxportal.tasks.send_digests", ignore_result=True)
def send_digests() -> None:
    """Beat sends this every hour of the working day; each person gets one mail a day at most."""
    notices.send_digests()


@shared_task(name="dxportal.tasks.send_monthly_views", ignore_result=True)
def send_monthly_views() -> None:
    """Beat sends this every morning; each view is mailed once a month, on the first run of it."""
    saved_views.send_monthly_views()


@shared_task(name="dxportal.tasks.clear_old_books", ignore_result=True)
def clear_old_books() -> None:
    """Beat sends this every day (see `imports.clear_old_books`)."""
    imports.clear_old_books()


@shared_task(name="dxportal.tasks.clear_old_calls", ignore_result=True)
def clear_old_calls() -> None:
    """Beat sends this every day (see `accounts.rest.calls.clear_old_calls`)."""
    calls.clear_old_calls()


@shared_task(name="dxportal.tasks.forget_old_changes", ignore_result=True)
def forget_old_changes() -> None:
    """Beat sends this every day (see `feed.pruning.forget_old_changes`)."""
    pruning.forget_old_changes()


@shared_task(name="dxportal.tasks.expire_old_reports", ignore_result=True)
def expire_old_reports() -> None:
    """Beat sends this every day (see `services.expire_old_reports`)."""
    services.expire_old_reports()


@shared_task(name="dxportal.tasks.clear_old_keys", ignore_result=True)
def clear_old_keys() -> None:
    """Beat sends this every hour (see `idempotency.clear_old_keys`)."""
    idempotency.clear_old_keys()


@shared_task(
    name=deliveries.TASK,
    acks_late=True,
    # The call itself keeps to WEBHOOK_TIMEOUT_SECONDS; this ends a look-up of a name that hangs.
    time_limit=2.5 * settings.WEBHOOK_TIMEOUT_SECONDS,
)
def deliver_webhook(delivery_id: int) -> None:
    """One attempt of a delivery. Delivered twice, the second one finds nothing to do."""
    deliveries.deliver(delivery_id)


@shared_task(name="dxportal.tasks.send_due_webhooks", ignore_result=True)
def send_due_webhooks() -> None:
    """Beat sends this every 15 seconds (see `deliveries.send_due`)."""
    deliveries.send_due()


@shared_task(name="dxportal.tasks.clear_old_webhook_events", ignore_result=True)
def clear_old_webhook_events() -> None:
    """Beat sends this every day (see `deliveries.clear_old`)."""
    deliveries.clear_old()


@shared_task(name="dxportal.tasks.keep_data_versions", ignore_result=True)
def keep_data_versions() -> None:
    """Beat sends this every ten minutes (see `public.versions.keep_due_versions`)."""
    versions.keep_due_versions()


class _Progress:
    """Writes the builder's progress on the job's row; raises `ClaimLost` when it is gone."""

    def __init__(self, job: ReportJob) -> None:
        self.job = job
        self.step = ""
        self.written_at = 0.0

    def __call__(self, step: str, percent: int) -> None:
        now = time.monotonic()
        if step == self.step and now - self.written_at < SECONDS_BETWEEN_WRITES:
            return
        services.report_progress(self.job.pk, self.job.claim, step, percent)
        self.step, self.written_at = step, now
