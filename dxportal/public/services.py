"""Verbs with which the DX office makes a plan public, and takes it back."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts import audit, policy
from accounts.audit import Actor
from accounts.policy import Act
from dxportal.models import Publication
from dxportal.public.reading import PublicPlan, published_plan
from kpi.models import Indicator
from plans.models import Measure, Plan, ReportingCycle
from projects.models import Project

FIELDS = ("licence", "contact", "introduction")
# The key is part of the public address.
FIT_FOR_AN_ADDRESS = re.compile(r"[^\s/\\?#%.][^\s/\\?#%]*")


def publication_of(plan: Plan) -> Publication | None:
    return Publication.objects.filter(plan=plan).first()


def publish_plan(actor: Actor, plan: Plan, terms: Mapping[str, Any]) -> Publication:
    """Make a plan public under these terms (FIELDS), or change the terms of a public one.

    Raises PermissionDenied, and ValidationError for a draft, or with the fields.
    """
    policy.require(actor, Act.MANAGE, plan.organization_id, what="計画の公開", on=plan)
    with transaction.atomic():
        stored = Plan.objects.select_for_update(of=("self",)).get(pk=plan.pk)
        if said := why_not_publishable(stored):
            raise ValidationError(said)
        found = Publication.objects.filter(plan=stored).first()
        before = audit.values_of(found, FIELDS) if found else {}
        publication = found or Publication(plan=stored, published_by=actor.account)
        for name in FIELDS:
            if name in terms:
                setattr(publication, name, terms[name])
        publication.full_clean(exclude=["published_by"])
        after = audit.values_of(publication, FIELDS)
        if found and before == after:
            return publication
        publication.save()
        verb = "publication.change" if found else "publication.publish"
        audit.record(actor, verb, publication, stored.organization_id, before, after)
    return publication


def withdraw_plan(actor: Actor, plan: Plan, reason: str) -> None:
    """Take a plan back: every public address of it is gone at once.

    Raises PermissionDenied, and ValidationError without a reason or if it is not public.
    """
    policy.require(actor, Act.MANAGE, plan.organization_id, what="公開の取りやめ", on=plan)
    if not reason.strip():
        raise ValidationError({"reason": "公開を取りやめる理由を書いてください。"})
    with transaction.atomic():
        found = Publication.objects.select_for_update(of=("self",)).filter(plan=plan).first()
        if found is None:
            raise ValidationError("この計画は公開されていません。")
        before = audit.values_of(found, FIELDS)
        audit.record(
            actor, "publication.withdraw", found, plan.organization_id, before, {}, reason.strip()
        )
        found.delete()


def why_not_publishable(plan: Plan) -> str:
    """Why the plan cannot be made public; "" if it can."""
    if plan.status == Plan.Status.DRAFT:
        return "案の計画は公開できません。施行してから公開してください。"
    if not FIT_FOR_AN_ADDRESS.fullmatch(plan.key):
        return (
            f"識別子「{plan.key}」は公開ページのアドレスに使えません。空白や / ? # % を含まない"
            "ものに変えてください。"
        )
    return ""


@dataclass(frozen=True)
class Visible:
    """What citizens see of the plan now, or would see if it were public."""

    years: list[ReportingCycle]
    hidden: list[ReportingCycle]
    measure_count: int
    project_count: int
    indicator_count: int
    public: PublicPlan | None


def what_is_visible(plan: Plan) -> Visible:
    """The preview of `publish_plan`; nothing is changed."""
    cycles = list(
        ReportingCycle.objects.filter(plan=plan, kind=ReportingCycle.Kind.ANNUAL).order_by(
            "fiscal_year"
        )
    )
    is_public = Publication.objects.filter(plan=plan).exclude(plan__status=Plan.Status.DRAFT)
    return Visible(
        years=[row for row in cycles if row.state == ReportingCycle.State.PUBLISHED],
        hidden=[row for row in cycles if row.state != ReportingCycle.State.PUBLISHED],
        measure_count=Measure.objects.filter(plan=plan).count(),
        project_count=Project.objects.in_plan(plan.pk).count(),
        indicator_count=Indicator.objects.in_plan(plan.pk).count(),
        public=published_plan(plan.organization.code, plan.key) if is_public.exists() else None,
    )
