"""Nothing unusual is submitted without a comment: looked at wherever something is submitted.

`plans.procedure` asks before it submits, whatever the channel: it knows no figures, and this floor
does. `DxportalConfig.ready` imports this module, which registers it.
"""

from collections.abc import Sequence

from dxportal.rounds.grid import rows_of
from plans.models import ReportingCycle, RoundItem
from plans.procedure import checks_submissions

COMMENT_MISSING = "警告の理由をコメントに書いてから提出してください。"


@checks_submissions
def comments_missing(cycle: ReportingCycle, items: Sequence[RoundItem]) -> dict[int, str]:
    """The items with an unusual figure that nobody has explained; what is empty is meant to be."""
    rows = rows_of(cycle, items, with_places=False)
    return {row.item.pk: COMMENT_MISSING for row in rows if row.needs_comment}
