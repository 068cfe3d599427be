"""Forms of the pages that span the apps."""

from typing import Any

from django import forms
from django.db.models import Max

from accounts.models import User
from accounts.policy import Act, scope_of
from dxportal.models import ReportJob, ReportTemplate
from kpi.models import Actual
from plans import fiscal_years
from plans.models import Plan


class ReportForm(forms.Form):
    """What report to build; offers only plans that the person may manage."""

    plan = forms.ModelChoiceField(Plan.objects.none(), label="計画", empty_label=None)
    fiscal_year = forms.TypedChoiceField(label="年度", coerce=int)
    template = forms.ModelChoiceField(
        ReportTemplate.objects.none(),
        label="ひな形",
        required=False,
        empty_label="標準の章立て",
    )
    format = forms.MultipleChoiceField(
        label="形式",
        choices=ReportJob.Format,
        initial=[ReportJob.Format.PDF],
        widget=forms.CheckboxSelectMultiple,
        help_text="いくつでも選べます。同じ時点の内容で作成します。",
    )

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        organizations = scope_of(user).organizations.get(Act.MANAGE, frozenset())
        plans = Plan.objects.visible_to(user).filter(organization_id__in=organizations)
        self.plans = list(plans.select_related("organization"))
        self.fields["plan"].queryset = plans
        templates = ReportTemplate.objects.visible_to(user)
        self.fields["template"].queryset = templates.filter(organization_id__in=organizations)
        years = sorted({year for plan in self.plans for year in plan.fiscal_years}, reverse=True)
        self.fields["fiscal_year"].choices = [
            (year, fiscal_years.both_form(year)) for year in years
        ]
        if self.plans:
            in_force = [plan for plan in self.plans if plan.status == Plan.Status.ACTIVE]
            first = (in_force or self.plans)[0]
            self.initial.setdefault("plan", first.pk)
            self.initial.setdefault("fiscal_year", _newest_year(first))

    @property
    def is_offered(self) -> bool:
        """Whether the person may build any report at all."""
        return bool(self.plans)


def _newest_year(plan: Plan) -> int:
    """The last fiscal year of the plan for which there is an actual."""
    newest = Actual.objects.filter(
        indicator__uses__plan=plan,
        kind=Actual.Kind.ACTUAL,
        fiscal_year__range=(plan.first_fiscal_year, plan.last_fiscal_year),
    ).aggregate(year=Max("fiscal_year"))["year"]
    return newest if newest is not None else plan.last_fiscal_year
