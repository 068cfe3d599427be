"""The datasets of what a plan says: the plan itself, its measures, its projects."""

from collections.abc import Iterator
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


def _plan_row(public: PublicPlan) -> Iterator[Any]:
    yield public


def _measure_rows(public: PublicPlan) -> Iterator[Row]:
    by_pk = {row.pk: row for row in public.measures}
    for measure in public.measures:
        yield Row(measure, more=by_pk.get(measure.parent_id))


def _project_rows(public: PublicPlan) -> Iterator[Row]:
    by_pk = {row.pk: row for row in public.measures}
    for place in public.placements:
        yield Row(place, more=by_pk[place.measure_id])


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
            lambda p: joined([str(y) for y in p.years]),
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
        Item("measure_id", "施策ID", TEXT, "計画の中で施策を見分ける文字。", field_of("key")),
        Item(
            "parent_id",
            "上位施策ID",
            TEXT,
            "1つ上の施策のID。空欄は最上位。",
            lambda r: r.more.key if r.more else "",
        ),
        Item("level", "階層", TEXT, "計画での階層の名前。", lambda r: str(r.thing.level)),
        Item("depth", "階層の深さ", NUMBER, "最上位は0。", lambda r: r.thing.tree_depth, unit="段"),
        Item(
            "code", "番号", TEXT, "計画での番号。同じ番号が複数あることがある。", field_of("code")
        ),
        Item("name", "名称", TEXT, "施策の名称。", field_of("name")),
        Item("short_name", "略称", TEXT, "施策の略称。", field_of("short_name")),
        Item(
            "department",
            "所管課",
            TEXT,
            "計画に記載の所管課。",
            lambda r: str(r.thing.department or ""),
        ),
        Item("situation", "現状と課題", TEXT, "計画の記載。", field_of("situation")),
        Item("approach", "取組内容", TEXT, "計画の記載。", field_of("approach")),
        Item(
            "is_repeat",
            "再掲",
            FLAG,
            "ほかの施策と同じものを、もう一度載せたもの。",
            field_of("is_repeat"),
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
        Item(
            "code", "番号", TEXT, "計画での番号。同じ番号が複数あることがある。", field_of("code")
        ),
        Item("name", "事業名", TEXT, "この計画での名称。", field_of("title")),
        Item("measure_id", "施策ID", TEXT, "掲載先の施策のID。", lambda r: r.more.key),
        Item("measure", "施策名", TEXT, "掲載先の施策の名称。", lambda r: r.more.name),
        Item(
            "is_primary",
            "主たる掲載",
            FLAG,
            "件数や金額を合計するときは、1の行だけを数える。",
            field_of("is_primary"),
        ),
        Item(
            "is_leading",
            "リーディング",
            FLAG,
            "リーディングプロジェクトかどうか。",
            field_of("is_leading"),
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
