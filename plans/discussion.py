"""What people write to each other at an item of a round."""

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from accounts import audit
from accounts.audit import Actor
from plans import procedure
from plans.models import ItemComment, RoundItem
from plans.procedure import Step
from plans.signals import comment_written


def may_write(actor: Actor, item: RoundItem) -> bool:
    """Whoever enters, approves or manages the item takes part in its discussion."""
    return any(procedure.may_take(actor, item, step) for step in (Step.SUBMIT, Step.RETURN))


def write_comment(actor: Actor, item: RoundItem, text: str) -> ItemComment:
    """Add to an item's discussion, at any time of the round.

    Raises PermissionDenied, and ValidationError with `text` for none or too much of it.
    """
    if not may_write(actor, item):
        raise PermissionDenied(f"「{item}」のやりとりに書き込む権限がありません。")
    comment = ItemComment(item=item, by=actor.account, text=text.strip())
    if not comment.text:
        raise ValidationError({"text": "内容を書いてください。"})
    comment.full_clean()
    with transaction.atomic():
        comment.save()
        after = audit.values_of(comment, ("text",))
        organization_id = item.cycle.plan.organization_id
        audit.record(actor, "itemcomment.write", comment, organization_id, {}, after)
        comment_written.send(sender=ItemComment, comment=comment)
    return comment
