"""The fixed cast of the tests: people of one city, an outsider of another, and a small plan.

The plan has what real ones have: two pillars, an area with no KPI, a project that is placed twice
(再掲) and one whose code another one carries too, and values of every kind: a number, a zero,
nothing at all, 該当なし, 未集計 and a printed mark of unknown meaning. The round of 2024 is
published, that of 2025 is open. Attributes are named after what a test would call them.
"""

import datetime
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.contrib.auth.hashers import make_password
from django.utils import timezone

from accounts.models import Department, Organization, Role, RoleAssignment, User
from kpi.models import Actual, Indicator, IndicatorUse, Target, ValueStatus
from plans.models import (
    Correspondence,
    GlossaryTerm,
    Level,
    Mark,
    Measure,
    Phase,
    Plan,
    PlanSection,
    ReferenceItem,
    ReferenceList,
    ReportingCycle,
    TargetState,
    TermNote,
)
from projects.models import (
    Milestone,
    Placement,
    Project,
    ProjectAlias,
    ProjectDepartment,
    ProjectTag,
    Review,
    ScheduleEntry,
    Tag,
    TagScheme,
)

PASSWORD = "the-cast-knows-it"
LAST_YEAR, THIS_YEAR = 2024, 2025


@dataclass
class Cast:
    """Everybody and everything; made once per test by `make_cast`."""

    city: Organization
    other_city: Organization
    departments: dict[str, Department]
    people: dict[str, User]
    plan: Plan
    other_plan: Plan
    levels: dict[str, Level]
    marks: dict[str, Mark]
    phase: Phase
    measures: dict[str, Measure] = field(default_factory=dict)
    projects: dict[str, Project] = field(default_factory=dict)
    indicators: dict[str, Indicator] = field(default_factory=dict)
    last_cycle: ReportingCycle | None = None
    open_cycle: ReportingCycle | None = None
    tag: Tag | None = None

    def __getattr__(self, name: str) -> User:
        """`cast.editor`, `cast.outsider` … are the people."""
        people = self.__dict__.get("people", {})
        if name in people:
            return people[name]
        raise AttributeError(name)

    def indicator(self, key: str, **fields: Any) -> Indicator:
        """One more indicator of the city (an increasing plain count unless told otherwise)."""
        made = Indicator.objects.create(
            organization=self.city,
            key=key,
            **{"name": key, "direction": "increase", "unit": "件", **fields},
        )
        self.indicators[key] = made
        return made

    def use(self, indicator: Indicator, thing: Measure | Project, role: str = "kpi") -> None:
        place = {"project" if isinstance(thing, Project) else "measure": thing}
        IndicatorUse.objects.create(plan=self.plan, indicator=indicator, role=role, **place)

    def project(self, key: str, measure: Measure, department: str, **placement: Any) -> Project:
        """One more project, placed under a measure of the plan and led by a department."""
        made = Project.objects.create(organization=self.city, key=key, name=key)
        ProjectDepartment.objects.create(
            plan=self.plan, project=made, department=self.departments[department]
        )
        Placement.objects.create(
            plan=self.plan, measure=measure, project=made, **{"code": key, **placement}
        )
        self.projects[key] = made
        return made


def targets(indicator: Indicator, **values: str | int) -> None:
    """Targets by year: `targets(kpi, y2024=10)`."""
    for year, value in values.items():
        Target.objects.create(
            indicator=indicator, fiscal_year=int(year[1:]), value=Decimal(str(value))
        )


def actual(
    indicator: Indicator, fiscal_year: int, value: str | int | None, **fields: Any
) -> Actual:
    """An actual as it would be stored; with None only a status or a text."""
    number = None if value is None else Decimal(str(value))
    return Actual.objects.create(
        indicator=indicator, fiscal_year=fiscal_year, value=number, **fields
    )


