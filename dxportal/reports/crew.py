"""Several workers at one PDF: its parts are rows that any worker may take.

Whoever claimed the job lays out parts until none is left and joins them; workers that are free
help. Nobody waits for work that has not begun, so one worker alone builds the same file, only
later; and a part whose helper has died is taken up again when its lease has run out. A part is
claimed and finished by conditional UPDATEs, like the job itself (`dxportal.services`), and its row
goes when the job ends: then its helper stops.
"""

import datetime
import json
import logging
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from kombu.exceptions import OperationalError

from dxportal.celery import app
from dxportal.heartbeat import Heartbeat
from dxportal.models import ReportJob, ReportPart
from dxportal.reports.content import ReportContent
from dxportal.reports.pdf import LAYOUT_FROM, LAYOUT_TO, Progress, expected_pages, lay_out_part
from dxportal.reports.pdf_joining import LaidOut, read_laid_out
from dxportal.reports.pdf_parts import Part, parts_of
from dxportal.services import ClaimLost

logger = logging.getLogger(__name__)

State = ReportPart.State
HELP_TASK = "dxportal.tasks.help_with_report"
# So many workers are asked to help; those that come too late find nothing to do.
MAX_HELPERS = 3
# How often a worker looks whether the others are done, and how often it tells its page.
SECONDS_TO_WAIT, SECONDS_BETWEEN_WRITES = 0.2, 0.5


class PartLost(Exception):
    """The job has ended, or somebody else has taken the part over."""


# Verbs


def announce(job: ReportJob, parts: Sequence[Part]) -> None:
    """Put the parts up for every worker, in place of those of an earlier attempt."""
    with transaction.atomic():
        _require_claim(job)
        ReportPart.objects.filter(job=job).delete()
        ReportPart.objects.bulk_create(
            ReportPart(
                job=job,
                number=part.number,
                title=part.title[:200],
                weight=part.weight,
                pages_expected=expected_pages(part),
            )
            for part in parts
        )
        transaction.on_commit(lambda: _call_helpers(job.pk, len(parts) - 1))


def _require_claim(job: ReportJob) -> None:
    held = ReportJob.objects.select_for_update().filter(
        pk=job.pk, claim=job.claim, state=ReportJob.State.RUNNING
    )
    if not held.exists():
        raise ClaimLost


def _call_helpers(job_id: int, parts_left: int) -> None:
    for _ in range(min(parts_left, MAX_HELPERS)):
        try:
            app.send_task(HELP_TASK, args=[job_id], retry=False)
        except (OperationalError, OSError):
            logger.warning("Nobody could be asked to help with report job %s.", job_id)
            return


def claim_part(job_id: int) -> ReportPart | None:
    """Take the heaviest part that nobody has, or that was left by a dead worker."""
    now = timezone.now()
    free = Q(state=State.WAITING) | Q(
        state=State.RUNNING, heartbeat_at__lt=now - datetime.timedelta(seconds=_lease())
    )
    parts = ReportPart.objects.filter(free, job_id=job_id, job__state=ReportJob.State.RUNNING)
    for part in parts.order_by("-weight", "number"):
        claim = uuid.uuid4()
        same = ReportPart.objects.filter(pk=part.pk, state=part.state, claim=part.claim)
        if same.update(state=State.RUNNING, claim=claim, heartbeat_at=now, pages_done=0):
            part.state, part.claim = State.RUNNING, claim
            return part
    return None


def has_free_parts(job: ReportJob) -> bool:
    return job.parts.exclude(state=State.DONE).exists()


def _lease() -> float:
    return settings.JOB_LEASE_SECONDS


def beat(part: ReportPart, **changes: object) -> None:
    """A sign of life, with what has changed. Raises `PartLost`."""
    held = ReportPart.objects.filter(pk=part.pk, claim=part.claim, state=State.RUNNING)
    if not held.update(heartbeat_at=timezone.now(), **changes):
        raise PartLost


