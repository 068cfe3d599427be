"""Forms of reports: composing a template, publishing, withdrawing, and comparing."""

from typing import Any

from django import forms
from django.http import QueryDict

from accounts.models import Organization, User
from accounts.policy import Act, scope_of
from dxportal.models import ReportSnapshot, ReportTemplate
from dxportal.reports.design import Chosen, CoverWords, Design
from dxportal.reports.sections import BY_KEY, SECTIONS, SectionKind
from dxportal.reports.templates import design_of
from plans.models import Plan

COVER_FIELDS = ("title", "subtitle", "form_number", "document_number", "as_of", "foreword")


class TemplateForm(forms.Form):
    """A template's name, where it may be used, and the words of its cover."""

    name = forms.CharField(label="ひな形の名称", max_length=100)
    organization = forms.ModelChoiceField(
        Organization.objects.none(), label="団体", empty_label=None
    )
    plan = forms.ModelChoiceField(
        Plan.objects.none(), label="計画", required=False, empty_label="どの計画でも使う"
    )
    title = forms.CharField(
        label="表題",
        required=False,
        max_length=200,
        help_text="空欄は「○年度年次報告書」です。"
        "{年度} と書くと、報告の年度（令和6年度など）に置き換わります。",
    )
    subtitle = forms.CharField(label="副題", required=False, max_length=200)
    form_number = forms.CharField(
        label="様式番号", required=False, max_length=50, help_text="例：様式第3号"
    )
    document_number = forms.CharField(
        label="資料番号", required=False, max_length=50, help_text="例：資料1"
    )
    as_of = forms.CharField(
        label="時点",
        required=False,
        max_length=100,
        help_text="例：令和7年5月31日現在。",
    )
    foreword = forms.CharField(
        label="はじめに",
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="入れると、表紙の次のページに載ります。",
    )

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        organizations = scope_of(user).organizations.get(Act.MANAGE, frozenset())
        offered = Organization.objects.visible_to(user).filter(pk__in=organizations)
        self.fields["organization"].queryset = offered
        plans = Plan.objects.visible_to(user).filter(organization_id__in=organizations)
        self.fields["plan"].queryset = plans
        if len(organizations) == 1:
            self.fields["organization"].widget = forms.HiddenInput()
            self.initial.setdefault("organization", next(iter(organizations)))

    def cover(self) -> CoverWords:
        return CoverWords(**{name: self.cleaned_data.get(name, "") for name in COVER_FIELDS})

    @staticmethod
    def initial_of(template: ReportTemplate) -> dict[str, Any]:
        cover = design_of(template).cover
        return {
            "name": template.name,
            "organization": template.organization_id,
            "plan": template.plan_id,
            **{name: getattr(cover, name) for name in COVER_FIELDS},
        }


class SectionLine:
    """One chosen section on the page, with its options as they stand."""

    def __init__(self, number: int, chosen: Chosen, count: int) -> None:
        self.number, self.chosen = number, chosen
        self.kind: SectionKind = BY_KEY[chosen.section]
        self.is_first, self.is_last = number == 0, number == count - 1

    # The values of its buttons, as `read_sections` reads them.
    @property
    def up(self) -> str:
        return f"up:{self.number}"

    @property
    def down(self) -> str:
        return f"down:{self.number}"

    @property
    def remove(self) -> str:
        return f"remove:{self.number}"

    @property
    def options(self) -> list[tuple[Any, str]]:
        return [
            (option, self.kind.option(self.chosen, option.name)) for option in self.kind.options
        ]


def lines_of(sections: tuple[Chosen, ...]) -> list[SectionLine]:
    known = [row for row in sections if row.section in BY_KEY]
    return [SectionLine(number, row, len(known)) for number, row in enumerate(known)]


def focused_button(act: str, lines: list[SectionLine]) -> str:
    """The button on which a person goes on after `act`: the same one of the section that moved."""
    name, _, what = act.partition(":")
    if not lines or name not in ("up", "down", "remove", "add"):
        return ""
    at = int(what) if what.isdecimal() else len(lines) - 1
    at += {"up": -1, "down": 1}.get(name, 0)
    line = lines[max(0, min(at, len(lines) - 1))]
    if name == "remove":
        return line.remove
    can_go_on = not line.is_last if name == "down" else not line.is_first
    if can_go_on:
        return line.down if name == "down" else line.up
    return line.up if name == "down" else line.down


def sections_in_words(sections: tuple[Chosen, ...]) -> str:
    """The sections in their order, each with its options."""
    said = []
    for line in lines_of(sections):
        options = (dict(option.choices)[value] for option, value in line.options)
        chosen = "・".join(options)
        said.append(f"{line.kind.label}（{chosen}）" if chosen else line.kind.label)
    return " → ".join(said)


def not_chosen(sections: tuple[Chosen, ...]) -> list[SectionKind]:
    there = {row.section for row in sections}
    return [kind for kind in SECTIONS if kind.key not in there]


def read_sections(data: QueryDict) -> tuple[Chosen, ...]:
    """The sections as the page sent them, with the move, removal or addition that was asked for."""
    rows = [_read_section(data, number, key) for number, key in enumerate(data.getlist("section"))]
    rows = [row for row in rows if row.section in BY_KEY]
    act, _, what = data.get("act", "").partition(":")
    at = int(what) if what.isdecimal() else -1
    if act == "up" and 0 < at < len(rows):
        rows[at - 1], rows[at] = rows[at], rows[at - 1]
    elif act == "down" and 0 <= at < len(rows) - 1:
        rows[at + 1], rows[at] = rows[at], rows[at + 1]
    elif act == "remove" and 0 <= at < len(rows):
        del rows[at]
    elif act == "add" and data.get("added") in BY_KEY:
        rows.append(Chosen(data["added"]))
    return tuple(rows)


def _read_section(data: QueryDict, number: int, key: str) -> Chosen:
    kind = BY_KEY.get(key)
    options = kind.options if kind else ()
    values = ((option, data.get(f"{key}-{option.name}", "")) for option in options)
    return Chosen(
        key, tuple((o.name, value) for o, value in values if value not in ("", o.default))
    )


def design_from(form: TemplateForm, sections: tuple[Chosen, ...]) -> Design:
    return Design(sections, form.cover())


class PublishForm(forms.Form):
    title = forms.CharField(label="表題", max_length=200)
    confirmed = forms.BooleanField(
        label="この年度の照会が確定していないことを確かめ、このまま公表する", required=False
    )


class WithdrawForm(forms.Form):
    reason = forms.CharField(
        label="取下げの理由", max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )


class CompareForm(forms.Form):
    """Two snapshots of one plan."""

    before = forms.ModelChoiceField(ReportSnapshot.objects.none(), label="前", empty_label="選択")
    after = forms.ModelChoiceField(ReportSnapshot.objects.none(), label="後", empty_label="選択")

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = ReportSnapshot.objects.visible_to(user).exclude(file="").select_related("plan")
        for name in ("before", "after"):
            self.fields[name].queryset = offered

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        before, after = values.get("before"), values.get("after")
        if before and after and before.plan.organization_id != after.plan.organization_id:
            self.add_error("after", "同じ団体の時点を選んでください。")
        return values