def make_cast() -> Cast:
    city = Organization.objects.create(code="422029", name="佐世保市", kana="させぼし")
    other_city = Organization.objects.create(code="422053", name="大村市", kana="おおむらし")
    departments = _departments(city)
    plan = Plan.objects.create(
        organization=city,
        key="dx",
        name="DX戦略実行計画",
        edition="令和6年度",
        first_fiscal_year=2022,
        last_fiscal_year=2027,
        summary="まちと行政のデジタル化を進める計画です。",
    )
    other_plan = Plan.objects.create(
        organization=other_city,
        key="dx",
        name="大村市DX推進計画",
        first_fiscal_year=2022,
        last_fiscal_year=2025,
    )
    cast = Cast(
        city=city,
        other_city=other_city,
        departments=departments,
        people=_people(city, other_city, departments),
        plan=plan,
        other_plan=other_plan,
        levels={
            key: Level.objects.create(plan=plan, key=key, depth=depth, name=name)
            for depth, (key, name) in enumerate(
                [
                    ("pillar", "分野"),
                    ("area", "DX重点課題"),
                    ("issue", "課題"),
                    ("step", "ステップ"),
                ]
            )
        },
        marks={
            "on_schedule": Mark.objects.create(
                plan=plan, key="on_schedule", symbol="○", label="予定どおり", position=1
            ),
            "behind": Mark.objects.create(
                plan=plan, key="behind", symbol="△", label="遅れている", position=2, is_behind=True
            ),
        },
        phase=Phase.objects.create(
            plan=plan, key="R4-R9", name="R4～R9", first_fiscal_year=2022, last_fiscal_year=2027
        ),
    )
    _measures(cast)
    _projects(cast)
    _indicators(cast)
    _reviews(cast)
    _document(cast, cast.measures["観光"])
    _cycles(cast)
    _other_city(cast)
    return cast


def _departments(city: Organization) -> dict[str, Department]:
    made: dict[str, Department] = {}
    for position, (key, parent) in enumerate(
        [
            ("総務部", None),
            ("DX推進課", "総務部"),
            ("観光経済部", None),
            ("観光課", "観光経済部"),
            ("農水産課", "観光経済部"),
            ("教育委員会", None),
        ]
    ):
        made[key] = Department.objects.create(
            organization=city,
            key=key,
            name=key,
            parent=made[parent] if parent else None,
            position=position,
        )
    return made


def _people(
    city: Organization, other_city: Organization, departments: dict[str, Department]
) -> dict[str, User]:
    password = make_password(PASSWORD)
    made = {}
    for name, display_name, home, role, department in [
        ("editor", "江出 太郎", city, Role.EDITOR, "観光課"),
        ("approver", "承田 花子", city, Role.APPROVER, "観光経済部"),
        ("coordinator", "事務 局子", city, Role.COORDINATOR, None),
        ("viewer", "見田 次郎", city, Role.VIEWER, None),
        ("admin", "管理 三郎", city, Role.ADMIN, None),
        ("outsider", "外野 四郎", other_city, Role.COORDINATOR, None),
    ]:
        user = User.objects.create(
            username=name, display_name=display_name, organization=home, password=password
        )
        RoleAssignment.objects.create(
            user=user,
            role=role,
            organization=home,
            department=departments[department] if department else None,
        )
        made[name] = user
    return made


def _measures(cast: Cast) -> None:
    for position, (key, parent, level, code, name, short_name) in enumerate(
        [
            ("まちづくり", None, "pillar", "01", "まちづくり", ""),
            ("観光", "まちづくり", "area", "01", "スマートツーリズムの実現", "観光"),
            ("観光1", "観光", "issue", "1", "データにもとづく観光戦略", ""),
            ("観光1-1", "観光1", "step", "1", "データの取得と分析", ""),
            ("観光1-2", "観光1", "step", "2", "戦略の策定", ""),
            ("観光2", "観光", "issue", "2", "デジタルプロモーションの推進", ""),
            ("行政", None, "pillar", "02", "行政", ""),
            ("教育", "行政", "area", "02", "学びの環境づくり", "教育"),
            ("教育1", "教育", "issue", "1", "端末の活用", ""),
        ]
    ):
        cast.measures[key] = Measure.objects.create(
            plan=cast.plan,
            level=cast.levels[level],
            parent=cast.measures[parent] if parent else None,
            key=key,
            code=code,
            name=name,
            short_name=short_name,
            position=position,
        )
    cast.measures["教育"].source_note = "KPIの頁がない"
    cast.measures["教育"].save()
    TargetState.objects.create(
        measure=cast.measures["観光1"],
        phase=cast.phase,
        text="データをもとに観光戦略を立てている。",
    )


