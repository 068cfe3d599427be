"""The procedure of a round: from 未着手 to 確定, for everything that is asked (`RoundItem`).

Every page, grid, import, API call, job and command moves items through here. Each step says from
which states it leads where, who may take it, and whether it needs a reason; nobody approves what
they entered or submitted; nothing unusual is submitted without a comment; after 確定 only a
correction changes a figure. Entering is in `plans.entering`.
"""

import datetime
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ImproperlyConfigured, PermissionDenied, ValidationError
from django.db import models, transaction
from django.utils import timezone

from accounts import audit, policy
from accounts.audit import Actor
from accounts.models import AuditEntry, Department
from accounts.policy import Act
from accounts.versions import StaleVersion
from plans import fiscal_years
from plans.entering import accepts_entry, hold_item, is_running, write_held
from plans.models import Correction, Extension, Plan, ReportingCycle, RoundItem
from plans.packages import require_fresh_package, settle_packages_of
from plans.signals import extension_granted, items_moved

State = RoundItem.State


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


# Steps


def why_not(actor: Actor, item: RoundItem, step: str, reason: str = "") -> str:
    """Why the actor cannot take this step now; empty if they can. Rights are not told of here."""
    rule = RULES[step]
    if item.state not in rule.sources:
        label = Step(step).label
        return f"「{item}」は「{item.get_state_display()}」のため、{label}はできません。"
    if not is_running(item.cycle):
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
    if policy.allows(actor, act, organization_id, item.department_id, on=item.cycle.plan):
        return True
    # What no department answers for is the DX office's own work.
    return item.department_id is None and policy.allows(
        actor, Act.MANAGE, organization_id, on=item.cycle.plan
    )


# What a department must have said before it submits. Receives the round and items that are held;
# answers, by the number of the item, why it may not be submitted as it is.
SubmissionCheck = Callable[[ReportingCycle, Sequence[RoundItem]], Mapping[int, str]]
_SUBMISSION_CHECKS: list[SubmissionCheck] = []
# So many items are named in a refusal; the rest is counted.
NAMED = 5


def checks_submissions(check: SubmissionCheck) -> SubmissionCheck:
    """Let a floor above, which knows the figures, look at whatever is about to be submitted."""
    _SUBMISSION_CHECKS.append(check)
    return check


class NotReady(ValidationError):
    """Items that may not be submitted as they are; `refusals` says why, by item."""

    def __init__(self, refusals: Mapping[RoundItem, str]) -> None:
        self.refusals = refusals
        names = "、".join(f"「{item}」" for item in list(refusals)[:NAMED])
        more = f"ほか{len(refusals) - NAMED}件" if len(refusals) > NAMED else ""
        reasons = "".join(dict.fromkeys(refusals.values()))
        super().__init__(f"提出できない項目が{len(refusals)}件あります：{names}{more}。{reasons}")


def move_item(
    actor: Actor, item: RoundItem, step: str, expected_version: int, reason: str = ""
) -> RoundItem:
    """Take one step with one item.

    Raises PermissionDenied, StaleVersion (somebody moved it first), NotReady for what needs a
    comment first, and ValidationError for a step that its state, the round or the four-eyes rule
    forbids. Nothing is then changed.
    """
    with transaction.atomic():
        held = _hold([item.pk])[item.pk]
        _require(actor, held, step, expected_version, reason)
        _require_ready([held], step)
        _take(actor, [held], step, reason)
    return held


@dataclass(frozen=True)
class Outcome:
    """What became of one item of a bulk act: the item as it is now, and why it was refused."""

    item: RoundItem
    refusal: str = ""


@dataclass(frozen=True)
class BulkResult:
    """What became of each item of a bulk act, in the order in which they were given."""

    outcomes: list[Outcome]

    @property
    def moved(self) -> list[RoundItem]:
        return [outcome.item for outcome in self.outcomes if not outcome.refusal]

    @property
    def refused(self) -> list[tuple[RoundItem, str]]:
        return [(outcome.item, outcome.refusal) for outcome in self.outcomes if outcome.refusal]


def move_items(actor: Actor, items: Iterable[RoundItem], step: str, reason: str = "") -> BulkResult:
    """The same step with many items: just so many single acts, each refused for itself.

    The items carry the version that the person saw. It takes as many queries for many as for one.
    """
    items = list(items)
    with transaction.atomic():
        held = _hold(item.pk for item in items)
        refusals: dict[int, str] = {}
        for item in items:
            if item.pk in refusals or item.pk not in held:
                continue
            refusals[item.pk] = _refusal(actor, held[item.pk], step, item.version, reason)
        fit = [held[pk] for pk, refusal in refusals.items() if not refusal]
        unready = _unready(fit, step)
        refusals |= {item.pk: refusal for item, refusal in unready.items()}
        _take(actor, [item for item in fit if item not in unready], step, reason)
    gone = "この項目はなくなりました。"
    return BulkResult(
        [Outcome(held.get(item.pk, item), refusals.get(item.pk, gone)) for item in items]
    )


