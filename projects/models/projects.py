"""Projects (事業): they belong to the organization and may stand in several of its plans."""

from collections.abc import Callable, Iterable

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q

from accounts.models import Department, DepartmentSuccession, Organization
from accounts.versions import Versioned
from plans.models import Plan
from plans.models.plan import fiscal_year_field
from plans.querysets import OfPlan
from projects.querysets import OfProject, ProjectQuerySet, ProjectSuccessionQuerySet


class Project(Versioned):
    """A project of an organization."""

    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="projects", verbose_name="団体"
    )
    key = models.CharField("識別子", max_length=100)
    name = models.CharField("事業名", max_length=200)
    summary = models.TextField("概要", blank=True)
    departments = models.ManyToManyField(
        Department, through="ProjectDepartment", related_name="projects", verbose_name="所管課"
    )
    parent = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="variants",
        verbose_name="親の事業",
        help_text="大きな事業の内訳のとき（例：まちづくり活動推進事業の一つ）。",
    )
    first_fiscal_year = fiscal_year_field("開始年度", null=True, blank=True)
    last_fiscal_year = fiscal_year_field("終了年度", null=True, blank=True)
    source_note = models.TextField("出典注記", blank=True)

    objects = ProjectQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "事業"
        ordering = ["organization", "key"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "key"], name="project_key_unique"),
            models.CheckConstraint(
                condition=Q(first_fiscal_year__isnull=True)
                | Q(last_fiscal_year__isnull=True)
                | Q(last_fiscal_year__gte=F("first_fiscal_year")),
                name="project_years_in_order",
                violation_error_message="終了年度は開始年度以後にしてください。",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def runs_in(self, fiscal_year: int) -> bool:
        """Whether the year lies within the project's own years, as far as they are stated."""
        first = self.first_fiscal_year or fiscal_year
        last = self.last_fiscal_year or fiscal_year
        return first <= fiscal_year <= last

    @property
    def department_names(self) -> str:
        """The departments in their order, each once, with 「ほか」 where a document says so.

        Those of every plan that the project stands in, unless the links were fetched for one
        plan alone (`ProjectDepartment.named_by`).
        """
        return joined_departments(self.department_links.all(), lambda department: department.name)

    @property
    def department_labels(self) -> str:
        """As `department_names`, with the names of today for pages that people read."""
        return joined_departments(self.department_links.all(), lambda department: department.label)


def joined_departments(
    links: Iterable["ProjectDepartment"], named: Callable[[Department], str]
) -> str:
    """The departments in their order, each once, with 「ほか」 where a document says so."""
    found = list(links)
    names = list(dict.fromkeys(named(link.department) for link in found))
    if any(link.and_others for link in found):
        names.append("ほか")
    return "、".join(names)


class ProjectDepartment(Versioned):
    """A department that a plan names as in charge of a project; the first one leads.

    Kept by plan, because the same project stands in plans of different years under departments
    that were reorganised in between.
    """

    plan = models.ForeignKey(
        Plan, models.CASCADE, related_name="project_departments", verbose_name="計画"
    )

    project = models.ForeignKey(
        Project, models.CASCADE, related_name="department_links", verbose_name="事業"
    )
    department = models.ForeignKey(
        Department, models.PROTECT, related_name="project_links", verbose_name="所管課"
    )
    position = models.PositiveIntegerField("並び順", default=1)
    and_others = models.BooleanField("「ほか」と記載", default=False)

    objects = OfPlan.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "所管課"
        ordering = ["plan", "position", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["plan", "project", "department"], name="project_department_unique"
            )
        ]

    def __str__(self) -> str:
        return f"{self.project}：{self.department}"

    @classmethod
    def named_by(cls, plan: Plan, path: str = "") -> models.Prefetch:
        """Fetch the departments that this plan names; `path` leads to the project (`project__`)."""
        return models.Prefetch(f"{path}department_links", cls._labelled().filter(plan=plan))

    @classmethod
    def named_anywhere(cls) -> models.Prefetch:
        """Fetch the departments that any plan names."""
        return models.Prefetch("department_links", cls._labelled().select_related("plan"))

    @classmethod
    def _labelled(cls) -> models.QuerySet:
        fetched = DepartmentSuccession.fetched("department__")
        return cls.objects.select_related("department").prefetch_related(fetched)

    def clean(self) -> None:
        super().clean()
        if self.department.organization_id != self.project.organization_id:
            raise ValidationError({"department": "所管課は事業と同じ団体のものにしてください。"})


class ProjectAlias(Versioned):
    """Another name under which the project stands in a document."""

    project = models.ForeignKey(
        Project, models.CASCADE, related_name="aliases", verbose_name="事業"
    )
    name = models.CharField("別名", max_length=200)
    note = models.CharField("どこで", max_length=200, blank=True)

    objects = OfProject.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "事業の別名"
        ordering = ["project", "name"]
        constraints = [
            models.UniqueConstraint(fields=["project", "name"], name="project_alias_unique")
        ]

    def __str__(self) -> str:
        return self.name


class ProjectSuccession(Versioned):
    """A project that continues another one: renamed, merged or split."""

    predecessor = models.ForeignKey(
        Project, models.CASCADE, related_name="successions", verbose_name="前の事業"
    )
    successor = models.ForeignKey(
        Project, models.CASCADE, related_name="predecessions", verbose_name="後の事業"
    )
    fiscal_year = fiscal_year_field("引継年度")
    note = models.CharField("内容", max_length=200, blank=True)

    objects = ProjectSuccessionQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "事業の承継"
        constraints = [
            models.UniqueConstraint(
                fields=["predecessor", "successor"], name="project_succession_unique"
            ),
            models.CheckConstraint(
                condition=~Q(predecessor=F("successor")), name="project_succession_not_itself"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.predecessor} → {self.successor}"

    def clean(self) -> None:
        super().clean()
        if self.predecessor.organization_id != self.successor.organization_id:
            raise ValidationError("承継は同じ団体の事業の間に限ります。")