def _projects(cast: Cast) -> None:
    sns = cast.project("観光1-1-7", cast.measures["観光1-1"], "観光課", is_leading=True)
    sns.name, sns.summary = "ＳＮＳデータの分析", "SNSの投稿から観光客の関心を読み取る。"
    sns.save()
    ProjectAlias.objects.create(project=sns, name="SNSデータ", note="概要図")
    ProjectDepartment.objects.create(
        plan=cast.plan,
        project=sns,
        department=cast.departments["DX推進課"],
        position=2,
        and_others=True,
    )
    # 再掲 under another step, with the code of the project that follows: codes are not unique.
    Placement.objects.create(
        plan=cast.plan,
        measure=cast.measures["観光1-2"],
        project=sns,
        code="観光1-2-2",
        is_primary=False,
        is_repeat=True,
    )
    report = cast.project(
        "観光1-2-2",
        cast.measures["観光1-2"],
        "観光課",
        source_note="PID「観光1-2-2」が2つの事業に付されている",
    )
    report.name = "マーケティングレポート"
    report.save()
    tablet = cast.project("教育1-1", cast.measures["教育1"], "教育委員会")
    tablet.name = "学習用端末の更新"
    tablet.save()
    for year, planned, done in [
        (2022, "study", "study"),
        (2023, "build", "study"),
        (2024, "build", "build"),
        (2025, "operate", ""),
    ]:
        ScheduleEntry.objects.create(project=sns, fiscal_year=year, planned=planned, actual=done)
    scheme = TagScheme.objects.create(
        organization=cast.city, key="national", name="国の重点取組事項", version="2024"
    )
    cast.tag = Tag.objects.create(scheme=scheme, key="front", name="フロントヤード改革")
    ProjectTag.objects.create(tag=cast.tag, project=sns, measure=cast.measures["観光1-1"])


def _indicators(cast: Cast) -> None:
    tourism = cast.departments["観光課"]
    plans_made = cast.indicator("立案数", name="データを活用した事業立案数", department=tourism)
    cast.use(plans_made, cast.measures["観光1"])
    targets(plans_made, y2023=5, y2024=6, y2025=7, y2026=8, y2027=8)
    actual(plans_made, 2023, 7)
    actual(plans_made, 2024, 6, note="前年度並み", state=Actual.State.FINAL)

    visitors = cast.indicator("来訪者", name="来訪者数", unit="人", department=tourism)
    cast.use(visitors, cast.measures["観光2"])
    targets(visitors, y2023=12000, y2024=15000, y2025=20000)
    actual(visitors, 2023, 11800)
    actual(visitors, 2024, 12345)

    complaints = cast.indicator(
        "苦情", name="苦情件数", direction="decrease", department=cast.departments["農水産課"]
    )
    cast.use(complaints, cast.measures["観光2"])
    targets(complaints, y2024=10, y2025=8)
    actual(complaints, 2024, 0)

    rate = cast.indicator(
        "満足度", name="満足度", unit="%", decimals=1, aggregation="rate", department=tourism
    )
    cast.use(rate, cast.projects["観光1-1-7"], "activity")
    cast.use(rate, cast.measures["観光1"], "outcome")
    targets(rate, y2024="80.0", y2025="81.5")
    actual(rate, 2023, None, status=ValueStatus.NOT_APPLICABLE)
    actual(rate, 2024, None, status=ValueStatus.NOT_YET)

    printed = cast.indicator("印字のみ", name="研修の回数", unit="回", department=tourism)
    cast.use(printed, cast.projects["観光1-2-2"], "activity")
    targets(printed, y2024=3)
    actual(printed, 2024, None, status=ValueStatus.UNSTATED, raw_text="-")

    unheard = cast.indicator(
        "未入力", name="端末の更新台数", unit="台", department=cast.departments["教育委員会"]
    )
    cast.use(unheard, cast.projects["教育1-1"], "activity")
    targets(unheard, y2025=100)


def _reviews(cast: Cast) -> None:
    on_schedule, behind = cast.marks["on_schedule"], cast.marks["behind"]
    for key, year, planned, mark, texts in [
        ("観光", 2024, None, None, {"summary": "分析の精度が上がった。"}),
        ("観光1", 2023, on_schedule, on_schedule, {"result": "準備を終えた。"}),
        ("観光1", 2024, on_schedule, on_schedule, {"goal": "検証する。", "result": "検証した。"}),
        (
            "観光2",
            2024,
            on_schedule,
            behind,
            {"delay_reason": "契約が遅れた。", "effect": "影響は小さい。"},
        ),
    ]:
        Review.objects.create(
            plan=cast.plan,
            measure=cast.measures[key],
            fiscal_year=year,
            planned_mark=planned,
            mark=mark,
            **texts,
        )


