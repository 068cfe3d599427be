"""What spans the apps and is kept: report jobs, and plan books on their way in."""

from dxportal.models.books import BookImport, ColumnMapping, book_path
from dxportal.models.reports import ReportJob, report_path

__all__ = ["BookImport", "ColumnMapping", "ReportJob", "book_path", "report_path"]