def release(part: ReportPart) -> None:
    """Give a part back to whoever is there."""
    ReportPart.objects.filter(pk=part.pk, claim=part.claim, state=State.RUNNING).update(
        state=State.WAITING, claim=None
    )


# Working


class Crew:
    """Lays out the parts of a job with whoever helps (`dxportal.reports.pdf.Crew`)."""

    def __init__(self, job: ReportJob) -> None:
        self.job = job

    def lay_out(
        self, content: ReportContent, parts: Sequence[Part], folder: Path, progress: Progress
    ) -> list[LaidOut]:
        announce(self.job, parts)
        by_number = {part.number: part for part in parts}
        while waiting := self._unfinished():
            row = claim_part(self.job.pk)
            if row is None:
                progress(f"残りの章を待っています（{waiting}）", self._percent())
                time.sleep(SECONDS_TO_WAIT)
                continue
            part = by_number[row.number]

            def tell(title: str = part.title) -> None:
                progress(title, self._percent())

            work_on(row, content, part, folder, tell)
        return [self._made(row, folder) for row in self.job.parts.order_by("number")]

    def _unfinished(self) -> int:
        return self.job.parts.exclude(state=State.DONE).count()

    def _percent(self) -> int:
        """Of the whole job, by the pages of all parts."""
        rows = self.job.parts.values_list("weight", "pages_done", "pages_expected", "state")
        total = sum(weight for weight, *_ in rows)
        done = sum(
            weight if state == State.DONE else weight * min(pages, expected) / expected
            for weight, pages, expected, state in rows
        )
        return LAYOUT_FROM + int((LAYOUT_TO - LAYOUT_FROM) * done / max(1, total))

    @staticmethod
    def _made(row: ReportPart, folder: Path) -> LaidOut:
        path = part_path(folder, row)
        return read_laid_out(row.number, path, json.loads(_facts_path(path).read_text()))


def work_on(
    row: ReportPart,
    content: ReportContent,
    part: Part,
    folder: Path,
    tell: Callable[[], None] = lambda: None,
) -> None:
    """Lay out a claimed part; when it is lost meanwhile, leave it to whoever has it now."""
    path = part_path(folder, row)
    try:
        with Heartbeat(lambda: beat(row), _lease(), PartLost):
            laid = lay_out_part(content, part, path, _PageProgress(row, tell))
        _facts_path(path).write_text(json.dumps(laid.as_json()))
        beat(row, state=State.DONE, pages_done=len(laid.pages), pages_expected=len(laid.pages))
    except (PartLost, FileNotFoundError):
        # Without the folder the job has ended: whoever ended it has swept it.
        logger.info("Part %s of report job %s was lost.", row.number, row.job_id)
        path.unlink(missing_ok=True)
        _facts_path(path).unlink(missing_ok=True)


def help_with(job: ReportJob, content: ReportContent, folder: Path) -> int:
    """Lay out parts of somebody else's job as long as there are any; how many it were."""
    parts = {part.number: part for part in parts_of(content)}
    count = 0
    while (row := claim_part(job.pk)) is not None:
        try:
            work_on(row, content, parts[row.number], folder)
        except BaseException:
            # Whoever claimed the job will meet the same fault and tell it.
            release(row)
            raise
        count += 1
    return count


def part_path(folder: Path, row: ReportPart) -> Path:
    """Under the part's claim: two workers never write the same file."""
    return folder / f"{row.number}-{row.claim}.pdf"


def _facts_path(path: Path) -> Path:
    return path.with_suffix(".json")


class _PageProgress:
    """Writes the page that is being laid out on the part's row."""

    def __init__(self, row: ReportPart, tell: Callable[[], None]) -> None:
        self.row, self.tell = row, tell
        self.written_at = 0.0

    def __call__(self, page: int) -> None:
        now = time.monotonic()
        if now - self.written_at < SECONDS_BETWEEN_WRITES:
            return
        self.written_at = now
        beat(self.row, pages_done=page)
        self.tell()
