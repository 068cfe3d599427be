"""What spans the apps and is kept: books on their way in, reports, publications, interfaces."""

from dxportal.models.books import BookImport, ColumnMapping, book_path
from dxportal.models.changes import RowChange
from dxportal.models.interfaces import IdempotencyKey
from dxportal.models.publishing import DataVersion, Publication, SavedView
from dxportal.models.reports import (
    PublishedReport,
    ReportJob,
    ReportPart,
    ReportSnapshot,
    ReportTemplate,
    report_path,
    snapshot_path,
)
from dxportal.models.webhooks import (
    SUBSCRIBABLE,
    EventType,
    Webhook,
    WebhookDelivery,
    WebhookEvent,
    WebhookOrigin,
)

__all__ = [
    "SUBSCRIBABLE",
    "BookImport",
    "ColumnMapping",
    "DataVersion",
    "EventType",
    "IdempotencyKey",
    "Publication",
    "PublishedReport",
    "ReportJob",
    "ReportPart",
    "ReportSnapshot",
    "ReportTemplate",
    "RowChange",
    "SavedView",
    "Webhook",
    "WebhookDelivery",
    "WebhookEvent",
    "WebhookOrigin",
    "book_path",
    "report_path",
    "snapshot_path",
]
