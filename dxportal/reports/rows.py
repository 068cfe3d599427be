"""From the rows of the database to those of the report: indicators, projects, reviews."""

from dxportal.reports.content import (
    Cell,
    IndicatorRow,
    Notes,
    ProjectRow,
    ReviewRow,
    StateRow,
)
from dxportal.reports.indicator_facts import FactsByIndicator, Figure
from dxportal.reports.source import Source
from kpi.models import Actual, IndicatorUse
from plans import fiscal_years
from plans.models import Mark, Measure
from projects.models import Placement, ProjectTag, Review
from projects.models.placements import STAGE_SYMBOLS, Stage


def mark_text(mark: Mark | None) -> str:
    return "" if mark is None else f"{mark.symbol}{mark.label}"


class RowMaker:
    """Makes the rows of one section, collecting the section's notes on the way."""

    def __init__(self, source: Source, facts: FactsByIndicator, schedule_years: range) -> None:
        self.source = source
        self.facts, self.schedule_years = facts, schedule_years
        self.notes = Notes()

    # Indicators

    def indicator(self, use: IndicatorUse, place: str) -> IndicatorRow:
        facts = self.facts[use.indicator_id]
        indicator, achievement = facts.indicator, facts.achievement
        about = f"{place}：{indicator.name}" if use.project_id else indicator.name
        refs = self.notes.refer(about, indicator.source_note, use.source_note)
        return IndicatorRow(
            indicator_id=indicator.pk,
            place=place,
            role=use.get_role_display(),
            name=facts.name,
            unit=indicator.unit,
            decimals=indicator.decimals,
            department=str(indicator.department or ""),
            planned=tuple(self._cell(figure, about) for figure in facts.planned),
            actual=tuple(self._cell(figure, about) for figure in facts.actual),
            achievement=achievement.text if achievement else "—",
            percent=achievement.rounded() if achievement else None,
            reached=achievement.reached if achievement else None,
            reached_text=achievement.reached_text if achievement else "—",
            how=(achievement.formula or achievement.reason) if achievement else "",
            definition=facts.definition,
            comment=facts.comment,
            chart=facts.chart,
            refs=refs,
        )

    def _cell(self, figure: Figure, about: str) -> Cell:
        return Cell(figure.text, figure.value, self.notes.refer(about, *figure.said))

    # Projects

    def project(self, placement: Placement, with_indicator_notes: bool = True) -> ProjectRow:
        project = placement.project
        about = f"{placement.code}　{placement.title}".strip()
        schedule = self.source.schedule_of.get(project.pk, {})
        said = [
            f"{fiscal_years.short_form(year)}の予定：{entry.source_note}"
            for year, entry in schedule.items()
            if entry.source_note
        ]
        links = self.source.plan_rows.links_of.get((project.pk, placement.measure_id), [])
        said += [f"{link.tag.name}：{link.source_note}" for link in links if link.source_note]
        refs = self.notes.refer(about, project.source_note, placement.source_note, *said)
        maker = (
            self if with_indicator_notes else RowMaker(self.source, self.facts, self.schedule_years)
        )
        planned, actual = [], []
        for year in self.schedule_years:
            entry = schedule.get(year)
            planned.append(_stage(entry.planned, entry.text) if entry else "")
            is_over = year <= self.source.fiscal_year
            actual.append(_stage(entry.actual, "") if entry and is_over else "")
        return ProjectRow(
            project_id=project.pk,
            code=placement.code,
            name=placement.title,
            summary=placement.summary or project.summary,
            departments=project.department_names,
            is_leading=placement.is_leading,
            is_primary=placement.is_primary,
            aliases=_aliases(placement),
            planned=tuple(planned),
            actual=tuple(actual),
            indicators=tuple(
                maker.indicator(use, about)
                for use in self.source.uses_of_project.get(project.pk, [])
            ),
            refs=refs,
            facts=_facts(placement, links),
        )

    # Reviews and target states

    def review(self, measure: Measure) -> ReviewRow:
        """The year's review of a measure; a row without content where nobody wrote one."""
        review = self.source.review_of_measure.get(measure.pk)
        return self._review(str(measure), review, measure.source_note)

    def project_review(self, placement: Placement) -> ReviewRow:
        """The year's review of a project that has one."""
        review = self.source.review_of_project[placement.project_id]
        return self._review(f"事業：{placement}", review)

    def _review(self, title: str, review: Review | None, note: str = "") -> ReviewRow:
        refs = self.notes.refer(title, note, review.source_note if review else "")
        if review is None:
            return ReviewRow(title, refs=refs)
        return ReviewRow(
            title=title,
            planned_mark=mark_text(review.planned_mark),
            mark=mark_text(review.mark),
            is_behind=review.is_behind,
            goal=review.goal,
            result=review.result,
            reasons=reasons_of(review),
            summary=review.summary,
            refs=refs,
        )

    def states(self, measure: Measure) -> tuple[StateRow, ...]:
        """The measure's target states, those of one phase together."""
        by_phase: dict[str, list[str]] = {}
        refs: dict[str, list[str]] = {}
        for state in self.source.target_states_of.get(measure.pk, []):
            text = f"【{state.title}】{state.text}" if state.title else state.text
            by_phase.setdefault(state.phase.name, []).append(text)
            ref = self.notes.refer(f"{measure}：{state.phase.name}", state.source_note)
            refs.setdefault(state.phase.name, []).append(ref)
        return tuple(
            StateRow(str(measure), phase, tuple(texts), " ".join(filter(None, refs[phase])))
            for phase, texts in by_phase.items()
        )


def _aliases(placement: Placement) -> tuple[str, ...]:
    """Its other names; the project's own is one where the plan prints another."""
    found = [
        f"{alias.name}（{alias.note}）" if alias.note else alias.name
        for alias in placement.project.aliases.all()
        if alias.name != placement.title
    ]
    own = placement.project.name
    if own != placement.title and own not in found:
        found.insert(0, own)
    return tuple(found)


def _facts(placement: Placement, links: list[ProjectTag]) -> tuple[tuple[str, str], ...]:
    tags: dict[str, list[str]] = {}
    for link in links:
        name = f"{link.tag.name}（{link.part}）" if link.part else link.tag.name
        tags.setdefault(link.tag.scheme.name, []).append(name)
    facts = [(scheme, "、".join(names)) for scheme, names in tags.items()]
    if placement.period_text:
        facts.append(("事業年度の表記", placement.period_text))
    return tuple(facts)


def reasons_of(review: Review) -> tuple[tuple[str, str], ...]:
    """What the review says about being late or short, each under its own label."""
    said = (
        ("後倒理由", review.delay_reason),
        ("未達理由", review.shortfall_reason),
        ("到達像への影響", review.effect),
    )
    return tuple((label, text) for label, text in said if text)


def _stage(stage: str, text: str) -> str:
    """The symbol of a stage, with what was printed beside it (or instead of it)."""
    return f"{STAGE_SYMBOLS.get(stage, '')}{text}"  # type: ignore[call-overload]  # a stored value


def stage_legend() -> str:
    return "　".join(f"{STAGE_SYMBOLS[stage]}{stage.label}" for stage in Stage)


def is_unapproved(actual: Actual) -> bool:
    return actual.state not in (Actual.State.APPROVED, Actual.State.FINAL)
