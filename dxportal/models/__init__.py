"""What spans the apps and is kept: books on their way in, reports, publications, interfaces."""

from dxportal.models.books import BookImport, ColumnMapping, book_path
from dxportal.models.interfaces import IdempotencyKey
from dxportal.models.publishing import Publication, SavedView
from dxportal.models.reports import (
    PublishedReport,
    ReportJob,
    ReportSnapshot,
    ReportTemplate,
    report_path,
    snapshot_path,
)

__all__ = [
    "BookImport",
    "ColumnMapping",
    "IdempotencyKey",
    "Publication",
    "PublishedReport",
    "ReportJob",
    "ReportSnapshot",
    "ReportTemplate",
    "SavedView",
    "book_path",
    "report_path",
    "snapshot_path",
]
