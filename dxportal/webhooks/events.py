"""Which happenings become events, and what an event says.

An event names what happened and links to it in the API; it carries no figure, no reason and no
person. Whoever wants those reads them there, with a token and its rights. The rows are written in
the transaction of the change: an event is never told of what did not come about, nor lost.
"""

import json
import uuid
from typing import Any

from django.conf import settings
from django.dispatch import receiver
from django.urls import reverse
from django.utils import timezone

from accounts.models import Organization
from dxportal.models import EventType, PublishedReport, Webhook, WebhookEvent
from dxportal.signals import report_published
from dxportal.webhooks import deliveries
from plans.models import Plan, ReportingCycle, Submission
from plans.signals import cycle_moved, package_moved

Cycle = ReportingCycle.State
OF_PACKAGES = {
    Submission.State.SUBMITTED: EventType.SUBMITTED,
    Submission.State.RETURNED: EventType.RETURNED,
    Submission.State.APPROVED: EventType.APPROVED,
}
OF_CYCLES = {
    (Cycle.PREPARING, Cycle.OPEN): EventType.ROUND_OPENED,
    (Cycle.CLOSED, Cycle.FINAL): EventType.ROUND_FINALISED,
}


@receiver(cycle_moved, dispatch_uid="webhooks.cycle_moved")
def tell_cycle(cycle: ReportingCycle, came_from: str, **_: Any) -> None:
    kind = OF_CYCLES.get((Cycle(came_from), Cycle(cycle.state)))
    if kind is not None:
        _tell(kind, cycle.plan, _about_cycle(cycle))


@receiver(package_moved, dispatch_uid="webhooks.package_moved")
def tell_package(submission: Submission, **_: Any) -> None:
    kind = OF_PACKAGES.get(Submission.State(submission.state))
    if kind is not None:
        department = submission.department
        about = _about_cycle(submission.cycle)
        about["department"] = {"id": department.pk, "name": department.name}
        about["links"]["submission"] = _link("submissions", submission.pk)
        _tell(kind, submission.cycle.plan, about)


@receiver(report_published, dispatch_uid="webhooks.report_published")
def tell_report(report: PublishedReport, **_: Any) -> None:
    about = {
        "fiscal_year": report.fiscal_year,
        "report": {"format": report.job.format, "edition": report.edition, "sha256": report.sha256},
        "links": {"report": _link("reports", report.job_id)},
    }
    _tell(EventType.REPORT_PUBLISHED, report.plan, about)


def tell_test(webhook: Webhook) -> "deliveries.WebhookDelivery":
    """An event for this webhook alone, made by a button; call it in a transaction."""
    event = _event(EventType.TEST, webhook.organization, None, {"links": {}})
    return deliveries.create_for(webhook, event)


def _about_cycle(cycle: ReportingCycle) -> dict[str, Any]:
    return {
        "fiscal_year": cycle.fiscal_year,
        "cycle": {"id": cycle.pk, "kind": cycle.kind},
        "links": {"cycle": _link("cycles", cycle.pk)},
    }


def _tell(kind: EventType, plan: Plan, about: dict[str, Any]) -> None:
    """One event for all webhooks that asked for it; none where nobody did."""
    active = Webhook.objects.filter(organization_id=plan.organization_id, is_active=True)
    wanted = [webhook for webhook in active if kind in webhook.events]
    if wanted:
        about["links"]["plan"] = _link("plans", plan.pk)
        event = _event(kind, plan.organization, plan, about)
        for webhook in wanted:
            deliveries.create_for(webhook, event)


def _event(
    kind: EventType, organization: Organization, plan: Plan | None, about: dict[str, Any]
) -> WebhookEvent:
    uid, now = uuid.uuid4(), timezone.now()
    event = WebhookEvent(uid=uid, organization=organization, type=kind, plan=plan, occurred_at=now)
    said = {
        "id": event.message_id,
        "type": kind.value,
        "timestamp": now.isoformat(timespec="seconds"),
        "data": {
            "organization": {
                "id": organization.pk,
                "code": organization.code,
                "name": organization.name,
            },
            "plan": plan and {"id": plan.pk, "key": plan.key, "name": plan.name},
            **about,
        },
    }
    event.payload = json.dumps(said, ensure_ascii=False)
    event.save(force_insert=True)
    return event


def _link(resource: str, pk: int) -> str:
    return settings.PORTAL_URL.rstrip("/") + reverse(f"api-{resource}-detail", args=[pk])
