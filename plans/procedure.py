"""The procedure of a round: from 未着手 to 確定, for everything that is asked (`RoundItem`).

Every page, grid, import, API call, job and command moves items through here. Each step says from
which states it leads where, who may take it, and whether it needs a reason; nobody approves what
they entered or submitted; after 確定 only a correction changes a figure.
"""

import datetime
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models, transaction
from django.utils import timezone

from accounts import audit, policy
from accounts.audit import Actor
from accounts.editing import Locked
from accounts.models import AuditEntry, Department
from accounts.policy import Act
from accounts.versions import StaleVersion
from plans import fiscal_years
from plans.models import Correction, Extension, Plan, ReportingCycle, RoundItem, Submission
from plans.signals import extension_granted, items_moved

State = RoundItem.State
Package = Submission.State
RUNNING_STATES = (
    ReportingCycle.State.OPEN,
    ReportingCycle.State.GRACE,
    ReportingCycle.State.CLOSED,
)


class Step(models.TextChoices):
    SUBMIT = "submit", "提出"
    WITHDRAW = "withdraw", "提出の取下げ"
    RETURN = "return", "差戻し"
    APPROVE = "approve", "承認"


@dataclass(frozen=True)
class Rule:
    """One step of the procedure. `acts`: any of these rights in the item's department will do."""

    sources: frozenset[str]
    target: str
    acts: tuple[Act, ...]
    needs_reason: bool = False
    while_entering: bool = False


RULES: dict[str, Rule] = {
    Step.SUBMIT: Rule(
        frozenset({State.UNTOUCHED, State.DRAFT}),
        State.SUBMITTED,
        (Act.ENTER,),
        while_entering=True,
    ),
    Step.WITHDRAW: Rule(
        frozenset({State.SUBMITTED}), State.DRAFT, (Act.ENTER,), while_entering=True
    ),
    Step.RETURN: Rule(
        frozenset({State.SUBMITTED, State.APPROVED}),
        State.DRAFT,
        (Act.APPROVE, Act.MANAGE),
        needs_reason=True,
    ),
    Step.APPROVE: Rule(frozenset({State.SUBMITTED}), State.APPROVED, (Act.APPROVE, Act.MANAGE)),
}
AUDITED_FIELDS = ("state", "department")


# Entering


def begin_entry(
    plan_ids: Iterable[int],
    kind: str,
    thing: models.Model,
    fiscal_year: int,
    department: Department | None,
    cycle_kind: str = ReportingCycle.Kind.ANNUAL,
) -> list[RoundItem]:
    """The items under which a figure of this year may be written now, held until the commit.

    Call it inside the transaction that writes. A thing that is used in several plans is entered
    once: it needs one open round, and a round that has settled it, or where it was submitted,
    locks it. Raises `Locked` with the reason.
    """
    cycles = list(
        ReportingCycle.objects.filter(
            plan_id__in=list(plan_ids), fiscal_year=fiscal_year, kind=cycle_kind
        ).select_related("plan")
    )
    year = fiscal_years.long_form(fiscal_year)
    for cycle in cycles:
        if cycle.is_settled:
            raise Locked(
                f"{year}の値は「{cycle.plan.name}」で{cycle.get_state_display()}済みのため"
                "変更できません。"
            )
    items = [_held(cycle, kind, thing, department) for cycle in cycles if _is_running(cycle)]
    now = timezone.now()
    accepting = [item for item in items if accepts_entry(item, now)]
    if not accepting:
        raise Locked(_why_closed(cycles, year))
    for item in items:
        if item.state in RoundItem.LOCKED_STATES:
            raise Locked(f"この値は「{item.get_state_display()}」のため変更できません。")
    return accepting


def note_entry(actor: Actor, items: Iterable[RoundItem], is_empty: bool = False) -> None:
    """Say of the items of `begin_entry` that something was written, or taken back (`is_empty`)."""
    for item in items:
        item.state = State.UNTOUCHED if is_empty else State.DRAFT
        item.entered_by = actor.account
        item.entered_at = timezone.now()
        _write(item, ("state", "entered_by", "entered_at"))
        settle_package(item.cycle, item.department)


def accepts_entry(item: RoundItem, now: datetime.datetime | None = None) -> bool:
    """Whether the round, or an extension of it, lets this item be written now."""
    now = now or timezone.now()
    if item.cycle.accepts_entries(now):
        return True
    if not _is_running(item.cycle):
        return False
    return any(extension.covers(item, now) for extension in item.cycle.extensions.all())


def _is_running(cycle: ReportingCycle) -> bool:
    return cycle.state in RUNNING_STATES


