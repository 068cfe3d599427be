"""The only ways to budget entries."""

from typing import Self

from projects.querysets import OfProject


class BudgetEntryQuerySet(OfProject):
    def in_plan(self, plan_id: int) -> Self:
        """Each entry of the plan's projects once: only the primary placement counts."""
        return self.filter(
            project__placements__plan_id=plan_id, project__placements__is_primary=True
        )

    def rounds(self) -> list[tuple[int, str]]:
        """The fiscal years and stages of which there are entries, in order of the years."""
        return list(self.order_by("fiscal_year").values_list("fiscal_year", "stage").distinct())
