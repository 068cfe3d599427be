"""The forms that ask for a plan's first edition, and for its next."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from accounts.models import Organization, User
from accounts.policy import Act, scope_of
from plans import fiscal_years
from plans.models import Level, Plan

# So many years may be added to the plan's period.
YEARS_TO_ADD = 10


class NewPlanForm(forms.ModelForm):
    """What a new plan is called, its years, and the levels of its tree."""

    level_names = forms.CharField(
        label="施策の階層",
        widget=forms.Textarea(attrs={"rows": 3}),
        initial="基本方針\n施策",
        help_text="上の階層から順に、1行に1つずつ書きます（例：分野、重点課題、ステップ）。"
        "あとから変えられます。",
    )

    class Meta:
        model = Plan
        fields = ("organization", "name", "edition", "first_fiscal_year", "last_fiscal_year", "key")
        labels = {"first_fiscal_year": "計画の開始年度", "last_fiscal_year": "計画の終了年度"}
        help_texts = {
            "edition": "版の名前があるときに書きます（例：第1版、令和8年度改定）。",
            "key": "計画ブックやAPIで計画を見分けるための文字です（例：dx-plan）。"
            "あとから変えないでください。",
        }

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        managed = scope_of(user).organizations.get(Act.MANAGE, frozenset())
        organization = self.fields["organization"]
        organization.queryset = Organization.objects.visible_to(user).filter(pk__in=managed)
        organization.empty_label = None
        organization.initial = user.organization_id if user.organization_id in managed else None
        if len(managed) == 1:
            organization.widget = forms.HiddenInput()
            organization.initial = next(iter(managed))
        this_year = fiscal_years.current_fiscal_year()
        years = range(this_year - YEARS_TO_ADD, this_year + YEARS_TO_ADD + 1)
        choices = [(year, fiscal_years.both_form(year)) for year in years]
        for name, year in (("first_fiscal_year", this_year), ("last_fiscal_year", this_year + 4)):
            label = self.fields[name].label
            self.fields[name] = forms.TypedChoiceField(
                label=label, coerce=int, choices=choices, initial=year
            )

    def clean_level_names(self) -> list[str]:
        names = [line.strip() for line in self.cleaned_data["level_names"].splitlines()]
        longest = Level._meta.get_field("name").max_length
        if any(len(name) > longest for name in names):
            raise ValidationError(f"階層の名前は{longest}文字までにしてください。")
        return [name for name in names if name]


class RevisionForm(forms.Form):
    """What a revision is called and from when it applies."""

    name = forms.CharField(label="計画名", max_length=200)
    edition = forms.CharField(
        label="版",
        max_length=100,
        help_text="前の版と見分けるための名前です（例：令和8年度改定、第2版）。",
    )
    applies_from = forms.TypedChoiceField(
        label="適用を始める年度",
        coerce=int,
        help_text="この年度からの照会と報告書は、改定後の計画で行います。前の年度までの実績と評価は、"
        "改定前の計画に残ります。",
    )
    last_fiscal_year = forms.TypedChoiceField(
        label="計画の終了年度",
        coerce=int,
        help_text="改定で期間を延ばすときに変えます。",
    )
    key = forms.CharField(
        label="識別子",
        max_length=100,
        help_text="計画ブックやAPIで計画を見分けるための文字です。あとから変えないでください。",
    )

    def __init__(self, plan: Plan, *args: Any, **kwargs: Any) -> None:
        self.plan = plan
        super().__init__(*args, **kwargs)
        last = plan.last_fiscal_year
        first = max(plan.first_fiscal_year, plan.applies_from or 0)
        self._offer("applies_from", range(first, last + 1))
        self._offer("last_fiscal_year", range(plan.first_fiscal_year, last + YEARS_TO_ADD + 1))
        next_year = min(fiscal_years.current_fiscal_year() + 1, last)
        self.initial = {
            "name": plan.name,
            "edition": f"{fiscal_years.long_form(next_year)}改定",
            "applies_from": next_year,
            "last_fiscal_year": last,
            "key": f"{plan.key}-rev{next_year}",
        } | self.initial

    def _offer(self, name: str, years: range) -> None:
        self.fields[name].choices = [(year, fiscal_years.both_form(year)) for year in years]

    def clean_key(self) -> str:
        key: str = self.cleaned_data["key"]
        if Plan.objects.filter(organization_id=self.plan.organization_id, key=key).exists():
            raise ValidationError("この識別子は、ほかの計画で使われています。")
        return key