def _held(
    cycle: ReportingCycle, kind: str, thing: models.Model, department: Department | None
) -> RoundItem:
    """The round's item of the thing, locked against other writers; made where it was not asked."""
    RoundItem.objects.get_or_create(
        cycle=cycle,
        kind=kind,
        object_id=thing.pk,
        defaults={"label": str(thing)[:300], "department": department},
    )
    item = (
        RoundItem.objects.select_for_update(of=("self",))
        .select_related("department")
        .get(cycle=cycle, kind=kind, object_id=thing.pk)
    )
    item.cycle = cycle
    return item


def _why_closed(cycles: list[ReportingCycle], year: str) -> str:
    if not cycles:
        return f"{year}の照会はまだ作られていません。"
    ended = [c.entry_ends_at for c in cycles if c.state in c.ENTRY_STATES and c.entry_ends_at]
    if ended:
        return (
            f"{year}の入力は{timezone.localtime(max(ended)):%Y年%-m月%-d日 %H:%M}に締め切りました。"
        )
    return f"{year}の照会は「{cycles[0].get_state_display()}」のため入力できません。"


# Steps


def why_not(actor: Actor, item: RoundItem, step: str, reason: str = "") -> str:
    """Why the actor cannot take this step now; empty if they can. Rights are not told of here."""
    rule = RULES[step]
    if item.state not in rule.sources:
        label = Step(step).label
        return f"「{item}」は「{item.get_state_display()}」のため、{label}はできません。"
    if not _is_running(item.cycle):
        return f"照会が「{item.cycle.get_state_display()}」のため、変更できません。"
    if rule.while_entering and not accepts_entry(item):
        return "入力の期限を過ぎているため、変更できません。"
    if rule.needs_reason and not reason.strip():
        return f"{Step(step).label}の理由を書いてください。"
    writers = {item.entered_by_id, item.submitted_by_id} - {None}
    if step == Step.APPROVE and actor.account is not None and actor.account.pk in writers:
        return f"「{item}」は自分で入力・提出したため、承認できません。"
    return ""


def may_take(actor: Actor, item: RoundItem, step: str) -> bool:
    """Whether the actor's roles allow the step at all."""
    return any(_allows(actor, act, item) for act in RULES[step].acts)


def _allows(actor: Actor, act: Act, item: RoundItem) -> bool:
    organization_id = item.cycle.plan.organization_id
    if policy.allows(actor, act, organization_id, item.department_id):
        return True
    # What no department answers for is the DX office's own work.
    return item.department_id is None and policy.allows(actor, Act.MANAGE, organization_id)


def move_item(
    actor: Actor, item: RoundItem, step: str, expected_version: int, reason: str = ""
) -> RoundItem:
    """Take one step with one item.

    Raises PermissionDenied, StaleVersion (somebody moved it first), and ValidationError for a step
    that its state, the round or the four-eyes rule forbids. Nothing is then changed.
    """
    with transaction.atomic():
        item = (
            RoundItem.objects.select_for_update(of=("self",))
            .select_related("cycle__plan", "department")
            .get(pk=item.pk)
        )
        if not may_take(actor, item, step):
            raise PermissionDenied(f"「{item}」の{Step(step).label}を行う権限がありません。")
        if item.version != expected_version:
            raise StaleVersion(item)
        if refusal := why_not(actor, item, step, reason):
            raise ValidationError(refusal)
        before = audit.values_of(item, AUDITED_FIELDS)
        item.state = RULES[step].target
        _sign(actor, item, step, reason)
        _write(item, ("state", *SIGNED_FIELDS))
        after = audit.values_of(item, AUDITED_FIELDS)
        organization_id = item.cycle.plan.organization_id
        audit.record(actor, f"rounditem.{step}", item, organization_id, before, after, reason)
        items_moved.send(
            sender=RoundItem, items=[item], step=step, reason=reason.strip(), actor=actor
        )
        settle_package(item.cycle, item.department)
    return item


SIGNED_FIELDS = ("submitted_by", "submitted_at", "approved_by", "approved_at", "return_reason")


def _sign(actor: Actor, item: RoundItem, step: str, reason: str) -> None:
    """Who did it and when; what a later step has overtaken is cleared."""
    now = timezone.now()
    item.approved_by, item.approved_at = None, None
    match step:
        case Step.SUBMIT:
            item.submitted_by, item.submitted_at = actor.account, now
            item.return_reason = ""
        case Step.APPROVE:
            item.approved_by, item.approved_at = actor.account, now
        case Step.RETURN:
            item.submitted_by, item.submitted_at = None, None
            item.return_reason = reason.strip()
        case Step.WITHDRAW:
            item.submitted_by, item.submitted_at = None, None


