"""The declared editors, in the order in which the overview shows them."""

from typing import Any

from django.db.models import Q, QuerySet

from accounts.models import User
from budgets.models import BudgetEntry, StatedTotal
from dxportal.editors import columns, special
from dxportal.editors.columns import short_column, thousands_column, year_column, years_column
from dxportal.editors.editor import Child, Column, Editor, Rows
from dxportal.editors.forms import in_tree, of_organization, of_plan, tags
from kpi import revisions
from kpi.models import DefinitionChange, Indicator, IndicatorUse, Target
from plans.models import (
    Correspondence,
    GlossaryTerm,
    Level,
    Mark,
    Measure,
    Phase,
    Plan,
    PlanRelation,
    PlanSection,
    ReferenceItem,
    ReferenceList,
    TargetState,
    TermNote,
)
from projects.models import (
    Milestone,
    Placement,
    Project,
    ProjectAlias,
    ProjectDepartment,
    ProjectSuccession,
    ProjectTag,
    ScheduleEntry,
    Tag,
    TagScheme,
)

STRUCTURE, MEASURES, PROJECTS = "計画の骨組み", "施策", "事業"
INDICATORS, MONEY, TAGS, TEXTS = "指標と目標", "予算", "タグ", "本文と資料"
SHARED = "同じ団体のほかの計画にも使われているものは、直すとそちらにも反映されます。"


def the_plan(user: User, plan: Plan) -> QuerySet:
    return Plan.objects.visible_to(user).filter(pk=plan.pk)


def projects(user: User, plan: Plan) -> QuerySet:
    """Those of the plan, and those that stand in no plan and would else be out of reach."""
    own = Project.objects.visible_to(user).filter(organization_id=plan.organization_id)
    placed = own.filter(placements__plan=plan).values("pk")
    anywhere = Placement.objects.filter(plan__organization_id=plan.organization_id)
    return own.filter(Q(pk__in=placed) | ~Q(pk__in=anywhere.values("project")))


def indicators(user: User, plan: Plan) -> QuerySet:
    """Those that the plan uses, and those that no plan uses."""
    own = Indicator.objects.visible_to(user).filter(organization_id=plan.organization_id)
    used = own.filter(uses__plan=plan).values("pk")
    anywhere = IndicatorUse.objects.filter(plan__organization_id=plan.organization_id)
    return own.filter(Q(pk__in=used) | ~Q(pk__in=anywhere.values("indicator")))


def of_projects(model: Any) -> Rows:
    def rows(user: User, plan: Plan) -> QuerySet:
        found = model.objects.visible_to(user)
        return found.filter(project__in=projects(user, plan).values("pk"))

    return rows


def of_indicators(model: Any) -> Rows:
    def rows(user: User, plan: Plan) -> QuerySet:
        found = model.objects.visible_to(user)
        return found.filter(indicator__in=indicators(user, plan).values("pk"))

    return rows


def along(model: Any, path: str) -> Rows:
    """The rows that reach the plan along this path."""

    def rows(user: User, plan: Plan) -> QuerySet:
        return model.objects.visible_to(user).filter(**{path: plan})

    return rows


def successions(user: User, plan: Plan) -> QuerySet:
    own = projects(user, plan).values("pk")
    found = ProjectSuccession.objects.visible_to(user)
    return found.filter(Q(predecessor__in=own) | Q(successor__in=own))


def measures(user: User, plan: Plan) -> QuerySet:
    return in_tree(user, plan).select_related("level", "department")


OF_MEASURE = (
    Child("target-state", "measure"),
    Child("placement", "measure"),
    Child("indicator-use", "measure"),
    Child("milestone", "measure"),
    Child("project-tag", "measure"),
    Child("reference-list", "measure"),
    Child("term-note", "measure"),
)
OF_PROJECT = (
    Child("placement", "project"),
    Child("project-department", "project"),
    Child("schedule", "project"),
    Child("milestone", "project"),
    Child("indicator-use", "project"),
    Child("budget", "project"),
    Child("project-tag", "project"),
    Child("alias", "project"),
)
OF_INDICATOR = (
    Child("indicator-use", "indicator"),
    Child("target", "indicator"),
    Child("definition-change", "indicator"),
)

