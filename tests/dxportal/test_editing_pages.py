"""The editors' pages: every kind of rows is added, changed, deleted and restored, safely.

The walk reads the registry: a new editor is covered as soon as it is declared.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from django import forms
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry, Deletion, User
from dxportal.editors.editor import Editor
from dxportal.editors.fields import FigureField, FiscalYearField
from dxportal.editors.forms import form_for
from dxportal.editors.registry import BY_KIND, EDITORS
from kpi.models import Indicator, IndicatorUse, Target
from plans.models import Level, Mark, Measure, Plan, ReferenceItem, ReferenceList
from projects.models import Placement, Project, ProjectDepartment, Tag
from tests.cast import Cast, grow

SignIn = Callable[[User], Client]

ADDED = [editor for editor in EDITORS if editor.can_add]


def named(editor: Editor) -> str:
    return editor.kind


def extras(cast: Cast) -> dict[str, dict[str, Any]]:
    """What a kind needs beside its required fields, or so that it does not double a row."""
    lonely, _ = Project.objects.get_or_create(
        organization=cast.city, key="lonely", name="掲載のない事業"
    )
    return {
        "level": {"depth": "5"},
        "placement": {"project": lonely.pk},
        "project-department": {"project": lonely.pk},
        "schedule": {"project": lonely.pk, "planned": "build"},
        "alias": {"project": lonely.pk},
        "project-succession": {
            "predecessor": lonely.pk,
            "successor": cast.projects["教育1-1"].pk,
        },
        "indicator-use": {
            "indicator": cast.indicators["立案数"].pk,
            "measure": cast.measures["教育"].pk,
        },
        "target": {
            "value": "１，２３４",
            "fiscal_year": "令和8年度",
            "indicator": cast.indicators["満足度"].pk,
        },
        "budget": {"project": lonely.pk, "stage": "initial", "amount": "1,234千円"},
        "stated-total": {"amount": "２３億２，５５９万４千円"},
        "project-tag": {"project": lonely.pk},
        "milestone": {"first_fiscal_year": "R6"},
    }


def minimal(cast: Cast, editor: Editor) -> dict[str, Any]:
    """The least that the form of a new row accepts."""
    form = form_for(editor, cast.plan, cast.coordinator, is_new=True)(
        instance=editor.new(cast.plan)
    )
    data: dict[str, Any] = {}
    for name, field in form.fields.items():
        if not field.required:
            continue
        if isinstance(field, forms.ModelChoiceField):
            first = field.queryset.first() if field.queryset is not None else None
            data[name] = first.pk if first else ""
        elif isinstance(field, forms.ChoiceField):
            data[name] = next(value for value, _ in field.choices if value)  # type: ignore[str-unpack]
        elif isinstance(field, FiscalYearField):
            data[name] = "R6"
        elif isinstance(field, FigureField):
            data[name] = "１"
        else:
            data[name] = "試験"
    return data | extras(cast).get(editor.kind, {})


def url(cast: Cast, name: str, *args: Any) -> str:
    return reverse(f"editing:{name}", args=[cast.plan.pk, *args])


def posted(page: Any) -> dict[str, Any]:
    """What the browser would send back from a form as it stands."""
    data: dict[str, Any] = {}
    for field in page.context["form"]:
        value = field.value()
        if isinstance(value, bool):
            data |= {field.html_name: "on"} if value else {}
            data[field.html_initial_name] = str(value)
            continue
        if isinstance(value, list):
            value = [getattr(one, "pk", one) for one in value]
        if value is not None:
            data |= {field.html_name: value, field.html_initial_name: value}
    return data


@pytest.fixture
def coordinator(cast: Cast, sign_in: SignIn) -> Client:
    return sign_in(cast.coordinator)


@pytest.mark.parametrize("editor", ADDED, ids=named)
def test_a_row_is_added_changed_deleted_and_restored(
    cast: Cast, coordinator: Client, editor: Editor
) -> None:
    data = minimal(cast, editor)
    assert coordinator.get(url(cast, "add", editor.kind)).status_code == 200
    before = set(editor.model._base_manager.values_list("pk", flat=True))
    answer = coordinator.post(url(cast, "add", editor.kind), data)
    assert answer.status_code == 302, answer.context["form"].errors
    (pk,) = set(editor.model._base_manager.values_list("pk", flat=True)) - before
    row = editor.model._base_manager.get(pk=pk)
    if editor.identifier:
        assert getattr(row, editor.identifier)
    assert AuditEntry.objects.of(row).count() == 1

    listed = coordinator.get(url(cast, "list", editor.kind))
    assert pk in [found.row.pk for found in listed.context["rows"]]

    page = coordinator.get(url(cast, "change", editor.kind, pk))
    assert page.status_code == 200
    answer = coordinator.post(url(cast, "change", editor.kind, pk), posted(page))
    assert answer.status_code == 302, answer.context["form"].errors
    assert AuditEntry.objects.of(row).count() == 1, "saving what stands there changes nothing"
    note = next((n for n in editor.fields if n in ("source_note", "note", "name", "text")), None)
    if note:
        coordinator.post(url(cast, "change", editor.kind, pk), posted(page) | {note: "直した"})
        row.refresh_from_db()
        assert getattr(row, note) == "直した"
        assert AuditEntry.objects.of(row).first().after[note] == "直した"

    if editor.kind == "project":  # its place goes first
        row.placements.all().delete()
    row.refresh_from_db()
    page = coordinator.get(url(cast, "delete", editor.kind, pk))
    assert page.status_code == 200 and not page.context["refusal"]
    version = {"row_version": page.context["version"] or ""}
    assert coordinator.post(url(cast, "delete", editor.kind, pk), version).status_code == 302
    assert not editor.model._base_manager.filter(pk=pk).exists()

    deletion = Deletion.objects.get()
    page = coordinator.get(url(cast, "deletions"))
    assert "元に戻す" in page.content.decode()
    coordinator.post(url(cast, "restore", deletion.pk))
    assert editor.model._base_manager.filter(pk=pk).exists()


@pytest.mark.parametrize("editor", ADDED, ids=named)
def test_bad_input_keeps_what_was_typed_and_changes_nothing(
    cast: Cast, coordinator: Client, editor: Editor
) -> None:
    data = minimal(cast, editor)
    form = form_for(editor, cast.plan, cast.coordinator, is_new=True).base_fields
    missing = next(name for name in data if form[name].required)
    kept = {name: value for name, value in data.items() if name != missing}
    before = editor.model._base_manager.count(), AuditEntry.objects.count()
    answer = coordinator.post(url(cast, "add", editor.kind), kept)
    assert answer.status_code == 422
    assert missing in answer.context["form"].errors
    for name, value in kept.items():
        assert str(answer.context["form"][name].value()) == str(value)
    assert (editor.model._base_manager.count(), AuditEntry.objects.count()) == before


@pytest.mark.parametrize("editor", EDITORS, ids=named)
def test_no_choice_is_another_citys(cast: Cast, coordinator: Client, editor: Editor) -> None:
    """Rows of the other city are neither offered nor taken when they are sent."""
    form = form_for(editor, cast.plan, cast.coordinator, is_new=True)(
        instance=editor.new(cast.plan)
    )
    strange: dict[type, int] = {
        Measure: cast.measures["他市"].pk,
        Project: cast.projects["他市"].pk,
        Indicator: cast.indicators["他市"].pk,
        Level: cast.measures["他市"].level_id,
    }
    for name, field in form.fields.items():
        if not isinstance(field, forms.ModelChoiceField) or field.queryset is None:
            continue
        wrong = strange.get(field.queryset.model)
        if wrong is None:
            continue
        assert wrong not in set(field.queryset.values_list("pk", flat=True))
        if editor.can_add:
            data = minimal(cast, editor) | {name: wrong}
            before = editor.model._base_manager.count()
            answer = coordinator.post(url(cast, "add", editor.kind), data)
            assert answer.status_code == 422
            assert name in answer.context["form"].errors
            assert editor.model._base_manager.count() == before


@pytest.mark.parametrize("editor", EDITORS, ids=named)
def test_another_citys_plan_has_no_editors(cast: Cast, sign_in: SignIn, editor: Editor) -> None:
    assert sign_in(cast.outsider).get(url(cast, "list", editor.kind)).status_code == 404
    assert sign_in(cast.viewer).get(url(cast, "list", editor.kind)).status_code == 403


@pytest.mark.parametrize("editor", [e for e in EDITORS if e.model is not Plan], ids=named)
def test_a_list_needs_the_same_queries_however_long(
    cast: Cast, coordinator: Client, editor: Editor, django_assert_max_num_queries: Any
) -> None:
    grow(cast, 6)
    with django_assert_max_num_queries(16):
        coordinator.get(url(cast, "list", editor.kind))


def test_who_was_slower_sees_both_values_and_decides(cast: Cast, coordinator: Client) -> None:
    measure = cast.measures["観光1"]
    page = coordinator.get(url(cast, "change", "measure", measure.pk))
    mine = posted(page) | {"name": "わたしの名称", "code": "9"}
    theirs = posted(page) | {"name": "あいての名称", "description": "あいての説明"}
    coordinator.post(url(cast, "change", "measure", measure.pk), theirs)

    answer = coordinator.post(url(cast, "change", "measure", measure.pk), mine)
    assert answer.status_code == 409
    said = {d.label: (d.mine, d.theirs) for d in answer.context["differences"]}
    assert said["名称"] == ("わたしの名称", "あいての名称")
    assert said["番号"] == ("9", "1")
    assert "説明" not in said, "what only the other one changed is no conflict"
    measure.refresh_from_db()
    assert measure.name == "あいての名称"

    again = dict(answer.context["kept"]) | {"row_version": answer.context["version"]}
    assert coordinator.post(url(cast, "change", "measure", measure.pk), again).status_code == 302
    measure.refresh_from_db()
    assert (measure.name, measure.code) == ("わたしの名称", "9")
    assert measure.description == "あいての説明", "what I did not touch stays theirs"


def test_a_superseded_plan_offers_nothing_and_takes_nothing(
    cast: Cast, coordinator: Client
) -> None:
    cast.plan.status = Plan.Status.SUPERSEDED
    cast.plan.save()
    page = coordinator.get(url(cast, "index")).content.decode()
    assert "旧版のため変更できません" in page
    assert url(cast, "list", "mark") not in page
    for name, args in [("list", ["mark"]), ("add", ["mark"]), ("add", ["project"])]:
        assert (
            "旧版のため変更できません" in coordinator.get(url(cast, name, *args)).content.decode()
        )
    before = Project.objects.count(), Mark.objects.count()
    for kind in ("mark", "project"):
        data = minimal(cast, BY_KIND[kind])
        counted = Project.objects.count()
        assert coordinator.post(url(cast, "add", kind), data).status_code == 423
        assert Project.objects.count() == counted
    assert Mark.objects.count() == before[1]
    # Who set it by mistake finds the way back.
    page = coordinator.get(url(cast, "change", "plan", cast.plan.pk))
    data = posted(page) | {"status": "active"}
    assert coordinator.post(url(cast, "change", "plan", cast.plan.pk), data).status_code == 302
    assert not Plan.objects.get(pk=cast.plan.pk).why_rows_are_locked


def test_a_new_project_stands_in_the_plan_at_once(cast: Cast, coordinator: Client) -> None:
    data = {
        "name": "あたらしい事業",
        "measure": cast.measures["観光1"].pk,
        "placement_code": "観光-9",
        "department": cast.departments["観光課"].pk,
    }
    coordinator.post(url(cast, "add", "project"), data)
    made = Project.objects.get(name="あたらしい事業")
    place = Placement.objects.get(project=made)
    assert (place.plan, place.measure, place.code) == (
        cast.plan,
        cast.measures["観光1"],
        "観光-9",
    )
    assert place.is_primary and not place.is_repeat
    led = ProjectDepartment.objects.get(project=made)
    assert (led.plan, led.department) == (cast.plan, cast.departments["観光課"])


def test_an_identifier_is_made_from_the_name_and_is_free(cast: Cast, coordinator: Client) -> None:
    for _ in range(2):
        coordinator.post(
            url(cast, "add", "phase"),
            {
                "name": "前期 計画",
                "first_fiscal_year": "R4",
                "last_fiscal_year": "R6",
            },
        )
    keys = set(cast.plan.phases.filter(name="前期 計画").values_list("key", flat=True))
    assert keys == {"前期-計画", "前期-計画-2"}
    answer = coordinator.post(
        url(cast, "add", "phase"),
        {
            "name": "後期",
            "first_fiscal_year": "R4",
            "last_fiscal_year": "R6",
            "key": "前期-計画",
        },
    )
    assert answer.status_code == 422
    assert "key" in answer.context["form"].errors


def test_a_measures_tags_are_changed_with_it_and_logged_by_name(
    cast: Cast, coordinator: Client
) -> None:
    measure = cast.measures["観光1"]
    page = coordinator.get(url(cast, "change", "measure", measure.pk))
    data = posted(page) | {"tags": [cast.tag.pk]}
    assert coordinator.post(url(cast, "change", "measure", measure.pk), data).status_code == 302
    assert list(measure.tags.all()) == [cast.tag]
    entry = AuditEntry.objects.of(measure).first()
    assert (entry.action, entry.plan_id) == ("measure.tag", cast.plan.pk)
    assert entry.before["tag_names"] == "" and entry.after["tag_names"] == "フロントヤード改革"
    assert "フロントヤード改革" in coordinator.get(url(cast, "history")).content.decode()
    # The other one, who saw the measure without tags, does not take them away unseen.
    assert (
        coordinator.post(url(cast, "change", "measure", measure.pk), posted(page)).status_code
        == 409
    )


def test_a_target_is_corrected_or_revised(cast: Cast, coordinator: Client) -> None:
    target = Target.objects.get(indicator=cast.indicators["立案数"], fiscal_year=2025)
    page = coordinator.get(url(cast, "change", "target", target.pk))
    data = posted(page) | {"value": "９", "revise": "1"}
    assert coordinator.post(url(cast, "change", "target", target.pk), data).status_code == 302
    old, new = Target.objects.filter(indicator=target.indicator, fiscal_year=2025).order_by(
        "revision"
    )
    assert (old.value, old.is_current, new.value, new.is_current) == (7, False, 9, True)
    assert (new.revision, new.revised_in) == (1, cast.plan.key)
    page = coordinator.get(url(cast, "change", "target", new.pk))
    data = posted(page) | {"value": "10"}
    coordinator.post(url(cast, "change", "target", new.pk), data)
    new.refresh_from_db()
    assert new.value == 10
    assert Target.objects.filter(indicator=target.indicator, fiscal_year=2025).count() == 2
    coordinator.post(url(cast, "delete", "target", new.pk), {"row_version": new.version})
    old.refresh_from_db()
    assert old.is_current, "without the revision the target before it holds again"


def test_a_settled_years_target_says_why_it_is_locked(cast: Cast, coordinator: Client) -> None:
    target = Target.objects.get(indicator=cast.indicators["立案数"], fiscal_year=2024)
    page = coordinator.get(url(cast, "change", "target", target.pk))
    assert "確定しているため" in page.content.decode()
    assert (
        coordinator.post(url(cast, "change", "target", target.pk), {"value": "1"}).status_code
        == 423
    )


def test_another_placement_becomes_the_primary_one(cast: Cast, coordinator: Client) -> None:
    project = cast.projects["教育1-1"]
    first = Placement.objects.get(project=project, is_primary=True)
    again = {"project": project.pk, "measure": cast.measures["観光2"].pk, "is_repeat": "on"}
    assert coordinator.post(url(cast, "add", "placement"), again).status_code == 302
    second = Placement.objects.get(project=project, is_primary=False)
    assert second.is_repeat

    answer = coordinator.post(
        url(cast, "delete", "placement", first.pk), {"row_version": first.version}
    )
    assert answer.status_code == 422
    assert "主たる掲載は削除できません" in answer.content.decode()

    page = coordinator.get(url(cast, "change", "placement", first.pk))
    data = {name: v for name, v in posted(page).items() if name != "is_primary"}
    answer = coordinator.post(url(cast, "change", "placement", first.pk), data)
    assert answer.status_code == 422 and "is_primary" in answer.context["form"].errors

    page = coordinator.get(url(cast, "change", "placement", second.pk))
    data = posted(page) | {"is_primary": "on"}
    answer = coordinator.post(url(cast, "change", "placement", second.pk), data)
    assert answer.status_code == 302, answer.context["form"].errors
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.is_primary, first.is_repeat) == (False, True)
    assert (second.is_primary, second.is_repeat) == (True, False)
    assert AuditEntry.objects.of(first).count() == AuditEntry.objects.of(second).count() - 1 == 1


def test_rows_change_places_within_their_own_group(cast: Cast, coordinator: Client) -> None:
    lists = [
        ReferenceList.objects.create(plan=cast.plan, key=key, title=key, position=9) for key in "ab"
    ]
    items = [
        ReferenceItem.objects.create(reference_list=lists[n // 2], label=str(n), position=n % 2 + 1)
        for n in range(4)
    ]
    answer = coordinator.post(url(cast, "move", "reference-item", items[1].pk), {"direction": "up"})
    assert answer.status_code == 302
    assert [item.label for item in lists[0].items.all()] == ["1", "0"]
    assert [item.label for item in lists[1].items.all()] == ["2", "3"]
    assert AuditEntry.objects.of(items[0]).get().after == {"position": 2}


def test_after_saving_the_person_is_back_where_they_came_from(
    cast: Cast, coordinator: Client
) -> None:
    measure = cast.measures["観光1"]
    there = reverse("plans:measure", args=[measure.pk])
    add = f"{url(cast, 'add', 'target-state')}?measure={measure.pk}&next={quote(there)}"
    page = coordinator.get(add)
    assert str(page.context["form"]["measure"].value()) == str(measure.pk)
    data = {"measure": measure.pk, "phase": cast.phase.pk, "text": "よい状態"}
    assert coordinator.post(add, data).url == there
    elsewhere = f"{url(cast, 'add', 'target-state')}?next={quote('https://example.com/')}"
    assert coordinator.post(elsewhere, data).url == url(cast, "list", "target-state")


def test_a_deleted_rows_message_has_a_button_that_brings_it_back(
    cast: Cast, coordinator: Client
) -> None:
    mark = Mark.objects.create(plan=cast.plan, key="x", symbol="×", label="中止", position=9)
    answer = coordinator.post(url(cast, "delete", "mark", mark.pk), {"row_version": 1}, follow=True)
    deletion = Deletion.objects.get()
    restore = url(cast, "restore", deletion.pk)
    assert f'action="{restore}' in answer.content.decode()
    coordinator.post(restore)
    assert Mark.objects.get(pk=mark.pk).label == "中止"
    answer = coordinator.post(restore, follow=True)
    assert "すでに元に戻されています" in answer.content.decode()


def test_a_measures_deletion_names_what_goes_along(cast: Cast, coordinator: Client) -> None:
    page = coordinator.get(url(cast, "delete", "measure", cast.measures["教育1"].pk))
    counts = dict(page.context["counts"])
    assert counts["掲載"] == 1
    assert "いっしょに削除されるもの" in page.content.decode()
    page = coordinator.get(url(cast, "delete", "measure", cast.measures["観光2"].pk))
    assert "年度評価" in page.context["refusal"]


def test_the_history_is_filtered_by_kind_and_person(cast: Cast, coordinator: Client) -> None:
    coordinator.post(url(cast, "add", "mark"), {"symbol": "×", "label": "中止"})
    coordinator.post(
        url(cast, "add", "alias"), {"project": cast.projects["教育1-1"].pk, "name": "別"}
    )
    everything = coordinator.get(url(cast, "history")).context["history"]
    assert [item.act for item in everything] == ["事業の別名の作成", "評価記号の作成"]
    marks = coordinator.get(url(cast, "history"), {"kind": "plans.mark"}).context["history"]
    assert [item.act for item in marks] == ["評価記号の作成"]
    nobody = coordinator.get(url(cast, "history"), {"who": "だれか"}).context["history"]
    assert nobody == []


def test_an_indicator_in_use_is_not_deleted(cast: Cast, coordinator: Client) -> None:
    page = coordinator.get(url(cast, "delete", "indicator", cast.indicators["立案数"].pk))
    assert "削除できません" in page.content.decode()
    assert IndicatorUse.objects.filter(indicator=cast.indicators["立案数"]).exists()


@pytest.mark.parametrize(
    ("name", "thing"),
    [
        ("plans:tree", lambda c: c.plan),
        ("plans:document", lambda c: c.plan),
        ("plans:budget", lambda c: c.plan),
        ("plans:measure", lambda c: c.measures["観光1"]),
        ("projects:detail", lambda c: c.projects["教育1-1"]),
        ("kpi:indicator", lambda c: c.indicators["立案数"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_pages_lead_to_the_editors_who_may_use_them(
    cast: Cast, sign_in: SignIn, name: str, thing: Any
) -> None:
    address = reverse(name, args=[thing(cast).pk])
    begin = url(cast, "index")
    assert f'href="{begin}' in sign_in(cast.coordinator).get(address).content.decode()
    assert f'href="{begin}' not in sign_in(cast.editor).get(address).content.decode()
    cast.plan.status = Plan.Status.SUPERSEDED
    cast.plan.save()
    assert f'href="{begin}' not in sign_in(cast.coordinator).get(address).content.decode()


def test_a_tag_of_a_measure_comes_back_with_the_tag(cast: Cast, coordinator: Client) -> None:
    tag = Tag.objects.create(scheme=cast.tag.scheme, key="t", name="ためし")
    tag.measures.add(cast.measures["観光1"])
    coordinator.post(url(cast, "delete", "tag", tag.pk), {"row_version": 1})
    assert not Tag.objects.filter(pk=tag.pk).exists()
    coordinator.post(url(cast, "restore", Deletion.objects.get().pk))
    assert list(Tag.objects.get(pk=tag.pk).measures.all()) == [cast.measures["観光1"]]
