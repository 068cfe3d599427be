"""The datasets of a plan's figures: indicators and their values, budgets, reviews."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from dxportal.public.items import (
    FLAG,
    NUMBER,
    TEXT,
    YEAR,
    Dataset,
    Item,
    Row,
    field_of,
    joined,
)
from dxportal.public.reading import PublicPlan
from kpi.exports import plain
from kpi.models import Actual, Indicator, Target
from kpi.series import YearValues
from plans import fiscal_years


def _indicator_rows(public: PublicPlan) -> Iterator[Row]:
    uses: dict[int, list[str]] = {}
    for use in public.uses:
        told = f"{use.get_role_display()}：{use.measure or use.project}"
        uses.setdefault(use.indicator_id, []).append(told)
    for pk, indicator in public.indicators.items():
        yield Row(indicator, more=joined(uses[pk]))


@dataclass(frozen=True)
class Value:
    """One value of an indicator: a target, an actual, or the baseline."""

    indicator: Indicator
    fiscal_year: int
    kind: str
    value: Decimal | None
    text: str
    row: Target | Actual | None = None
    year: YearValues | None = None

    @property
    def target(self) -> Target | None:
        return self.row if isinstance(self.row, Target) else None

    @property
    def actual(self) -> Actual | None:
        return self.row if isinstance(self.row, Actual) else None


def _value_rows(public: PublicPlan) -> Iterator[Value]:
    for indicator in public.indicators.values():
        sheet = public.sheet(indicator)
        by_year = {values.fiscal_year: values for values in sheet.years}
        if indicator.baseline_fiscal_year:
            yield Value(
                indicator,
                indicator.baseline_fiscal_year,
                "基準値",
                indicator.baseline_value,
                indicator.baseline_text,
            )
        rows: list[Target | Actual] = [*indicator.targets.all(), *indicator.actuals.all()]
        for row in sorted(rows, key=lambda v: (v.fiscal_year, isinstance(v, Actual), v.pk)):
            yield Value(
                indicator,
                row.fiscal_year,
                str(row.get_kind_display()),
                row.value,
                row.raw_text,
                row,
                by_year.get(row.fiscal_year),
            )


def _budget_rows(public: PublicPlan) -> Iterator[Row]:
    for entry in public.budgets:
        yield Row(entry, entry.fiscal_year)


def _review_rows(public: PublicPlan) -> Iterator[Row]:
    measures = {row.pk: row for row in public.measures}
    projects = {place.project_id: place.project for place in public.placements}
    for review in public.reviews:
        thing = measures.get(review.measure_id) or projects.get(review.project_id)
        yield Row(review, review.fiscal_year, thing)


def _year_items() -> tuple[Item, ...]:
    return (
        Item(
            "fiscal_year",
            "年度（西暦）",
            YEAR,
            "値の年度。4月から翌年3月まで。",
            lambda r: r.fiscal_year,
        ),
        Item(
            "fiscal_year_era",
            "年度（和暦）",
            TEXT,
            "値の年度を元号で表したもの。",
            lambda r: fiscal_years.long_form(r.fiscal_year),
        ),
    )


def _of_actual(value: Callable[[Actual], Any]) -> Callable[[Value], Any]:
    return lambda row: value(row.actual) if row.actual else None


def _of_target(value: Callable[[Target], Any]) -> Callable[[Value], Any]:
    return lambda row: value(row.target) if row.target else None


def _shown(name: str) -> Callable[[Row], Any]:
    return lambda row: getattr(row.thing, f"get_{name}_display")()


def _rate(row: Value) -> Decimal | None:
    return row.year.achievement.rounded(1) if row.actual and row.year else None


INDICATORS = Dataset(
    "indicators",
    "指標",
    "計画の指標（KPI、活動指標など）の定義です。値は「指標の値」にあります。",
    "1つの指標",
    (
        Item("indicator_id", "指標ID", TEXT, "団体の中で指標を見分ける文字。", field_of("key")),
        Item("name", "指標名", TEXT, "指標の名称。", field_of("name")),
        Item("unit", "単位", TEXT, "値の単位。", field_of("unit")),
        Item(
            "used_for",
            "使い方",
            TEXT,
            "どの施策・事業の指標か。複数は「、」で区切る。",
            lambda r: r.more,
        ),
        Item(
            "direction",
            "望ましい方向",
            TEXT,
            "増加、減少、維持のどれが望ましいか。空欄は定めなし。",
            _shown("direction"),
            codes="増加、減少、維持",
        ),
        Item(
            "aggregation",
            "集計",
            TEXT,
            "値の集計のしかた。",
            _shown("aggregation"),
            codes="単年度、累計、率",
        ),
        Item(
            "achievement_method",
            "達成率の求め方",
            TEXT,
            "達成率の式。",
            _shown("achievement_method"),
            codes="実績÷目標、（実績－基準値）÷（目標－基準値）",
        ),
        Item("formula", "算出式", TEXT, "値の算出式。", field_of("formula")),
        Item("rationale", "設定根拠", TEXT, "目標を定めた根拠。", field_of("rationale")),
        Item(
            "baseline_fiscal_year",
            "基準年度（西暦）",
            YEAR,
            "基準値の年度。",
            field_of("baseline_fiscal_year"),
        ),
        Item(
            "baseline_value",
            "基準値",
            NUMBER,
            "基準値の数値。",
            lambda r: plain(r.thing.baseline_value),
            unit="「単位」の項目のとおり",
        ),
        Item(
            "department", "所管課", TEXT, "指標の所管課。", lambda r: str(r.thing.department or "")
        ),
    ),
    _indicator_rows,
)
VALUES = Dataset(
    "values",
    "指標の値",
    "指標の目標と、公表した年度の実績です。1行に1つの値を置いています。",
    "1つの指標の、1つの年度の、1つの種類の値",
    (
        Item("indicator_id", "指標ID", TEXT, "「指標」の指標ID。", lambda r: r.indicator.key),
        Item("indicator", "指標名", TEXT, "指標の名称。", lambda r: r.indicator.name),
        Item("unit", "単位", TEXT, "値の単位。", lambda r: r.indicator.unit),
        *_year_items(),
        Item(
            "kind",
            "値の種類",
            TEXT,
            "値が何を表すか。",
            lambda r: r.kind,
            codes="基準値、目標、中間目標、実績",
        ),
        Item(
            "value",
            "値",
            NUMBER,
            "数値。数値がないときは空欄（0ではない）。",
            lambda r: plain(r.value),
            unit="「単位」の項目のとおり",
        ),
        Item(
            "comparison",
            "比較",
            TEXT,
            "目標の数値に付く言葉。",
            _of_target(lambda t: t.get_comparison_display()),
            codes="以上、超、以下、未満",
        ),
        Item("text", "表記", TEXT, "資料に書かれたままの表記。", lambda r: r.text),
        Item(
            "status",
            "値の状態",
            TEXT,
            "実績に数値がない理由。",
            _of_actual(lambda a: a.get_status_display()),
            codes="報告済、該当なし、未集計、中止、記載のみ（意味の記載なし）",
        ),
        Item(
            "is_preliminary",
            "速報",
            FLAG,
            "速報値かどうか。実績の行だけにある。",
            _of_actual(lambda a: a.is_preliminary),
        ),
        Item("numerator", "分子", NUMBER, "率の分子。", _of_actual(lambda a: plain(a.numerator))),
        Item(
            "denominator", "分母", NUMBER, "率の分母。", _of_actual(lambda a: plain(a.denominator))
        ),
        Item(
            "achievement_percent",
            "達成率",
            NUMBER,
            "実績の行だけにある。求められないときは空欄。上限で切らない。",
            _rate,
            unit="％",
        ),
        Item(
            "revision",
            "改定番号",
            NUMBER,
            "目標の改定の順。0は最初の目標。",
            _of_target(lambda t: t.revision),
        ),
        Item(
            "is_current",
            "現行",
            FLAG,
            "目標がいま有効かどうか。目標の行だけにある。",
            _of_target(lambda t: t.is_current),
        ),
        Item("note", "注記", TEXT, "値についての注記。", lambda r: r.row.note if r.row else ""),
    ),
    _value_rows,
    by_year=True,
)
BUDGETS = Dataset(
    "budgets",
    "予算と決算",
    "公表した年度の、事業ごとの予算と決算です。金額は円です。",
    "1つの事業の、1つの年度の、1つの段階の金額",
    (
        Item("project_id", "事業ID", TEXT, "「事業」の事業ID。", lambda r: r.thing.project.key),
        Item("project", "事業名", TEXT, "事業の名称。", lambda r: r.thing.project.name),
        *_year_items(),
        Item(
            "stage",
            "段階",
            TEXT,
            "予算の段階。",
            _shown("stage"),
            codes="当初、補正、流用・予備費、前年度繰越、決算",
        ),
        Item("number", "号数", NUMBER, "補正の号数。ほかの段階は0。", field_of("number")),
        Item(
            "amount",
            "金額",
            NUMBER,
            "記載がないときは空欄（0ではない）。",
            field_of("amount"),
            unit="円",
        ),
        Item("national", "国庫支出金", NUMBER, "財源の内訳。", field_of("national"), unit="円"),
        Item("prefectural", "県支出金", NUMBER, "財源の内訳。", field_of("prefectural"), unit="円"),
        Item("bond", "地方債", NUMBER, "財源の内訳。", field_of("bond"), unit="円"),
        Item("other", "その他", NUMBER, "財源の内訳。", field_of("other"), unit="円"),
        Item("general", "一般財源", NUMBER, "財源の内訳。", field_of("general"), unit="円"),
        Item(
            "category", "区分", TEXT, "予算の区分。", _shown("category"), codes="新規、拡大、継続"
        ),
        Item(
            "is_zero_budget",
            "ゼロ予算",
            FLAG,
            "予算を使わない事業かどうか。",
            field_of("is_zero_budget"),
        ),
    ),
    _budget_rows,
    by_year=True,
)
REVIEWS = Dataset(
    "reviews",
    "年度評価",
    "公表した年度の、施策と事業の進みぐあいと評価です。",
    "1つの施策または事業の、1つの年度の評価",
    (
        Item(
            "thing",
            "対象",
            TEXT,
            "施策か事業か。",
            lambda r: "施策" if r.thing.measure_id else "事業",
            codes="施策、事業",
        ),
        Item(
            "thing_id",
            "対象ID",
            TEXT,
            "施策IDまたは事業ID。",
            lambda r: r.more.key if r.more else "",
        ),
        Item(
            "thing_name",
            "対象の名称",
            TEXT,
            "施策または事業の名称。",
            lambda r: r.more.name if r.more else "",
        ),
        *_year_items(),
        Item(
            "planned_mark",
            "進捗予定",
            TEXT,
            "予定の記号と意味。",
            lambda r: str(r.thing.planned_mark or ""),
        ),
        Item("mark", "進捗", TEXT, "実際の記号と意味。", lambda r: str(r.thing.mark or "")),
        Item(
            "is_behind",
            "遅れ",
            FLAG,
            "進捗の記号が遅れを表すかどうか。記号がないときは空欄。",
            lambda r: r.thing.mark.is_behind if r.thing.mark else None,
        ),
        Item("goal", "目標", TEXT, "その年度に目指したこと。", field_of("goal")),
        Item("result", "実績・評価・今後の対応", TEXT, "その年度の結果。", field_of("result")),
        Item("delay_reason", "後倒理由", TEXT, "予定より遅れた理由。", field_of("delay_reason")),
        Item(
            "shortfall_reason",
            "未達理由",
            TEXT,
            "目標に届かなかった理由。",
            field_of("shortfall_reason"),
        ),
        Item("effect", "到達像への影響", TEXT, "遅れが到達像に及ぼす影響。", field_of("effect")),
        Item("summary", "進捗概要", TEXT, "進捗の概要。", field_of("summary")),
    ),
    _review_rows,
    by_year=True,
)
