"""The base of all list pages: filter, sort, page, export. Views declare, this acts.

A list page includes its own results partial (`results_template`); htmx fetches that partial
alone, and without JavaScript the same address gives the whole page.
"""

from collections.abc import Iterable
from typing import Any, ClassVar

from django import forms
from django.core.paginator import Page, Paginator
from django.db import models
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.generic import View

from accounts.models import Department, User
from accounts.policy import scope_of
from plans.exports import CP932, ENCODINGS, CannotEncode, Exporter
from plans.filters import PortalFilterSet
from plans.models import Measure, Plan


class ListPage(View):
    """One list. Subclasses declare; `visible_to` is asked here and nowhere else."""

    http_method_names = ["get", "head", "options"]

    model: ClassVar[type[models.Model]]
    filterset_class: ClassVar[type[PortalFilterSet]]
    template_name: ClassVar[str]
    results_template: ClassVar[str]
    title: ClassVar[str]
    exporters: ClassVar[dict[str, type[Exporter]]] = {}
    # The filters that the form shows, in this order; the address may carry any other one.
    shown_filters: ClassVar[tuple[str, ...]] = ("q",)
    # Further tables that the list can be saved as: label and name in `exporters`.
    downloads: ClassVar[tuple[tuple[str, str], ...]] = ()
    # What yes and no of a boolean filter are called.
    boolean_words: ClassVar[dict[str, tuple[tuple[str, str], ...]]] = {}
    # With fewer rows than this to choose from, a filter is left out of the form.
    least_choices: ClassVar[dict[str, int]] = {"plan": 2, "tag": 1}
    page_size: ClassVar[int] = 50

    user: User
    plan: Plan | None = None

    def get(self, request: HttpRequest) -> HttpResponse:
        assert isinstance(request.user, User)  # the sign-in middleware lets nobody else in
        self.user = request.user
        self.prepare()
        filterset = self.filterset_class(
            self.filter_data(),
            self.ordered(self.model.objects.visible_to(self.user)),  # type: ignore[attr-defined]
            request=request,
        )
        rows = filterset.qs if filterset.is_valid() else filterset.queryset.none()
        if file_format := request.GET.get("format"):
            return self.export(filterset, rows, file_format)
        page = Paginator(self.for_page(rows), self.page_size).get_page(request.GET.get("page"))
        self.dress(filterset.form)
        context = {
            "title": self.title,
            "filter": filterset,
            "page_obj": page,
            "rows": self.rows_of(page),
            "plan": self.plan,
            "downloads": self.downloads,
            "results_template": self.results_template,
            "is_filtered": any(
                self.request.GET.get(name) for name in self.filterset_class.base_filters
            ),
            **self.extra_context(page),
        }
        is_part = request.htmx and not request.htmx.history_restore_request  # type: ignore[attr-defined]
        response = render(
            request, self.results_template if is_part else self.template_name, context
        )
        response["Vary"] = "HX-Request"
        return response

    # What subclasses may say more about

    def prepare(self) -> None:
        """Find out what the page is about (plan, year) before anything is filtered."""

    def filter_data(self) -> Any:
        return self.request.GET

    def ordered(self, queryset: QuerySet) -> QuerySet:
        return queryset

    def for_page(self, queryset: QuerySet) -> QuerySet:
        """Fetch in advance what one page of rows shows."""
        return queryset

    def for_export(self, queryset: QuerySet) -> QuerySet:
        return self.for_page(queryset)

    def rows_of(self, page: Page) -> Iterable[Any]:
        return page.object_list

    def export_rows(self, name: str, queryset: QuerySet) -> Iterable[Any]:
        return queryset

    def export_context(self) -> dict[str, Any]:
        return {}

    def extra_context(self, page: Page) -> dict[str, Any]:
        return {}

    def dress(self, form: forms.Form) -> None:
        """Leave the shown filters, in their order; others stay in the address, hidden.

        Called after the form was validated, so nothing that is taken out goes unchecked.
        """
        for name in list(form.fields):
            if name in self.shown_filters:
                continue
            if name != "ordering" and self.request.GET.get(name):
                form.fields[name].widget = forms.HiddenInput()
            else:
                del form.fields[name]
        form.order_fields(self.shown_filters)
        for name, least in self.least_choices.items():
            self._offer_rows(form, name, least)
        if "measure" in self.shown_filters and self.plan is not None:
            chosen = getattr(form, "cleaned_data", {}).get("measure")
            form.fields["measure"].widget.choices = measure_choices(self.plan, chosen)  # type: ignore[attr-defined]
        if "department" in self.shown_filters:
            form.fields["department"].widget.choices = department_choices(self.user)  # type: ignore[attr-defined]
        for name, words in self.boolean_words.items():
            form.fields[name].widget.choices = [("", "すべて"), *words]  # type: ignore[attr-defined]

    def _offer_rows(self, form: forms.Form, name: str, least: int) -> None:
        if name not in form.fields:
            return
        rows = list(form.fields[name].queryset)  # type: ignore[attr-defined]
        if len(rows) >= least:
            choices = [("", "すべて"), *((row.pk, str(row)) for row in rows)]
            form.fields[name].widget.choices = choices  # type: ignore[attr-defined]
        elif self.request.GET.get(name):
            form.fields[name].widget = forms.HiddenInput()
        else:
            del form.fields[name]

    def export(self, filterset: PortalFilterSet, rows: QuerySet, file_format: str) -> HttpResponse:
        name = self.request.GET.get("export", "list")
        encoding = self.request.GET.get("encoding", "utf-8")
        if (
            not filterset.is_valid()
            or name not in self.exporters
            or file_format not in ("csv", "xlsx")
            or encoding not in ENCODINGS
        ):
            raise Http404("この形式では書き出せません。")
        found = self.export_rows(name, self.for_export(rows))
        exporter = self.exporters[name](found, **self.export_context())
        try:
            return exporter.file(file_format, encoding).response()
        except CannotEncode as error:
            context = {"title": exporter.title, "uncarried": error.uncarried, "encoding": CP932}
            return render(self.request, "plans/cannot_encode.html", context, status=422)


Choices = list[tuple[str | int, str]]
INDENT = "\N{IDEOGRAPHIC SPACE}"


def measure_choices(plan: Plan, chosen: Measure | None) -> Choices:
    """The plan's measures as an indented list; a chosen one of another plan stays choosable."""
    rows = list(Measure.objects.in_trees_of([plan.pk]))
    choices: Choices = [("", "すべて")]
    choices += [(row.pk, INDENT * row.tree_depth + str(row)) for row in rows]
    if chosen is not None and chosen.plan_id != plan.pk:
        choices.append((chosen.pk, str(chosen)))
    return choices


def department_choices(user: User) -> Choices:
    rows = Department.objects.visible_to(user).in_trees_of(scope_of(user).organization_ids)
    return [("", "すべて"), *((row.pk, INDENT * row.tree_depth + str(row)) for row in rows)]
