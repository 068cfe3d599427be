"""The open data: one dataset a kind in long format, its items defined once for all formats.

    dataset = DATASETS["values"]
    PublicExporter(dataset, public, 2024).file("csv", "cp932")
    PublicExporter(dataset, public).json()

Rules of machine readability (level 3): one table, names in row 1, one value a cell, empty is not
zero, numbers without commas or units, Western years beside the era's, the 全国地方公共団体コード in
each row, no meaning by colour. Headings are Japanese; JSON has the items' English names.
"""

import datetime
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar

from django.utils import timezone
from openpyxl import Workbook

from dxportal.public.catalogue import licence_of
from dxportal.public.reading import PublicPlan
from kpi.exports import plain
from kpi.models import Actual, Indicator, Target
from kpi.series import YearValues
from plans import fiscal_years
from plans.exports import Column, ExportedFile, Exporter
from plans.spreadsheets import save, write_table

FORMATS = ("csv", "xlsx", "json")
JSON_TYPE = "application/json"


@dataclass(frozen=True)
class Item:
    """One item (項目) of a dataset, as the 項目定義書 has it."""

    name: str
    label: str
    kind: str
    about: str
    value: Callable[[Any], Any]
    unit: str = ""
    codes: str = ""


@dataclass(frozen=True)
class Dataset:
    """A kind of data: what a row is, its items, and how its rows are read."""

    name: str
    title: str
    about: str
    row_is: str
    items: tuple[Item, ...]
    rows: Callable[[PublicPlan], Iterator[Any]]
    by_year: bool = False

    def rows_of(self, public: PublicPlan, fiscal_year: int | None) -> Iterator[Any]:
        for row in self.rows(public):
            if fiscal_year is None or row.fiscal_year == fiscal_year:
                yield row


TEXT, NUMBER, YEAR, FLAG = "文字列", "数値", "整数（西暦の年度）", "真偽（1：はい、0：いいえ）"


def _joined(names: list[str]) -> str:
    return "、".join(names)


def _plan_row(public: PublicPlan) -> Iterator[Any]:
    yield public


@dataclass(frozen=True)
class Row:
    """A row of the public plan with what its columns need beside it."""

    thing: Any
    fiscal_year: int = 0
    more: Any = None


def _measure_rows(public: PublicPlan) -> Iterator[Row]:
    by_pk = {row.pk: row for row in public.measures}
    for measure in public.measures:
        yield Row(measure, more=by_pk.get(measure.parent_id))


def _project_rows(public: PublicPlan) -> Iterator[Row]:
    by_pk = {row.pk: row for row in public.measures}
    for place in public.placements:
        yield Row(place, more=by_pk[place.measure_id])


def _indicator_rows(public: PublicPlan) -> Iterator[Row]:
    uses: dict[int, list[str]] = {}
    for use in public.uses:
        told = f"{use.get_role_display()}：{use.measure or use.project}"
        uses.setdefault(use.indicator_id, []).append(told)
    for pk, indicator in public.indicators.items():
        yield Row(indicator, more=_joined(uses[pk]))


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


def _field(name: str) -> Callable[[Row], Any]:
    return lambda row: getattr(row.thing, name)


def _shown(name: str) -> Callable[[Row], Any]:
    return lambda row: getattr(row.thing, f"get_{name}_display")()


def _rate(row: Value) -> Decimal | None:
    return row.year.achievement.rounded(1) if row.actual and row.year else None


