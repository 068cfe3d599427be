"""The machine-readable tables of a report: Western years, units apart, one fact a row.

They follow the government's rules on 機械可読性: one table a sheet, names in row 1, nothing
merged, no figure with a sign in it, empty for what is not known, and a table of the codes.
"""

from collections.abc import Iterator

from dxportal.reports.content import Table
from dxportal.reports.source import Source
from kpi.models import Actual, Indicator, IndicatorUse, Target, ValueStatus
from kpi.series import year_of
from projects.models.placements import STAGE_SYMBOLS, Stage

Row = tuple[object, ...]


def machine_tables(source: Source) -> tuple[Table, ...]:
    return (
        _values(source),
        _achievements(source),
        _measures(source),
        _projects(source),
        _schedule(source),
        _indicators(source),
        _uses(source),
        _reviews(source),
        _codes(source),
    )


def _values(source: Source) -> Table:
    head = (
        "団体コード", "計画", "指標", "指標名", "年度", "種類", "値", "表記", "単位", "比較",
        "状態", "速報", "改定番号", "現行", "注記", "出典注記",
    )  # fmt: skip
    return Table("値一覧", head, tuple(_value_rows(source)))


def _value_rows(source: Source) -> Iterator[Row]:
    code, plan = source.plan.organization.code, source.plan.key
    for indicator in source.indicators.values():
        about = (code, plan, indicator.key, indicator.name)
        for target in indicator.targets.all():
            yield (
                *about, target.fiscal_year, target.kind, target.value, target.raw_text,
                indicator.unit, target.comparison, "", "", target.revision,
                int(target.is_current), target.note, target.source_note,
            )  # fmt: skip
        for actual in indicator.actuals.all():
            if actual.fiscal_year <= source.fiscal_year:
                yield (
                    *about, actual.fiscal_year, actual.kind, actual.value, actual.raw_text,
                    indicator.unit, "", actual.status, int(actual.is_preliminary), "", "",
                    actual.note, actual.source_note,
                )  # fmt: skip


def _achievements(source: Source) -> Table:
    head = ("計画", "指標", "指標名", "年度", "達成率", "単位", "判定", "算式", "求められない理由")
    rows = []
    for indicator in source.indicators.values():
        result = year_of(indicator, source.fiscal_year, source.later_editions).achievement
        reached = "" if result.reached is None else int(result.reached)
        unit = "%" if result.percent is not None else ""
        rows.append(
            (
                source.plan.key,
                indicator.key,
                indicator.name,
                source.fiscal_year,
                result.rounded(),
                unit,
                reached,
                result.formula,
                result.reason,
            )
        )
    return Table("達成率", head, tuple(rows))


def _measures(source: Source) -> Table:
    head = (
        "計画", "施策", "上位の施策", "階層", "番号", "名称", "略称", "所管課", "再掲", "出典注記",
    )  # fmt: skip
    keys = {measure.pk: measure.key for measure in source.measures}
    rows = tuple(
        (
            source.plan.key,
            measure.key,
            keys.get(measure.parent_id or 0, ""),
            measure.level.key,
            measure.code,
            measure.name,
            measure.short_name,
            str(measure.department or ""),
            int(measure.is_repeat),
            measure.source_note,
        )
        for measure in source.measures
    )
    return Table("施策", head, rows)


def _projects(source: Source) -> Table:
    head = (
        "計画", "事業", "事業名", "この計画での名称", "番号（PID）", "施策", "主たる掲載",
        "リーディング", "所管課", "ほかの所管課あり", "概要", "事業年度の表記", "出典注記",
    )  # fmt: skip
    keys = {measure.pk: measure.key for measure in source.measures}
    rows = []
    for placement in source.placements:
        project = placement.project
        links = project.department_links.all()
        notes = [project.source_note, placement.source_note]
        rows.append(
            (
                source.plan.key,
                project.key,
                project.name,
                placement.name,
                placement.code,
                keys[placement.measure_id],
                int(placement.is_primary),
                int(placement.is_leading),
                "、".join(str(link.department) for link in links),
                int(any(link.and_others for link in links)),
                placement.summary or project.summary,
                placement.period_text,
                " ／ ".join(note for note in notes if note),
            )
        )
    return Table("事業", head, tuple(rows))


