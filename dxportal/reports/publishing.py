"""Reports that are made public for good: their own copies of files, which nothing overwrites."""

import datetime
import hashlib
import shutil
from pathlib import Path

from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from accounts import audit, policy
from accounts.audit import Actor
from accounts.policy import Act
from dxportal.models import PublishedReport, ReportJob
from dxportal.reports.compose import report_of
from dxportal.reports.plan_content import CorrectionRow
from dxportal.signals import report_published
from plans.models import Correction, Plan, ReportingCycle

AUDITED_FIELDS = ("plan", "fiscal_year", "title", "edition", "sha256", "withdrawn_at")


class FileDamaged(Exception):
    """A published file is gone, or is not what was published."""


def is_settled(plan: Plan, fiscal_year: int) -> bool:
    """Whether the figures of the year are final in this plan."""
    return ReportingCycle.objects.settled().filter(plan=plan, fiscal_year=fiscal_year).exists()


def publish_report(
    actor: Actor, job: ReportJob, title: str, confirmed: bool = False
) -> PublishedReport:
    """Publish a finished report's file for good, as the next edition of its kind.

    Where the year's round is not settled, the person has to say that they know (`confirmed`).
    Raises PermissionDenied, and ValidationError by field.
    """
    policy.require(actor, Act.MANAGE, job.plan.organization_id, what="報告書の公表", on=job)
    if job.state != ReportJob.State.DONE:
        raise ValidationError("できあがった報告書だけを公表できます。")
    if not title.strip():
        raise ValidationError({"title": "表題を入れてください。"})
    if not confirmed and not is_settled(job.plan, job.fiscal_year):
        raise ValidationError(
            {
                "confirmed": "この年度の照会は確定していません。このまま公表するときは、"
                "確かめたうえで印を付けてください。"
            }
        )
    with transaction.atomic():
        # Two editions of one plan are numbered one after the other.
        Plan.objects.select_for_update(of=("self",)).get(pk=job.plan_id)
        if PublishedReport.objects.filter(job=job).exists():
            raise ValidationError("この報告書は、すでに公表されています。")
        same = PublishedReport.objects.filter(
            plan=job.plan, fiscal_year=job.fiscal_year, job__format=job.format
        )
        newest = same.aggregate(edition=Max("edition"))["edition"] or 0
        report = PublishedReport(
            plan=job.plan,
            fiscal_year=job.fiscal_year,
            job=job,
            title=title.strip(),
            edition=newest + 1,
            sha256=job.sha256,
            published_by=actor.account,
        )
        report.full_clean()
        _keep(job, path_of(report))
        report.save(force_insert=True)
        after = audit.values_of(report, AUDITED_FIELDS)
        audit.record(actor, "report.publish", report, job.plan.organization_id, {}, after)
        report_published.send(sender=PublishedReport, report=report)
    return report


def withdraw_report(actor: Actor, report: PublishedReport, reason: str) -> PublishedReport:
    """Say that a published report no longer holds; its file stays. Raises as `publish_report`."""
    organization_id = report.plan.organization_id
    policy.require(actor, Act.MANAGE, organization_id, what="報告書の取下げ", on=report)
    if not reason.strip():
        raise ValidationError({"reason": "取下げの理由を入れてください。"})
    before = audit.values_of(report, AUDITED_FIELDS)
    with transaction.atomic():
        rows = PublishedReport.objects.filter(pk=report.pk, withdrawn_at__isnull=True).update(
            withdrawn_at=timezone.now(), withdrawal_reason=reason.strip()
        )
        report.refresh_from_db()
        if not rows:
            raise ValidationError("この報告書は、すでに取り下げられています。")
        after = audit.values_of(report, AUDITED_FIELDS)
        audit.record(actor, "report.withdraw", report, organization_id, before, after, reason)
    return report


def path_of(report: PublishedReport) -> Path:
    """The copy's place, named by what it holds: another content has another place."""
    name = f"{report.sha256}.{report.job.format}"
    return Path(default_storage.path(f"published/{report.plan_id}/{name}"))


def require_intact(report: PublishedReport) -> Path:
    """The path of the file as it was published. Raises FileDamaged."""
    path = path_of(report)
    if not path.is_file() or _sha256(path) != report.sha256:
        raise FileDamaged(f"The file of published report {report.pk} is not what was published.")
    return path


def _keep(job: ReportJob, path: Path) -> None:
    """Copy the job's file; one that is there already holds the same, or is refused."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        draft = path.with_name(f"{path.name}.{job.pk}.part")
        try:
            shutil.copyfile(job.file.path, draft)
        except (FileNotFoundError, ValueError) as error:
            raise ValidationError(
                "報告書のファイルがありません。もう一度作成してください。"
            ) from error
        draft.chmod(0o444)
        draft.replace(path)
    if _sha256(path) != job.sha256:
        raise ValidationError("ファイルの内容が作成時と違うため、公表できません。")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# What was corrected since


def errata_of(report: PublishedReport) -> list[CorrectionRow]:
    """The 正誤表 of a published report: corrections of the plan's settled figures made after it."""
    as_of = report.job.data_as_of
    if as_of is None or not _has_corrections(report.plan_id, as_of):
        return []
    content = report_of(report.plan, report.fiscal_year)
    return [
        row
        for row in content.corrections
        if row.at > as_of and row.fiscal_year <= report.fiscal_year
    ]


def _has_corrections(plan_id: int, since: datetime.datetime) -> bool:
    corrections = Correction.objects.filter(item__cycle__plan_id=plan_id)
    return corrections.filter(corrected_at__gt=since).exists()
