"""What is searched: each kind with its rows, its columns, and where a hit leads."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse

from accounts.models import Department
from kpi.models import Indicator
from plans.models import GlossaryTerm, ItemComment, Measure, Plan, PlanSection
from projects.models import Project, Review, Tag

OVER_PLANS = ("placements__", "uses__")


@dataclass(frozen=True)
class Kind:
    """A kind of row: `columns` are searched and shown, `paths` over relations searched alone.

    A hit in `codes` comes before one in `names`, and that before one in a text.
    """

    key: str
    label: str
    rows: Callable[[Any], QuerySet]
    columns: tuple[str, ...]
    title: Callable[[Any], str]
    link: Callable[[Any], str]
    where: Callable[[Any], str]
    paths: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    names: tuple[str, ...] = ()

    def within_plans(self) -> "Kind":
        """Without what leads over rows of any plan: for tokens that open some plans only."""
        left = {
            name: tuple(path for path in getattr(self, name) if not path.startswith(OVER_PLANS))
            for name in ("paths", "codes", "names")
        }
        return replace(self, **left)


def _plan(row: Any) -> str:
    return str(row.plan)


def _city(row: Any) -> str:
    return str(row.organization)


def _review_link(row: Review) -> str:
    if row.measure_id:
        address = reverse("plans:measure", args=[row.measure_id])
    else:
        address = reverse("projects:detail", args=[row.project_id])
    return f"{address}?fiscal_year={row.fiscal_year}"


KINDS = (
    Kind(
        "plan",
        "計画",
        lambda user: Plan.objects.visible_to(user).select_related("organization"),
        ("name", "edition", "summary"),
        str,
        lambda row: reverse("plans:tree", args=[row.pk]),
        _city,
        codes=("key",),
        names=("name",),
    ),
    Kind(
        "measure",
        "施策",
        lambda user: Measure.objects.visible_to(user).select_related("plan", "level"),
        ("code", "name", "short_name", "description", "situation", "approach"),
        lambda row: f"{row.level.name} {row}",
        lambda row: reverse("plans:measure", args=[row.pk]),
        _plan,
        codes=("code",),
        names=("name", "short_name"),
    ),
    Kind(
        "project",
        "事業",
        lambda user: Project.objects.visible_to(user).select_related("organization"),
        ("name", "key", "summary"),
        str,
        lambda row: reverse("projects:detail", args=[row.pk]),
        _city,
        paths=("aliases__name", "placements__code", "placements__name", "placements__summary"),
        codes=("key", "placements__code"),
        names=("name", "aliases__name", "placements__name"),
    ),
    Kind(
        "indicator",
        "指標",
        lambda user: Indicator.objects.visible_to(user).select_related("organization"),
        ("name", "key", "formula", "rationale"),
        lambda row: row.shown_name,
        lambda row: reverse("kpi:indicator", args=[row.pk]),
        _city,
        codes=("key",),
        names=("name",),
    ),
    Kind(
        "review",
        "年度評価",
        lambda user: Review.objects.visible_to(user).select_related("plan", "measure", "project"),
        ("goal", "result", "delay_reason", "shortfall_reason", "effect", "summary"),
        str,
        _review_link,
        _plan,
    ),
    Kind(
        "comment",
        "照会のやりとり",
        lambda user: ItemComment.objects.visible_to(user).select_related("item__cycle__plan", "by"),
        ("text",),
        lambda row: str(row.item),
        lambda row: reverse("rounds:item", args=[row.item_id]),
        lambda row: str(row.item.cycle),
    ),
    Kind(
        "department",
        "部局",
        lambda user: Department.objects.visible_to(user).select_related("organization"),
        ("name",),
        str,
        lambda row: f"{reverse('projects:list')}?department={row.pk}",
        _city,
        names=("name",),
    ),
    Kind(
        "tag",
        "タグ",
        lambda user: Tag.objects.visible_to(user).select_related("scheme__organization"),
        ("name",),
        str,
        lambda row: f"{reverse('projects:list')}?tag={row.pk}",
        lambda row: str(row.scheme),
        names=("name",),
    ),
    Kind(
        "term",
        "用語",
        lambda user: GlossaryTerm.objects.visible_to(user).select_related("plan"),
        ("term", "reading", "text"),
        lambda row: row.term,
        lambda row: reverse("plans:document", args=[row.plan_id]),
        _plan,
        names=("term", "reading"),
    ),
    Kind(
        "section",
        "計画書の本文",
        lambda user: PlanSection.objects.visible_to(user).select_related("plan"),
        ("title", "text"),
        lambda row: f"{row.number} {row.title}".strip(),
        lambda row: reverse("plans:document", args=[row.plan_id]),
        _plan,
        names=("title",),
    ),
)