@dataclass(frozen=True)
class BulkResult:
    """What became of each item of a bulk act."""

    moved: list[RoundItem]
    refused: list[tuple[RoundItem, str]]


def move_items(actor: Actor, items: Iterable[RoundItem], step: str, reason: str = "") -> BulkResult:
    """The same step with many items: just so many single acts, each refused for itself.

    The items carry the version that the person saw.
    """
    result = BulkResult([], [])
    for item in items:
        try:
            result.moved.append(move_item(actor, item, step, item.version, reason))
        except (PermissionDenied, StaleVersion) as error:
            result.refused.append((item, str(error)))
        except ValidationError as error:
            result.refused.append((item, "".join(error.messages)))
    return result


def submit_package(
    actor: Actor, cycle: ReportingCycle, department: Department | None
) -> list[RoundItem]:
    """Submit all that a department still owes; what is empty is meant to be empty.

    Pages and the API submit by `dxportal.rounds.packages`, which asks for missing comments first.
    Without a department: what nobody answers for.

    All or nothing: raises what `move_item` raises, and ValidationError if nothing is owed.
    """
    with transaction.atomic():
        items = list(RoundItem.objects.filter(cycle=cycle, department=department).owed())
        if not items:
            raise ValidationError("提出する項目がありません。")
        return [move_item(actor, item, Step.SUBMIT, item.version) for item in items]


# The round as a whole


def finalise_items(actor: Actor, cycle: ReportingCycle) -> None:
    """Settle every item of the round; called by `plans.services.move_cycle` alone."""
    _set_all(actor, cycle, lambda item: State.FINAL)


def unsettle_items(actor: Actor, cycle: ReportingCycle) -> None:
    """Take the items back to where they stood before they were settled."""
    _set_all(actor, cycle, _state_before_final)


def _state_before_final(item: RoundItem) -> str:
    if item.approved_at is not None:
        return State.APPROVED
    if item.submitted_at is not None:
        return State.SUBMITTED
    return State.DRAFT if item.entered_at is not None else State.UNTOUCHED


def _set_all(actor: Actor, cycle: ReportingCycle, state_of) -> None:  # type: ignore[no-untyped-def]
    items = list(cycle.items.select_for_update(of=("self",)).select_related("department"))
    entries = []
    for item in items:
        item.cycle = cycle
        before = audit.values_of(item, AUDITED_FIELDS)
        item.state = state_of(item)
        item.version += 1
        after = audit.values_of(item, AUDITED_FIELDS)
        verb = "finalise" if item.state == State.FINAL else "unsettle"
        entries.append(
            audit.entry(actor, f"rounditem.{verb}", item, cycle.plan.organization_id, before, after)
        )
    RoundItem.objects.bulk_update(items, ["state", "version"], batch_size=500)
    AuditEntry.objects.bulk_create(entries, batch_size=500)
    if items:
        items_moved.send(sender=RoundItem, items=items)


def not_approved(cycle: ReportingCycle) -> int:
    """How many items of the round nobody has approved."""
    return cycle.items.exclude(state__in=(State.APPROVED, State.FINAL)).count()


@contextmanager
def packages_settled_once() -> Iterator[None]:
    """Packages are worked out at the end of the block, once each, instead of at every item.

    For many entries in one transaction, which is the block's.
    """
    waiting: _Waiting = {}
    token = _PACKAGES_WAITING.set(waiting)
    try:
        yield
    finally:
        _PACKAGES_WAITING.reset(token)
    for cycle, department in waiting.values():
        settle_package(cycle, department)


_Waiting = dict[tuple[int, int], tuple[ReportingCycle, Department]]
_PACKAGES_WAITING: ContextVar[_Waiting | None] = ContextVar("packages_waiting", default=None)


def settle_package(cycle: ReportingCycle, department: Department | None) -> None:
    """Work out a department's package from its items; call it in the same transaction."""
    if department is None:
        return
    waiting = _PACKAGES_WAITING.get()
    if waiting is not None:
        waiting[cycle.pk, department.pk] = (cycle, department)
        return
    items = list(RoundItem.objects.filter(cycle=cycle, department=department))
    package, _ = Submission.objects.select_for_update(of=("self",)).get_or_create(
        cycle=cycle, department=department
    )
    state = package_state(items)
    submitted = _latest((item, item.submitted_at) for item in items)
    approved = _latest((item, item.approved_at) for item in items)
    returned = next((item.return_reason for item in items if item.is_returned), "")
    package.state = state
    package.submitted_by = submitted.submitted_by if submitted else None
    package.submitted_at = submitted.submitted_at if submitted else None
    is_approved = state == Package.APPROVED and approved is not None
    package.approved_at = approved.approved_at if approved and is_approved else None
    package.approved_by = approved.approved_by if approved and is_approved else None
    if package.approved_by_id == package.submitted_by_id:
        # Two people who approved each other's items: no single name is true of the package.
        package.approved_by = None
    package.return_reason = returned
    package.version += 1
    package.save()


