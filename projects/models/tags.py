"""Tags in versioned schemes: the national lists change, so they are data and never an enum."""

from django.core.exceptions import ValidationError
from django.db import models

from accounts.models import Organization
from accounts.versions import Versioned
from plans.models import Measure
from projects.models.projects import Project
from projects.querysets import AtMeasure, TagQuerySet, TagSchemeQuerySet


class TagScheme(models.Model):
    """A list of tags in one version (国の重点取組事項 2024 …)."""

    organization = models.ForeignKey(
        Organization, models.CASCADE, related_name="tag_schemes", verbose_name="団体"
    )
    key = models.CharField("識別子", max_length=50)
    name = models.CharField("名称", max_length=100)
    version = models.CharField("版", max_length=50, blank=True)

    objects = TagSchemeQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "タグ体系"
        ordering = ["organization", "key", "version"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "key", "version"], name="tag_scheme_unique"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name}（{self.version}）" if self.version else self.name


class Tag(Versioned):
    """A tag, and the measures and projects that carry it."""

    scheme = models.ForeignKey(
        TagScheme, models.CASCADE, related_name="tags", verbose_name="タグ体系"
    )
    key = models.CharField("識別子", max_length=50)
    name = models.CharField("名称", max_length=100)
    position = models.PositiveIntegerField("並び順", default=0)
    measures = models.ManyToManyField(Measure, blank=True, related_name="tags", verbose_name="施策")
    projects = models.ManyToManyField(
        Project, through="ProjectTag", related_name="tags", verbose_name="事業"
    )

    objects = TagQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "タグ"
        ordering = ["scheme", "position", "name"]
        constraints = [models.UniqueConstraint(fields=["scheme", "key"], name="tag_key_unique")]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        super().clean()
        if not self.name.strip():
            raise ValidationError({"name": "タグの名称を入れてください。"})
        same_key = Tag.objects.filter(
            scheme__organization_id=self.scheme.organization_id, key=self.key
        ).exclude(pk=self.pk)
        if same_key.exclude(scheme=self.scheme).exists():
            # A plan book names tags by their key alone.
            raise ValidationError({"key": "この識別子は、ほかのタグ体系で使われています。"})


class ProjectTag(Versioned):
    """A tag on a project where it stands in a plan, on all of it or on a named part."""

    tag = models.ForeignKey(Tag, models.CASCADE, related_name="project_links", verbose_name="タグ")
    project = models.ForeignKey(
        Project, models.CASCADE, related_name="tag_links", verbose_name="事業"
    )
    measure = models.ForeignKey(
        Measure, models.CASCADE, related_name="project_tag_links", verbose_name="掲載先の施策"
    )
    part = models.CharField(
        "該当する部分", max_length=200, blank=True, help_text="空欄は事業の全体です。"
    )
    source_note = models.TextField("出典注記", blank=True)

    objects = AtMeasure.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "事業のタグ"
        ordering = ["tag", "project", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["tag", "project", "measure", "part"], name="project_tag_unique"
            )
        ]

    def __str__(self) -> str:
        return f"{self.project}：{self.tag}"

    def clean(self) -> None:
        super().clean()
        if self.tag.scheme.organization_id != self.project.organization_id:
            raise ValidationError({"tag": "タグは事業と同じ団体のものを選んでください。"})