def _document(cast: Cast, measure: Measure, mark: str = "") -> None:
    """What a plan says beside its tree, each with its place at the measure."""
    plan = cast.plan
    section = PlanSection.objects.create(plan=plan, key=f"背景{mark}", title=f"背景{mark}")
    references = ReferenceList.objects.create(
        plan=plan,
        key=f"調査{mark}",
        measure=measure,
        title=f"観光客の調査{mark}",
        as_of="令和4年3月",
    )
    ReferenceItem.objects.create(
        reference_list=references, label="再び訪れた人", value=68, unit="%", raw_text="約68%"
    )
    Correspondence.objects.create(
        plan=plan, table=f"国の施策{mark}", theirs="観光DX", ours="観光", measure=measure
    )
    term = GlossaryTerm.objects.create(plan=plan, term=f"ＤＭＯ{mark}", text="観光地域づくり法人")
    TermNote.objects.create(term=term, mark="※1", measure=measure)
    TermNote.objects.create(term=term, position=2, mark="※2", section=section, text="観光の法人")
    Milestone.objects.create(
        measure=measure,
        position=measure.milestones.count() + 1,
        label="R5～",
        first_fiscal_year=2023,
        text=f"分析の拡充{mark}",
    )


def _cycles(cast: Cast) -> None:
    now = timezone.now()
    cast.last_cycle = ReportingCycle.objects.create(
        plan=cast.plan, fiscal_year=LAST_YEAR, state=ReportingCycle.State.PUBLISHED
    )
    cast.open_cycle = ReportingCycle.objects.create(
        plan=cast.plan,
        fiscal_year=THIS_YEAR,
        state=ReportingCycle.State.OPEN,
        opens_at=now - datetime.timedelta(days=20),
        closes_at=now + datetime.timedelta(days=10),
    )


def _other_city(cast: Cast) -> None:
    """What nobody of the first city may ever see."""
    level = Level.objects.create(plan=cast.other_plan, key="policy", depth=0, name="基本方針")
    cast.measures["他市"] = Measure.objects.create(
        plan=cast.other_plan, level=level, key="1", name="他市の基本方針"
    )
    cast.projects["他市"] = Project.objects.create(
        organization=cast.other_city, key="1", name="他市の事業"
    )
    Placement.objects.create(
        plan=cast.other_plan, measure=cast.measures["他市"], project=cast.projects["他市"]
    )
    cast.indicators["他市"] = Indicator.objects.create(
        organization=cast.other_city, key="1", name="他市の指標", direction="increase"
    )
    IndicatorUse.objects.create(
        plan=cast.other_plan,
        indicator=cast.indicators["他市"],
        measure=cast.measures["他市"],
        role="kpi",
    )
    targets(cast.indicators["他市"], y2024=1)
    actual(cast.indicators["他市"], 2024, 1)


def grow(cast: Cast, size: int) -> None:
    """So many more issues, projects and indicators, each with everything that pages show.

    For query budgets: a page must need the same number of queries however large this is.
    """
    years = range(2022, 2027)
    mark, behind = cast.marks["on_schedule"], cast.marks["behind"]
    for number in range(size):
        issue = Measure.objects.create(
            plan=cast.plan,
            level=cast.levels["issue"],
            parent=cast.measures["観光"],
            key=f"増{number}",
            code=str(number + 3),
            name=f"増えた課題{number}",
            position=100 + number,
        )
        TargetState.objects.create(measure=issue, phase=cast.phase, text="よくなっている。")
        _document(cast, cast.measures["観光"], mark=f"{number}")
        Review.objects.create(
            plan=cast.plan,
            measure=issue,
            fiscal_year=LAST_YEAR,
            planned_mark=mark,
            mark=behind if number % 3 == 0 else mark,
        )
        project = cast.project(f"増{number}", issue, "観光課", is_leading=number % 4 == 0)
        Placement.objects.create(
            plan=cast.plan, measure=cast.measures["観光2"], project=project, is_primary=False
        )
        ProjectAlias.objects.create(project=project, name=f"別名{number}")
        ProjectTag.objects.create(tag=cast.tag, project=project, measure=issue)
        ScheduleEntry.objects.bulk_create(
            ScheduleEntry(project=project, fiscal_year=year, planned="build") for year in years
        )
        for role, thing in (("kpi", issue), ("activity", project)):
            indicator = cast.indicator(f"増{role}{number}", department=cast.departments["観光課"])
            cast.use(indicator, thing, role)
            Target.objects.bulk_create(
                Target(indicator=indicator, fiscal_year=year, value=10 + number) for year in years
            )
            Actual.objects.bulk_create(
                Actual(indicator=indicator, fiscal_year=year, value=8 + number % 5)
                for year in years
                if year <= LAST_YEAR
            )