def package_state(items: Sequence[RoundItem]) -> str:
    """How far a department's items of one round have come as a package."""
    states = Counter(item.state for item in items)
    count = len(items)
    if count and states[State.APPROVED] + states[State.FINAL] == count:
        return Package.APPROVED
    if any(item.is_returned for item in items):
        return Package.RETURNED
    if count and states[State.UNTOUCHED] + states[State.DRAFT] == 0:
        return Package.SUBMITTED
    return Package.NOT_STARTED if states[State.UNTOUCHED] == count else Package.ENTERING


def _latest(
    signed: Iterable[tuple[RoundItem, datetime.datetime | None]],
) -> RoundItem | None:
    """The item that was signed last; None where none is."""
    dated = [(moment, item.pk, item) for item, moment in signed if moment is not None]
    return max(dated)[2] if dated else None


def _write(item: RoundItem, fields: Iterable[str]) -> None:
    """The row is held by this transaction, so its own version is the one to write over."""
    item.save_version(item.version, fields)


# More time


def grant_extension(
    actor: Actor,
    cycle: ReportingCycle,
    until: datetime.datetime,
    reason: str,
    department: Department | None = None,
    item: RoundItem | None = None,
) -> Extension:
    """Let a round, a department or one item be entered until later.

    Raises PermissionDenied, and ValidationError for an end that is over, a round that does not
    run, or without a reason.
    """
    policy.require(actor, Act.MANAGE, cycle.plan.organization_id, what="期限の延長")
    if not _is_running(cycle):
        raise ValidationError(
            f"照会が「{cycle.get_state_display()}」のため、期限を延長できません。"
        )
    if until <= timezone.now():
        raise ValidationError({"until": "延長後の期限は、これからの日時にしてください。"})
    extension = Extension(
        cycle=cycle,
        department=department,
        item=item,
        until=until,
        reason=reason.strip(),
        granted_by=actor.account,
    )
    extension.full_clean()
    with transaction.atomic():
        extension.save()
        after = audit.values_of(extension, ("department", "item", "until"))
        audit.record(
            actor, "extension.create", extension, cycle.plan.organization_id, {}, after, reason
        )
        extension_granted.send(sender=Extension, extension=extension)
    return extension


def end_extension(actor: Actor, extension: Extension, reason: str = "") -> None:
    """Take an extension back from this moment on."""
    organization_id = extension.cycle.plan.organization_id
    policy.require(actor, Act.MANAGE, organization_id, what="期限の延長の取りやめ")
    before = audit.values_of(extension, ("ended_at",))
    with transaction.atomic():
        extension.ended_at = timezone.now()
        extension.save_version(extension.version, ("ended_at",))
        after = audit.values_of(extension, ("ended_at",))
        audit.record(actor, "extension.end", extension, organization_id, before, after, reason)


# Corrections


def begin_correction(
    actor: Actor, plan: Plan, kind: str, thing: models.Model, fiscal_year: int, reason: str
) -> RoundItem:
    """The settled item that a correction (訂正) is about, held until the commit.

    Call it inside the transaction that writes. Raises PermissionDenied for anyone but the DX
    office, and ValidationError without a reason or where the year is not settled: an unsettled
    figure is simply entered.
    """
    policy.require(actor, Act.MANAGE, plan.organization_id, what="訂正")
    if not reason.strip():
        raise ValidationError({"reason": "訂正の理由を書いてください。"})
    cycle = ReportingCycle.objects.settled().filter(plan=plan, fiscal_year=fiscal_year).first()
    if cycle is None:
        raise ValidationError(
            f"{fiscal_years.long_form(fiscal_year)}は確定していないため、訂正ではなく入力で"
            "変更してください。"
        )
    cycle.plan = plan
    item = _held(cycle, kind, thing, None)
    if item.state != State.FINAL:  # a year that was settled before the portal kept items
        item.state = State.FINAL
        _write(item, ("state",))
    return item


def note_correction(
    actor: Actor, item: RoundItem, changes: Iterable[tuple[str, str, str]], reason: str
) -> list[Correction]:
    """Keep each corrected field as (name, before, after); they make up the 正誤表."""
    return Correction.objects.bulk_create(
        Correction(
            item=item,
            field=field,
            before=before,
            after=after,
            reason=reason.strip(),
            corrected_by=actor.account,
        )
        for field, before, after in changes
    )