PLANS = Dataset(
    "plans",
    "計画",
    "計画の名称、期間、概要です。",
    "1つの計画",
    (
        Item(
            "first_fiscal_year",
            "開始年度（西暦）",
            YEAR,
            "計画の最初の年度。",
            lambda p: p.plan.first_fiscal_year,
        ),
        Item(
            "last_fiscal_year",
            "終了年度（西暦）",
            YEAR,
            "計画の最後の年度。",
            lambda p: p.plan.last_fiscal_year,
        ),
        Item("edition", "版", TEXT, "計画の版。", lambda p: p.plan.edition),
        Item("decided_on", "策定日", TEXT, "資料の表記のまま。", lambda p: p.plan.decided_on),
        Item("summary", "概要", TEXT, "計画の概要。", lambda p: p.plan.summary),
        Item(
            "published_years",
            "公表した年度（西暦）",
            TEXT,
            "実績を公表した年度。複数は「、」で区切る。",
            lambda p: _joined([str(y) for y in p.years]),
        ),
        Item(
            "licence",
            "利用条件",
            TEXT,
            "データの利用条件。",
            lambda p: p.publication.get_licence_display(),
        ),
    ),
    _plan_row,
)
MEASURES = Dataset(
    "measures",
    "施策",
    "計画の体系（施策の木）です。上位施策IDで親子をつなげます。",
    "1つの施策",
    (
        Item("measure_id", "施策ID", TEXT, "計画の中で施策を見分ける文字。", _field("key")),
        Item(
            "parent_id",
            "上位施策ID",
            TEXT,
            "1つ上の施策のID。空欄は最上位。",
            lambda r: r.more.key if r.more else "",
        ),
        Item("level", "階層", TEXT, "計画での階層の名前。", lambda r: str(r.thing.level)),
        Item("depth", "階層の深さ", NUMBER, "最上位は0。", lambda r: r.thing.tree_depth, unit="段"),
        Item("code", "番号", TEXT, "計画での番号。同じ番号が複数あることがある。", _field("code")),
        Item("name", "名称", TEXT, "施策の名称。", _field("name")),
        Item("short_name", "略称", TEXT, "施策の略称。", _field("short_name")),
        Item(
            "department",
            "所管課",
            TEXT,
            "計画に記載の所管課。",
            lambda r: str(r.thing.department or ""),
        ),
        Item("situation", "現状と課題", TEXT, "計画の記載。", _field("situation")),
        Item("approach", "取組内容", TEXT, "計画の記載。", _field("approach")),
        Item(
            "is_repeat",
            "再掲",
            FLAG,
            "ほかの施策と同じものを、もう一度載せたもの。",
            _field("is_repeat"),
        ),
    ),
    _measure_rows,
)
PROJECTS = Dataset(
    "projects",
    "事業",
    "計画に掲載された事業（プロジェクト）と、その場所です。",
    "1つの掲載（同じ事業が複数の施策に載ることがある）",
    (
        Item(
            "project_id",
            "事業ID",
            TEXT,
            "団体の中で事業を見分ける文字。",
            lambda r: r.thing.project.key,
        ),
        Item("code", "番号", TEXT, "計画での番号。同じ番号が複数あることがある。", _field("code")),
        Item("name", "事業名", TEXT, "この計画での名称。", _field("title")),
        Item("measure_id", "施策ID", TEXT, "掲載先の施策のID。", lambda r: r.more.key),
        Item("measure", "施策名", TEXT, "掲載先の施策の名称。", lambda r: r.more.name),
        Item(
            "is_primary",
            "主たる掲載",
            FLAG,
            "件数や金額を合計するときは、1の行だけを数える。",
            _field("is_primary"),
        ),
        Item(
            "is_leading",
            "リーディング",
            FLAG,
            "リーディングプロジェクトかどうか。",
            _field("is_leading"),
        ),
        Item(
            "departments",
            "所管課",
            TEXT,
            "計画に記載の所管課。複数は「、」で区切る。",
            lambda r: r.thing.project.department_names,
        ),
        Item(
            "summary",
            "概要",
            TEXT,
            "事業の概要。",
            lambda r: r.thing.summary or r.thing.project.summary,
        ),
    ),
    _project_rows,
)
INDICATORS = Dataset(
    "indicators",
    "指標",
    "計画の指標（KPI、活動指標など）の定義です。値は「指標の値」にあります。",
    "1つの指標",
    (
        Item("indicator_id", "指標ID", TEXT, "団体の中で指標を見分ける文字。", _field("key")),
        Item("name", "指標名", TEXT, "指標の名称。", _field("name")),
        Item("unit", "単位", TEXT, "値の単位。", _field("unit")),
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
        Item("formula", "算出式", TEXT, "値の算出式。", _field("formula")),
        Item("rationale", "設定根拠", TEXT, "目標を定めた根拠。", _field("rationale")),
        Item(
            "baseline_fiscal_year",
            "基準年度（西暦）",
            YEAR,
            "基準値の年度。",
            _field("baseline_fiscal_year"),
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
        Item("number", "号数", NUMBER, "補正の号数。ほかの段階は0。", _field("number")),
        Item(
            "amount",
            "金額",
            NUMBER,
            "記載がないときは空欄（0ではない）。",
            _field("amount"),
            unit="円",
        ),
        Item("national", "国庫支出金", NUMBER, "財源の内訳。", _field("national"), unit="円"),
        Item("prefectural", "県支出金", NUMBER, "財源の内訳。", _field("prefectural"), unit="円"),
        Item("bond", "地方債", NUMBER, "財源の内訳。", _field("bond"), unit="円"),
        Item("other", "その他", NUMBER, "財源の内訳。", _field("other"), unit="円"),
        Item("general", "一般財源", NUMBER, "財源の内訳。", _field("general"), unit="円"),
        Item(
            "category", "区分", TEXT, "予算の区分。", _shown("category"), codes="新規、拡大、継続"
        ),
        Item(
            "is_zero_budget",
            "ゼロ予算",
            FLAG,
            "予算を使わない事業かどうか。",
            _field("is_zero_budget"),
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
        Item("goal", "目標", TEXT, "その年度に目指したこと。", _field("goal")),
        Item("result", "実績・評価・今後の対応", TEXT, "その年度の結果。", _field("result")),
        Item("delay_reason", "後倒理由", TEXT, "予定より遅れた理由。", _field("delay_reason")),
        Item(
            "shortfall_reason",
            "未達理由",
            TEXT,
            "目標に届かなかった理由。",
            _field("shortfall_reason"),
        ),
        Item("effect", "到達像への影響", TEXT, "遅れが到達像に及ぼす影響。", _field("effect")),
        Item("summary", "進捗概要", TEXT, "進捗の概要。", _field("summary")),
    ),
    _review_rows,
    by_year=True,
)
DATASETS = {
    dataset.name: dataset
    for dataset in (PLANS, MEASURES, PROJECTS, INDICATORS, VALUES, BUDGETS, REVIEWS)
}


def leading_items(public: PublicPlan) -> tuple[Item, ...]:
    """Whose data a row is; the first items of every dataset."""
    plan = public.plan
    return (
        Item(
            "organization_code",
            "全国地方公共団体コード",
            TEXT,
            "検査数字を含む6桁。",
            lambda r: plan.organization.code,
        ),
        Item(
            "organization", "団体名", TEXT, "地方公共団体の名称。", lambda r: plan.organization.name
        ),
        Item("plan_id", "計画ID", TEXT, "団体の中で計画を見分ける文字。", lambda r: plan.key),
        Item("plan", "計画名", TEXT, "計画の名称。", lambda r: plan.name),
    )


ITEM_HEAD = ("番号", "項目名", "項目名（英字）", "データ型", "単位", "取りうる値", "説明")


def item_rows(public: PublicPlan, dataset: Dataset) -> list[tuple[Any, ...]]:
    """The 項目定義書 of a dataset, a row an item."""
    return [
        (number, item.label, item.name, item.kind, item.unit, item.codes, item.about)
        for number, item in enumerate([*leading_items(public), *dataset.items], start=1)
    ]


class PublicExporter(Exporter):
    """A dataset of a plan, of all published years or of one."""

    identifier: ClassVar[str] = "public"

    def __init__(
        self, dataset: Dataset, public: PublicPlan, fiscal_year: int | None = None
    ) -> None:
        super().__init__(dataset.rows_of(public, fiscal_year))
        self.dataset, self.public, self.fiscal_year = dataset, public, fiscal_year
        self.items = (*leading_items(public), *dataset.items)
        self.title = dataset.title  # type: ignore[misc]  # of this dataset
        self.columns = tuple(Column(item.label, item.value) for item in self.items)  # type: ignore[misc]

    def file(self, file_format: str, encoding: str = "utf-8") -> ExportedFile:
        """The finished file. Raises `CannotEncode` where a character would be lost."""
        made = self.json() if file_format == "json" else super().file(file_format, encoding)
        year = f"_fy{self.fiscal_year}" if self.fiscal_year else ""
        name = f"{self.public.code}_{self.public.key}_{self.dataset.name}{year}.{file_format}"
        return ExportedFile(name, made.content_type, made.content)

    def json(self) -> ExportedFile:
        """The rows with what one needs to know to use them; numbers as exact as they are kept."""
        public = self.public
        content = {
            "title": f"{public.plan.name}　{self.dataset.title}",
            "description": self.dataset.about,
            "row": self.dataset.row_is,
            "organization_code": public.code,
            "fiscal_year": self.fiscal_year,
            "version": public.state.version,
            "modified": timezone.localtime(public.state.changed_at).isoformat(timespec="seconds"),
            "licence": licence_of(public.publication).url,
            "items": [
                dict(
                    zip(
                        ("number", "label", "name", "type", "unit", "codes", "description"),
                        row,
                        strict=True,
                    )
                )
                for row in item_rows(public, self.dataset)
            ],
            "rows": [
                {item.name: _json_value(item.value(row)) for item in self.items}
                for row in self.rows()
            ],
        }
        text = json.dumps(content, ensure_ascii=False, indent=1)
        return ExportedFile("", JSON_TYPE, text.encode())

    def _xlsx(self) -> bytes:
        public = self.public
        workbook = Workbook(write_only=True)
        write_table(workbook, self.title, self.head(), self.cells())
        write_table(workbook, "項目定義書", ITEM_HEAD, item_rows(public, self.dataset))
        write_table(
            workbook, "このデータについて", ("項目", "内容"), about_rows(public, self.dataset)
        )
        content = io.BytesIO()
        save(workbook, content, public.state.changed_at)
        return content.getvalue()


class ItemExporter(Exporter):
    """The 項目定義書 of one dataset as a file."""

    identifier: ClassVar[str] = "items"

    def __init__(self, dataset: Dataset, public: PublicPlan) -> None:
        super().__init__(item_rows(public, dataset))
        self.title = f"{dataset.title}の項目定義書"  # type: ignore[misc]  # of this dataset
        self.columns = tuple(  # type: ignore[misc]
            Column(label, lambda row, index=index: row[index])
            for index, label in enumerate(ITEM_HEAD)
        )


def about_rows(public: PublicPlan, dataset: Dataset) -> list[tuple[str, str]]:
    """What one must know to use the data."""
    changed: datetime.datetime = timezone.localtime(public.state.changed_at)
    return [
        ("題名", f"{public.plan.name}　{dataset.title}"),
        ("説明", dataset.about),
        ("1行が表すもの", dataset.row_is),
        ("団体", f"{public.plan.organization.name}（{public.code}）"),
        ("利用条件", str(public.publication.get_licence_display())),
        ("利用条件のアドレス", licence_of(public.publication).url),
        ("問い合わせ先", public.publication.contact),
        ("データの版", public.state.version),
        ("最終更新", changed.isoformat(timespec="seconds")),
    ]


def _json_value(value: Any) -> Any:
    if isinstance(value, Decimal):
        # A whole number stays one; another is written as text, so that no digit is lost.
        return int(value) if value == value.to_integral_value() else format(value, "f")
    if value is None or isinstance(value, bool | int):
        return value
    return str(value)