def submit_package(
    actor: Actor,
    cycle: ReportingCycle,
    department: Department | None,
    expected_version: int | None = None,
) -> list[RoundItem]:
    """Submit all that a department still owes; what is empty is meant to be empty.

    Without a department: what nobody answers for. `expected_version` is that of the package, where
    the caller has read it. All or nothing: raises what `move_item` raises, NotReady with all that
    needs a comment, and ValidationError if nothing is owed.
    """
    return _move_package(actor, (cycle, department), Step.SUBMIT, expected_version)


def withdraw_package(
    actor: Actor,
    cycle: ReportingCycle,
    department: Department | None,
    expected_version: int | None = None,
) -> list[RoundItem]:
    """Take back what a department has submitted and nobody has approved yet; all or nothing."""
    return _move_package(actor, (cycle, department), Step.WITHDRAW, expected_version)


NOTHING_TO_MOVE: dict[str, str] = {
    Step.SUBMIT: "提出する項目がありません。",
    Step.WITHDRAW: "取り下げられる提出はありません。",
}


def _move_package(
    actor: Actor,
    place: tuple[ReportingCycle, Department | None],
    step: str,
    expected_version: int | None,
) -> list[RoundItem]:
    cycle, department = place
    with transaction.atomic():
        there = RoundItem.objects.filter(cycle=cycle, department=department)
        versions = dict(there.filter(state__in=RULES[step].sources).values_list("pk", "version"))
        held = list(_hold(versions).values())
        # Locked after its items, as everywhere: who writes an item waits for the package last.
        if expected_version is not None and department is not None:
            require_fresh_package(cycle, department, expected_version)
        if not held:
            raise ValidationError(NOTHING_TO_MOVE[step])
        for item in held:
            _require(actor, item, step, versions[item.pk])
        _require_ready(held, step)
        _take(actor, held, step)
    return held


def _hold(pks: Iterable[int]) -> dict[int, RoundItem]:
    """The items as they are now, locked in the order of their numbers until the commit."""
    rows = RoundItem.objects.select_for_update(of=("self",)).filter(pk__in=list(pks))
    held = {item.pk: item for item in rows.select_related("department").order_by("pk")}
    cycles = (
        ReportingCycle.objects.select_related("plan__organization")
        .prefetch_related("extensions")
        .in_bulk({item.cycle_id for item in held.values()})
    )
    for item in held.values():
        item.cycle = cycles[item.cycle_id]
    return held


def _require(
    actor: Actor, item: RoundItem, step: str, expected_version: int, reason: str = ""
) -> None:
    """Raise what keeps the actor from taking the step with an item that is held."""
    if not may_take(actor, item, step):
        raise PermissionDenied(f"「{item}」の{Step(step).label}を行う権限がありません。")
    if item.version != expected_version:
        raise StaleVersion(item)
    if refusal := why_not(actor, item, step, reason):
        raise ValidationError(refusal)


def _refusal(actor: Actor, item: RoundItem, step: str, expected_version: int, reason: str) -> str:
    """What `_require` raises, as a sentence; empty if the step can be taken."""
    try:
        _require(actor, item, step, expected_version, reason)
    except PermissionDenied as error:
        return str(error)
    except StaleVersion:
        return "ほかの人が先に動かしました。"
    except ValidationError as error:
        return "".join(error.messages)
    return ""


def _unready(items: Sequence[RoundItem], step: str) -> dict[RoundItem, str]:
    """Which of the items may not be submitted as they are, and why."""
    if step != Step.SUBMIT:
        return {}
    if not _SUBMISSION_CHECKS:
        raise ImproperlyConfigured("No check of submissions is registered: see checks_submissions.")
    refusals: dict[int, str] = {}
    for cycle, of_round in _by_cycle(items).items():
        for check in _SUBMISSION_CHECKS:
            refusals |= check(cycle, of_round)
    return {item: refusals[item.pk] for item in items if item.pk in refusals}


def _require_ready(items: Sequence[RoundItem], step: str) -> None:
    if unready := _unready(items, step):
        raise NotReady(unready)


def _by_cycle(items: Iterable[RoundItem]) -> dict[ReportingCycle, list[RoundItem]]:
    found: dict[ReportingCycle, list[RoundItem]] = defaultdict(list)
    for item in items:
        found[item.cycle].append(item)
    return found


