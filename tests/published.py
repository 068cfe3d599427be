"""A report that was made public, with the copy of its file that is kept for good."""

import hashlib

from django.core.files.base import ContentFile

from dxportal.models import PublishedReport, ReportJob
from dxportal.reports.publishing import path_of
from tests.cast import Cast


def published_report(cast: Cast, fiscal_year: int, title: str, content: bytes) -> PublishedReport:
    digest = hashlib.sha256(content).hexdigest()
    job = ReportJob(
        plan=cast.plan, fiscal_year=fiscal_year, format="pdf", requested_by=cast.coordinator
    )
    job.state, job.sha256 = "done", digest
    job.file.save("report.pdf", ContentFile(content))
    report = PublishedReport.objects.create(
        plan=cast.plan,
        fiscal_year=fiscal_year,
        job=job,
        title=title,
        sha256=digest,
        published_by=cast.coordinator,
    )
    path_of(report).parent.mkdir(parents=True, exist_ok=True)
    path_of(report).write_bytes(content)
    return report
