"""Steps with items of a round for callers that name the step: one, or many at once."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.core.exceptions import PermissionDenied, ValidationError

from accounts.audit import Actor
from accounts.versions import StaleVersion
from dxportal.rounds.packages import submit_item
from plans.models import RoundItem
from plans.procedure import Step, move_item


def take_step(
    actor: Actor, item: RoundItem, step: str, expected_version: int, reason: str = ""
) -> RoundItem:
    """One step with one item. Raises what `plans.procedure.move_item` raises, and CommentMissing.

    Submitting goes through `dxportal.rounds.packages`, so nothing unusual is handed in unexplained.
    """
    if step == Step.SUBMIT:
        return submit_item(actor, item, expected_version)
    return move_item(actor, item, step, expected_version, reason)


@dataclass(frozen=True)
class Outcome:
    """What became of one item: the item as it is now, or why nothing was done with it."""

    pk: int
    item: RoundItem | None
    refusal: str = ""


def take_steps(
    actor: Actor,
    items: Iterable[tuple[int, RoundItem | None, int]],
    step: str,
    reason: str = "",
) -> list[Outcome]:
    """The same step with many items, each refused for itself.

    `items` are (number, the row if the person may see it, the version that was read).
    """
    return [_try(actor, pk, item, step, version, reason) for pk, item, version in items]


def _try(
    actor: Actor, pk: int, item: RoundItem | None, step: str, version: int, reason: str
) -> Outcome:
    if item is None:
        return Outcome(pk, None, "この項目はありません。")
    try:
        return Outcome(pk, take_step(actor, item, step, version, reason))
    except StaleVersion as error:
        return Outcome(pk, error.current, "ほかの人が先に動かしました。")  # type: ignore[arg-type]
    except PermissionDenied as error:
        return Outcome(pk, item, str(error))
    except ValidationError as error:
        return Outcome(pk, item, "".join(error.messages))
