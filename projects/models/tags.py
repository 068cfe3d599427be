"""Tags in versioned schemes: the national lists change, so they are data and never an enum."""

from django.core.exceptions import ValidationError
from django.db import models

from accounts.models import Organization
from plans.models import Measure
from projects.models.projects import Project
from projects.querysets import TagQuerySet, TagSchemeQuerySet


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


class Tag(models.Model):
    """A tag, and the measures and projects that carry it."""

    scheme = models.ForeignKey(
        TagScheme, models.CASCADE, related_name="tags", verbose_name="タグ体系"
    )
    key = models.CharField("識別子", max_length=50)
    name = models.CharField("名称", max_length=100)
    position = models.PositiveIntegerField("並び順", default=0)
    measures = models.ManyToManyField(Measure, blank=True, related_name="tags", verbose_name="施策")
    projects = models.ManyToManyField(Project, blank=True, related_name="tags", verbose_name="事業")

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