def _take(actor: Actor, items: Sequence[RoundItem], step: str, reason: str = "") -> None:
    """Write the step into items that are held and fit for it, with all that follows from it."""
    before = [audit.values_of(item, AUDITED_FIELDS) for item in items]
    write_held(items, {"state": RULES[step].target, **_signature(actor, step, reason)})
    AuditEntry.objects.bulk_create(
        audit.entry(
            actor,
            f"rounditem.{step}",
            item,
            item.cycle.plan.organization_id,
            was,
            audit.values_of(item, AUDITED_FIELDS),
            reason,
        )
        for item, was in zip(items, before, strict=True)
    )
    for of_round in _by_cycle(items).values():
        items_moved.send(
            sender=RoundItem, items=of_round, step=step, reason=reason.strip(), actor=actor
        )
    settle_packages_of(items)


def _signature(actor: Actor, step: str, reason: str) -> dict[str, Any]:
    """Who did it and when; what a later step has overtaken is cleared."""
    now = timezone.now()
    not_approved = {"approved_by": None, "approved_at": None}
    match step:
        case Step.SUBMIT:
            signed = {"submitted_by": actor.account, "submitted_at": now}
            return not_approved | signed | {"return_reason": ""}
        case Step.RETURN:
            unsigned = {"submitted_by": None, "submitted_at": None}
            return not_approved | unsigned | {"return_reason": reason.strip()}
        case Step.WITHDRAW:
            return not_approved | {"submitted_by": None, "submitted_at": None}
        case _:
            return {"approved_by": actor.account, "approved_at": now}


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


def _set_all(actor: Actor, cycle: ReportingCycle, state_of: Callable[[RoundItem], str]) -> None:
    items = list(
        cycle.items.select_for_update(of=("self",)).select_related("department").order_by("pk")
    )
    by_state: dict[str, list[RoundItem]] = defaultdict(list)
    entries = []
    for item in items:
        item.cycle = cycle
        to = state_of(item)
        by_state[to].append(item)
        before, after = audit.values_of(item, AUDITED_FIELDS), {"state": to}
        verb = "finalise" if to == State.FINAL else "unsettle"
        after["department"] = before["department"]
        entries.append(
            audit.entry(actor, f"rounditem.{verb}", item, cycle.plan.organization_id, before, after)
        )
    for to, found in by_state.items():
        write_held(found, {"state": to})
    AuditEntry.objects.bulk_create(entries, batch_size=500)
    if items:
        items_moved.send(sender=RoundItem, items=items)


def not_approved(cycle: ReportingCycle) -> int:
    """How many items of the round nobody has approved."""
    return cycle.items.exclude(state__in=(State.APPROVED, State.FINAL)).count()


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
    policy.require(actor, Act.MANAGE, cycle.plan.organization_id, what="期限の延長", on=cycle)
    if not is_running(cycle):
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
    policy.require(actor, Act.MANAGE, organization_id, what="期限の延長の取りやめ", on=extension)
    before = audit.values_of(extension, ("ended_at",))
    with transaction.atomic():
        extension.ended_at = timezone.now()
        extension.save_version(extension.version, ("ended_at",))
        after = audit.values_of(extension, ("ended_at",))
        audit.record(actor, "extension.end", extension, organization_id, before, after, reason)


# Corrections


def begin_correction(
    actor: Actor,
    plan: Plan,
    kind: str,
    thing: models.Model,
    fiscal_year: int,
    reason: str,
    cycle_kind: str = ReportingCycle.Kind.ANNUAL,
) -> RoundItem:
    """The settled item that a correction (訂正) is about, held until the commit.

    Call it inside the transaction that writes. Raises PermissionDenied for anyone but the DX
    office, and ValidationError without a reason or where the year is not settled: an unsettled
    figure is simply entered.
    """
    policy.require(actor, Act.MANAGE, plan.organization_id, what="訂正", on=plan)
    if not reason.strip():
        raise ValidationError({"reason": "訂正の理由を書いてください。"})
    # Held, so that the round is not taken back from 確定 at the same moment.
    settled = ReportingCycle.objects.filter(state__in=ReportingCycle.SETTLED_STATES)
    held = settled.select_for_update(of=("self",), no_key=True)
    cycle = held.filter(plan=plan, fiscal_year=fiscal_year, kind=cycle_kind).first()
    if cycle is None:
        interim = "（中間）" if cycle_kind == ReportingCycle.Kind.INTERIM else ""
        raise ValidationError(
            f"{fiscal_years.long_form(fiscal_year)}{interim}は確定していないため、訂正ではなく"
            "入力で変更してください。"
        )
    cycle.plan = plan
    item = hold_item(cycle, kind, thing)
    if item.state != State.FINAL:  # a year that was settled before the portal kept items
        write_held([item], {"state": State.FINAL})
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
