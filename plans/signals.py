"""What rounds tell the floors above, which a floor below may not call.

Receivers run in the same transaction: what they refuse is refused as a whole.
"""

from django.dispatch import Signal

# cycle: a round begins to ask. Who receives it makes the items (`dxportal.rounds.asking`).
cycle_opened = Signal()
# items: rows of RoundItem, all of one round, that have just changed their state; step, reason and
# actor, where it was a step of the procedure.
items_moved = Signal()
# extension: more time was granted.
extension_granted = Signal()
# comment: somebody wrote at an item.
comment_written = Signal()
# submission: a department's package has come to another state, worked out of its items.
package_moved = Signal()
# cycle, came_from: a round went from one state to another, with all that belongs to that.
cycle_moved = Signal()
