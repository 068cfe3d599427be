"""What changed on a plan's public pages, the newest first (更新履歴)."""

import datetime
from dataclasses import dataclass

from dxportal.public.reading import PublicPlan
from plans import fiscal_years


@dataclass(frozen=True)
class Change:
    at: datetime.datetime
    text: str
    kind: str


def changes_of(public: PublicPlan) -> list[Change]:
    """From the publication, the published years, the reports, and the corrections."""
    public_since = public.publication.published_at
    found = [Change(public_since, "計画のページを公開しました。", "公開")]
    found += [
        Change(
            # A round that came in a plan book as published carries no moment of its own.
            max(cycle.published_at or public_since, public_since),
            f"{fiscal_years.long_form(cycle.fiscal_year)}の実績と評価を公表しました。",
            "公表",
        )
        for cycle in public.cycles
    ]
    found += [
        Change(report.published_at, f"「{report.title}」を公表しました。", "報告書")
        for report in public.reports
    ]
    found += [
        Change(
            max(row.corrected_at, public_since),
            f"{fiscal_years.long_form(row.item.cycle.fiscal_year)}の「{row.item.label}」の"
            f"{row.field}を訂正しました。",
            "訂正",
        )
        for row in public.corrections
    ]
    return sorted(found, key=lambda change: change.at, reverse=True)
