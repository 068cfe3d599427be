"""The only ways to budget entries."""

from typing import Self

from projects.querysets import OfProject


class BudgetEntryQuerySet(OfProject):
    def in_plan(self, plan_id: int) -> Self:
        """Each entry of the plan's projects once: only the primary placement counts."""
        return self.filter(
            project__placements__plan_id=plan_id, project__placements__is_primary=True
        )