def _schedule(source: Source) -> Table:
    head = ("事業", "事業名", "年度", "予定", "実績", "表記", "出典注記")
    names = {p.project_id: (p.project.key, p.project.name) for p in source.placements}
    rows = tuple(
        (
            *names[project_id],
            year,
            entry.planned,
            entry.actual if year <= source.fiscal_year else "",
            entry.text,
            entry.source_note,
        )
        for project_id, entries in source.schedule_of.items()
        for year, entry in sorted(entries.items())
    )
    return Table("スケジュール", head, rows)


def _indicators(source: Source) -> Table:
    head = (
        "指標", "指標名", "単位", "小数点以下の桁数", "望ましい方向", "集計", "達成率の求め方",
        "定性", "所管課", "算出式", "設定根拠", "基準年度", "基準値", "基準値の表記", "出典注記",
    )  # fmt: skip
    rows = tuple(
        (
            indicator.key,
            indicator.name,
            indicator.unit,
            indicator.decimals,
            indicator.direction,
            indicator.aggregation,
            indicator.achievement_method,
            int(indicator.is_qualitative),
            str(indicator.department or ""),
            indicator.formula,
            indicator.rationale,
            indicator.baseline_fiscal_year,
            indicator.baseline_value,
            indicator.baseline_text,
            indicator.source_note,
        )
        for indicator in source.indicators.values()
    )
    return Table("指標", head, rows)


def _uses(source: Source) -> Table:
    measures: dict[int | None, str] = {row.pk: row.key for row in source.measures}
    projects: dict[int | None, str] = {p.project_id: p.project.key for p in source.placements}
    rows = tuple(
        (
            source.plan.key,
            source.indicators[use.indicator_id].key,
            use.role,
            measures.get(use.measure_id, ""),
            projects.get(use.project_id, ""),
            use.source_note,
        )
        for use in source.uses
    )
    return Table("指標の利用", ("計画", "指標", "使い方", "施策", "事業", "出典注記"), rows)


def _reviews(source: Source) -> Table:
    head = (
        "計画", "年度", "施策", "事業", "進捗予定", "進捗", "目標", "実績・評価・今後の対応",
        "後倒理由", "未達理由", "到達像への影響", "進捗概要", "出典注記",
    )  # fmt: skip
    measures: dict[int | None, str] = {row.pk: row.key for row in source.measures}
    projects: dict[int | None, str] = {p.project_id: p.project.key for p in source.placements}
    reviews = [*source.review_of_measure.values(), *source.review_of_project.values()]
    rows = tuple(
        (
            source.plan.key,
            review.fiscal_year,
            measures.get(review.measure_id, ""),
            projects.get(review.project_id, ""),
            review.planned_mark.key if review.planned_mark else "",
            review.mark.key if review.mark else "",
            review.goal,
            review.result,
            review.delay_reason,
            review.shortfall_reason,
            review.effect,
            review.summary,
            review.source_note,
        )
        for review in reviews
    )
    return Table("年度評価", head, rows)


def _codes(source: Source) -> Table:
    """What the codes in the other tables mean."""
    rows: list[Row] = []
    for column, choices in (
        ("種類", [*Target.Kind, *Actual.Kind]),
        ("比較", [*Target.Comparison]),
        ("状態", [*ValueStatus]),
        ("望ましい方向", [*Indicator.Direction]),
        ("集計", [*Indicator.Aggregation]),
        ("達成率の求め方", [*Indicator.AchievementMethod]),
        ("使い方", [*IndicatorUse.Role]),
    ):
        rows += [(column, choice.value, choice.label, "") for choice in choices]
    rows += [("予定・実績", s.value, s.label, STAGE_SYMBOLS[s]) for s in Stage]
    rows += [("進捗予定・進捗", m.key, m.label, m.symbol) for m in source.marks]
    rows += [("階層", level.key, level.name, "") for level in source.levels]
    yes_no = "速報・現行・再掲・主たる掲載・リーディング・ほかの所管課あり・定性・判定"
    rows += [(yes_no, "1", "はい（判定は達成）", ""), (yes_no, "0", "いいえ（判定は未達成）", "")]
    return Table("コード表", ("列", "コード", "意味", "記号"), tuple(rows))