EDITORS = (
    Editor(
        "plan",
        Plan,
        (
            "name",
            "edition",
            "status",
            "first_fiscal_year",
            "last_fiscal_year",
            "decided_on",
            "as_of",
            "revises",
            "applies_from",
            "summary",
            "source_note",
        ),
        ("name", "edition", "status", years_column()),
        the_plan,
        STRUCTURE,
        label="計画の情報",
        about="名称、期間、版、状態など。",
        can_add=False,
        help_texts={
            "status": "「旧版」にすると、この計画の行は変更できなくなります。",
            "revises": "改定したもとの計画の識別子。はじめの版なら空欄にします。",
        },
    ),
    Editor(
        "level",
        Level,
        ("name", "depth", "key"),
        ("name", Column("深さ", lambda row: str(row.depth), is_figure=True)),
        of_plan(Level),
        STRUCTURE,
        about="基本方針・基本施策など、施策体系の段の名前。",
        search=("name",),
        order=("depth",),
        help_texts={"depth": "いちばん上の段が0です。同じ深さに2つの名前があってもかまいません。"},
    ),
    Editor(
        "phase",
        Phase,
        ("name", "first_fiscal_year", "last_fiscal_year", "key"),
        ("name", years_column()),
        of_plan(Phase),
        STRUCTURE,
        about="目指す状態を置く、何年かの区切り。",
        search=("name",),
        order=("first_fiscal_year",),
    ),
    Editor(
        "mark",
        Mark,
        ("symbol", "label", "is_behind", "threshold", "key"),
        ("symbol", "label", "is_behind", "threshold"),
        of_plan(Mark),
        STRUCTURE,
        about="年度評価で使う◎○△×などの記号と意味。",
        search=("symbol", "label"),
        order=("position",),
        numbered_within=("plan",),
        key_from=("label", "symbol"),
    ),
    Editor(
        "plan-relation",
        PlanRelation,
        ("kind", "name", "related_key", "note"),
        ("kind", "name", short_column("note", "注記")),
        of_plan(PlanRelation),
        STRUCTURE,
        about="上位計画と関連計画。",
        search=("name", "note"),
        order=("kind", "name"),
    ),
    Editor(
        "measure",
        Measure,
        (
            "name",
            "short_name",
            "code",
            "level",
            "department",
            "description",
            "situation",
            "approach",
            "is_repeat",
            "source_note",
            "key",
        ),
        (
            Column("名称", lambda row: "　" * getattr(row, "tree_depth", 0) + str(row)),
            "level",
            "department",
            short_column("description", "説明"),
        ),
        measures,
        MEASURES,
        about="施策の名称・説明・所管課・タグなど。追加と並べ替えは施策体系でします。",
        search=("name", "short_name", "code", "description", "situation", "approach"),
        can_add=False,
        children=OF_MEASURE,
        form=special.MeasureForm,
        change=special.change_measure,
    ),
    Editor(
        "target-state",
        TargetState,
        ("measure", "phase", "title", "subject", "text", "source_note"),
        ("measure", "phase", "title", short_column("text", "目指す状態")),
        along(TargetState, "measure__plan"),
        MEASURES,
        about="期の終わりに施策がどうなっているか。",
        search=("measure__name", "title", "subject", "text"),
        related=("measure__plan", "phase"),
        order=("phase__first_fiscal_year", "position"),
        by_tree="measure_id",
        numbered_within=("measure", "phase"),
    ),
    Editor(
        "milestone",
        Milestone,
        (
            "measure",
            "project",
            "label",
            "first_fiscal_year",
            "last_fiscal_year",
            "text",
            "source_note",
        ),
        (
            "measure",
            "project",
            Column("時期", lambda row: row.period),
            short_column("text", "内容"),
        ),
        along(Milestone, "measure__plan"),
        MEASURES,
        about="令和7～9年度に建設工事、のような時期のある予定。",
        search=("measure__name", "project__name", "label", "text"),
        related=("measure__plan", "project"),
        order=("project", "position"),
        by_tree="measure_id",
        numbered_within=("measure", "project"),
        choices={"project": projects},
    ),
    Editor(
        "project",
        Project,
        (
            "name",
            "summary",
            "parent",
            "first_fiscal_year",
            "last_fiscal_year",
            "source_note",
            "key",
        ),
        ("name", years_column("事業年度"), short_column("summary", "概要")),
        projects,
        PROJECTS,
        about="事業の名称・概要・期間。" + SHARED,
        search=("name", "summary", "key", "aliases__name"),
        order=("key",),
        key_within=of_organization(Project),
        children=OF_PROJECT,
        add_form=special.NewProjectForm,
        create=special.create_project,
    ),
    Editor(
        "placement",
        Placement,
        (
            "measure",
            "project",
            "code",
            "is_primary",
            "is_repeat",
            "is_leading",
            "name",
            "summary",
            "period_text",
            "source_note",
        ),
        (
            "measure",
            "code",
            Column("事業", lambda row: row.title),
            Column("掲載の別", columns.place_of_placement),
            "is_leading",
        ),
        of_plan(Placement),
        PROJECTS,
        about="事業がどの施策に載っているか（再掲を含む）。",
        search=("measure__name", "project__name", "name", "code"),
        related=("measure", "project", "plan"),
        order=("position",),
        by_tree="measure_id",
        numbered_within=("measure",),
        fixed=("project",),
        help_texts={
            "is_primary": "合計は主たる掲載だけを数えます。計画ではじめての掲載は、自動で主たる"
            "掲載になります。すでに主たる掲載があるときは、入れ替わります。"
        },
        form=special.PlacementForm,
        create=special.create_placement,
        change=special.change_placement,
    ),
    Editor(
        "project-department",
        ProjectDepartment,
        ("project", "department", "and_others"),
        ("project", "department", "and_others"),
        of_plan(ProjectDepartment),
        PROJECTS,
        label="事業の所管課",
        about="この計画に記載された所管課。はじめの課が主管です。",
        search=("project__name", "department__name"),
        related=("project", "department", "plan"),
        order=("project", "position"),
        numbered_within=("plan", "project"),
        choices={"project": projects},
    ),
    Editor(
        "schedule",
        ScheduleEntry,
        ("project", "fiscal_year", "planned", "text", "source_note"),
        ("project", year_column(), "planned", "actual", "text"),
        of_projects(ScheduleEntry),
        PROJECTS,
        label="スケジュール（検討・構築・運用）",
        about="事業が年度ごとにどの段階にあるかの予定。",
        search=("project__name", "text"),
        related=("project",),
        order=("project__key", "fiscal_year"),
        choices={"project": projects},
    ),
    Editor(
        "alias",
        ProjectAlias,
        ("project", "name", "note"),
        ("project", "name", "note"),
        of_projects(ProjectAlias),
        PROJECTS,
        about="資料によって違う事業の呼び名。",
        search=("project__name", "name"),
        related=("project",),
        order=("project__key", "name"),
        choices={"project": projects},
    ),
    Editor(
        "project-succession",
        ProjectSuccession,
        ("predecessor", "successor", "fiscal_year", "note"),
        ("predecessor", "successor", year_column(label="引継年度"), "note"),
        successions,
        PROJECTS,
        about="改称・統合・分割した事業のつながり。",
        search=("predecessor__name", "successor__name", "note"),
        related=("predecessor", "successor"),
        order=("fiscal_year",),
    ),
    Editor(
        "indicator",
        Indicator,
        (
            "name",
            "unit",
            "decimals",
            "direction",
            "aggregation",
            "is_qualitative",
            "achievement_method",
            "tolerance",
            "department",
            "formula",
            "rationale",
            "numerator_label",
            "denominator_label",
            "baseline_fiscal_year",
            "baseline_value",
            "baseline_text",
            "measured_every",
            "measured_from",
            "source_note",
            "key",
        ),
        ("name", "unit", "direction", "department"),
        indicators,
        INDICATORS,
        about="KPI・成果指標・活動指標の定義。" + SHARED,
        search=("name", "key", "formula"),
        related=("department",),
        order=("key",),
        key_within=of_organization(Indicator),
        children=OF_INDICATOR,
        add_form=special.NewIndicatorForm,
        create=special.create_indicator,
    ),
    Editor(
        "indicator-use",
        IndicatorUse,
        ("indicator", "role", "measure", "project", "source_note"),
        ("indicator", "role", Column("使う施策・事業", columns.place_of_use)),
        of_plan(IndicatorUse),
        INDICATORS,
        about="どの施策・事業が、どの指標を使うか。数値は1か所の入力で足ります。",
        search=("indicator__name", "measure__name", "project__name"),
        related=("indicator", "measure", "project", "plan"),
        order=("role", "measure", "project", "position"),
        numbered_within=("plan", "measure", "project"),
        choices={"project": projects},
        help_texts={"measure": "施策か事業の、どちらか1つを選びます。"},
    ),
    Editor(
        "target",
        Target,
        (
            "indicator",
            "fiscal_year",
            "kind",
            "value",
            "comparison",
            "raw_text",
            "note",
            "source_note",
        ),
        (
            "indicator",
            year_column(),
            "kind",
            Column("目標", columns.value_of_target, is_figure=True),
            Column("改定", columns.standing_of_target),
        ),
        of_indicators(Target),
        INDICATORS,
        about="年度ごとの目標と、その改定。",
        search=("indicator__name", "raw_text", "note"),
        related=("indicator",),
        order=("indicator__key", "fiscal_year", "kind", "revision"),
        fixed=("indicator", "fiscal_year", "kind"),
        choices={"indicator": indicators},
        help_texts={"raw_text": "数値でない目標（全庁展開など）や、資料の表記のまま示したいとき。"},
        change=special.change_target,
        delete=revisions.delete_target,
    ),
    Editor(
        "definition-change",
        DefinitionChange,
        ("indicator", "from_fiscal_year", "note", "name", "unit", "formula", "rationale"),
        ("indicator", year_column("from_fiscal_year", "適用開始"), short_column("note", "内容")),
        of_indicators(DefinitionChange),
        INDICATORS,
        label="指標の定義の変更",
        about="ある年度から、指標の名前や算出式が変わったとき。",
        search=("indicator__name", "note"),
        related=("indicator",),
        order=("indicator__key", "from_fiscal_year"),
        choices={"indicator": indicators},
    ),
    Editor(
        "budget",
        BudgetEntry,
        (
            "project",
            "fiscal_year",
            "stage",
            "number",
            "amount",
            "national",
            "prefectural",
            "bond",
            "other",
            "general",
            "category",
            "is_zero_budget",
            "raw_text",
            "source_note",
        ),
        ("project", year_column(), "stage", thousands_column(), "category", "is_zero_budget"),
        of_projects(BudgetEntry),
        MONEY,
        about="事業ごとの予算と決算。円で保存し、千円で表示します。",
        search=("project__name", "raw_text"),
        related=("project",),
        order=("project__key", "fiscal_year", "stage", "number"),
        choices={"project": projects},
        help_texts={
            "amount": "円で入れます。例：1,234,000　123万4千円　1,234千円",
            "national": "財源内訳は、5つすべてに入れるか、すべて空欄にします（ないものは0）。",
        },
    ),
    Editor(
        "stated-total",
        StatedTotal,
        ("fiscal_year", "stage", "tag", "amount", "raw_text", "source_note"),
        (year_column(), "stage", "tag", thousands_column(), "raw_text"),
        of_plan(StatedTotal),
        MONEY,
        label="計画書の合計",
        about="資料に印刷された合計額。事業の合計と突き合わせます。",
        search=("raw_text", "tag__name"),
        related=("tag", "plan"),
        order=("fiscal_year", "stage", "tag"),
        help_texts={"amount": "円で入れます。例：23億2,559万4千円"},
    ),
    Editor(
        "tag-scheme",
        TagScheme,
        ("name", "version", "key"),
        ("name", "version"),
        of_organization(TagScheme),
        TAGS,
        about="国の重点取組事項などの一覧と、その版。" + SHARED,
        search=("name", "version"),
        order=("key", "version"),
        key_within=of_organization(TagScheme),
        children=(Child("tag", "scheme"),),
    ),
    Editor(
        "tag",
        Tag,
        ("scheme", "name", "key"),
        ("scheme", "name"),
        tags,
        TAGS,
        about="タグ体系の中のひとつひとつの項目。",
        search=("name", "scheme__name"),
        related=("scheme",),
        order=("scheme", "position"),
        numbered_within=("scheme",),
        children=(Child("project-tag", "tag"),),
    ),
    Editor(
        "project-tag",
        ProjectTag,
        ("tag", "project", "measure", "part", "source_note"),
        ("tag", "project", "measure", "part"),
        along(ProjectTag, "measure__plan"),
        TAGS,
        about="事業に付けたタグ。施策のタグは施策の編集で付けます。",
        search=("tag__name", "project__name", "measure__name", "part"),
        related=("tag", "project", "measure__plan"),
        order=("tag__scheme", "tag__position", "project__key"),
        choices={"project": projects},
    ),
    Editor(
        "section",
        PlanSection,
        ("kind", "number", "title", "text", "source_note", "key"),
        ("number", "title", "kind", short_column("text", "本文")),
        of_plan(PlanSection),
        TEXTS,
        about="背景・目的、推進体制など、施策体系のほかの文章。",
        search=("number", "title", "text"),
        order=("position",),
        numbered_within=("plan",),
        key_from=("number", "title"),
    ),
    Editor(
        "term",
        GlossaryTerm,
        ("term", "reading", "text", "page", "source_note"),
        ("term", "reading", short_column("text", "説明"), "page"),
        of_plan(GlossaryTerm),
        TEXTS,
        about="用語集の言葉と説明。",
        search=("term", "reading", "text"),
        order=("position", "term"),
        numbered_within=("plan",),
        children=(Child("term-note", "term"),),
    ),
    Editor(
        "term-note",
        TermNote,
        ("term", "mark", "measure", "section", "text", "page", "source_note"),
        (
            "term",
            "mark",
            Column("注のある場所", columns.place_of_note),
            short_column("text", "注の説明"),
        ),
        along(TermNote, "term__plan"),
        TEXTS,
        about="本文や施策に付いた脚注。",
        search=("term__term", "mark", "text"),
        related=("term__plan", "measure", "section"),
        order=("term__position", "term", "position"),
        numbered_within=("term",),
        help_texts={"measure": "注は、施策か本文のどちらか1つに置きます。"},
    ),
    Editor(
        "reference-list",
        ReferenceList,
        ("title", "measure", "as_of", "note", "source_note", "key"),
        ("title", "measure", "as_of"),
        of_plan(ReferenceList),
        TEXTS,
        label="資料一覧",
        about="標準化対象業務や調査の結果など、一覧や表になった資料。",
        search=("title", "note", "measure__name"),
        related=("measure", "plan"),
        order=("position",),
        numbered_within=("plan",),
        key_from=("title",),
        children=(Child("reference-item", "reference_list"),),
    ),
    Editor(
        "reference-item",
        ReferenceItem,
        ("reference_list", "label", "value", "unit", "raw_text", "note"),
        (
            "reference_list",
            "label",
            Column("数値", columns.figure_of_item, is_figure=True),
            "raw_text",
        ),
        along(ReferenceItem, "reference_list__plan"),
        TEXTS,
        label="資料一覧の項目",
        about="資料一覧の1行1行。",
        search=("reference_list__title", "label", "raw_text", "note"),
        related=("reference_list__plan",),
        order=("reference_list__position", "reference_list", "position"),
        numbered_within=("reference_list",),
    ),
    Editor(
        "correspondence",
        Correspondence,
        (
            "table",
            "theirs",
            "ours",
            "measure",
            "other_plan",
            "other_measure",
            "note",
            "source_note",
        ),
        ("table", "theirs", "ours", "measure"),
        of_plan(Correspondence),
        TEXTS,
        about="国の施策やほかの計画との対応表。",
        search=("table", "theirs", "ours", "measure__name"),
        related=("measure", "plan"),
        order=("table", "position"),
        numbered_within=("plan", "table"),
        help_texts={"table": "同じ名前の行が1つの対応表になります。"},
    ),
)
BY_KIND = {editor.kind: editor for editor in EDITORS}
BY_MODEL = {editor.model: editor for editor in EDITORS}
