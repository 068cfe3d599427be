"""Tags × measures × projects: the computation against a naive recount, and the page."""

import csv
import io
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from plans.models import Level, Measure, Plan
from projects.models import Project, ProjectTag, Tag, TagScheme
from projects.tag_matrix import Tagging, TagMatrix, count_matrix
from tests.cast import Cast

SignIn = Callable[..., Client]

Case = tuple[list[Measure], list[Measure], set[tuple[int, int]], list[Tagging], list[Tag]]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """A tree of up to 12 measures, columns of one depth (some left out), and random tags."""
    parents = [None] + [
        draw(st.integers(0, number - 1)) for number in range(1, draw(st.integers(1, 12)))
    ]
    depths: list[int] = []
    measures: list[Measure] = []
    for number, parent in enumerate(parents):
        depths.append(0 if parent is None else depths[parent] + 1)
        measures.append(
            Measure(
                pk=number + 1,
                parent_id=None if parent is None else parent + 1,
                name=f"施策{number}",
                is_repeat=draw(st.booleans()),
            )
        )
    depth = draw(st.integers(0, max(depths)))
    columns = [row for row, at in zip(measures, depths, strict=True) if at == depth]
    tags = [Tag(pk=pk, name=f"タグ{pk}") for pk in range(1, draw(st.integers(1, 4)) + 1)]
    pks = st.integers(1, len(measures))
    tag_pks = st.integers(1, len(tags) + 1)  # one more: a tag of another scheme
    on_measures = draw(st.sets(st.tuples(tag_pks, pks), max_size=15))
    on_projects = [
        Tagging(
            tag, Project(pk=project, name=f"事業{project}"), measure, f"事業{project}", part=part
        )
        for tag, project, measure, part in draw(
            st.lists(
                st.tuples(tag_pks, st.integers(1, 5), pks, st.sampled_from(["", "甲", "乙"])),
                max_size=20,
            )
        )
    ]
    return measures, columns, on_measures, on_projects, tags


def line(measures: list[Measure], pk: int) -> list[int]:
    """The measure and all above it."""
    found = [pk]
    while (parent := measures[found[-1] - 1].parent_id) is not None:
        found.append(parent)
    return found


@given(cases())
def test_the_matrix_equals_a_naive_recount(case: Case) -> None:
    measures, columns, on_measures, on_projects, tags = case
    found = count_matrix(tags, measures, columns, on_measures, on_projects)
    assert [row.tag for row in found.rows] == tags
    for row in found.rows:
        tag = row.tag.pk
        of_tag = [tagging for tagging in on_projects if tagging.tag_id == tag]
        assert row.measure_count == sum(pair[0] == tag for pair in on_measures)
        assert row.project_count == len({tagging.project.pk for tagging in of_tag})
        assert row.is_gap == (row.measure_count == 0 and row.project_count == 0)
        for cell, column in zip(row.cells, columns, strict=True):
            assert cell.own == ((tag, column.pk) in on_measures)
            assert {m.pk for m in cell.measures} == {
                m
                for t, m in on_measures
                if t == tag and m != column.pk and column.pk in line(measures, m)
            }
            assert set(cell.found) == {
                t.project.pk for t in of_tag if column.pk in line(measures, t.measure_id)
            }
        covered = {column.pk for column in columns}
        assert set(row.elsewhere.found) == {
            t.project.pk for t in of_tag if not covered & set(line(measures, t.measure_id))
        }


@given(cases())
def test_untagged_measures_are_those_that_no_tag_reaches(case: Case) -> None:
    measures, columns, on_measures, on_projects, tags = case
    known = {tag.pk for tag in tags}
    at = {m for t, m in on_measures if t in known}
    below = at | {t.measure_id for t in on_projects if t.tag_id in known}
    expected = [
        column
        for column in columns
        if not column.is_repeat
        and not any(column.pk in line(measures, pk) for pk in below)
        and not at & set(line(measures, column.pk))
    ]
    assert count_matrix(tags, measures, columns, on_measures, on_projects).untagged == expected


@given(cases())
def test_totals_count_each_project_once(case: Case) -> None:
    measures, columns, on_measures, on_projects, tags = case
    found = count_matrix(tags, measures, columns, on_measures, on_projects)
    known = {tag.pk for tag in tags}
    mine = [tagging for tagging in on_projects if tagging.tag_id in known]
    assert found.project_count == len({tagging.project.pk for tagging in mine})
    for total, column in zip(found.column_totals, columns, strict=True):
        under = [t for t in mine if column.pk in line(measures, t.measure_id)]
        assert total.projects == len({tagging.project.pk for tagging in under})


@pytest.fixture
def scheme(cast: Cast) -> TagScheme:
    """Three tags: one on a measure, one on a project at two places, one on nothing."""
    made = TagScheme.objects.create(
        organization=cast.city, key="national", name="国の重点取組事項", version="2020"
    )
    online, ai, _ = [
        Tag.objects.create(scheme=made, key=f"n{number}", name=name, position=number)
        for number, name in enumerate(["手続のオンライン化", "AIの利用推進", "テレワークの推進"])
    ]
    online.measures.add(cast.measures["観光"], cast.measures["観光1"])
    project = cast.projects["観光1-1-7"]
    for part in ("分析", "公開"):
        ProjectTag.objects.create(
            tag=ai, project=project, measure=cast.measures["観光1-1"], part=part
        )
    return made


def show(client: Client, plan: Plan, **query: object) -> TagMatrix:
    response = client.get(reverse("plans:matrix", args=[plan.pk]), query)
    assert response.status_code == 200
    return response.context["matrix"]


def test_the_page_names_the_gaps_first(cast: Cast, scheme: TagScheme, sign_in: SignIn) -> None:
    address = reverse("plans:matrix", args=[cast.plan.pk])
    response = sign_in(cast.viewer).get(address, {"scheme": scheme.pk})
    page = response.content.decode()
    assert "「テレワークの推進」の1項目には、施策も事業もありません。" in page
    assert page.index("「テレワークの推進」の1項目") < page.index("<table")
    assert "タグのない施策" in page
    assert str(cast.measures["教育"]) in page[page.index("タグのない施策") : page.index("<table")]
    assert 'scope="col"' in page
    assert 'scope="row"' in page
    assert "（該当：分析）" in page


def test_a_measure_is_tagged_where_it_is_printed_again() -> None:
    first = Measure(pk=1, code="3", name="活躍の機会")
    again = Measure(pk=2, code="3", name="活躍の機会", is_repeat=True)
    other = Measure(pk=3, code="4", name="人材の育成")
    measures = [first, again, other]
    found = count_matrix([Tag(pk=1, name="魅力")], measures, measures, [(1, 2)], [])
    assert found.untagged == [other]


def test_the_level_is_that_of_the_tags_unless_asked(
    cast: Cast, scheme: TagScheme, sign_in: SignIn
) -> None:
    client = sign_in(cast.viewer)
    address = reverse("plans:matrix", args=[cast.plan.pk])
    assert client.get(address, {"scheme": scheme.pk}).context["level"] == cast.levels["area"]
    asked = {"scheme": scheme.pk, "level": cast.levels["pillar"].pk}
    found = show(client, cast.plan, **asked)
    assert [column.level_id for column in found.columns] == [cast.levels["pillar"].pk] * 2
    assert [measure.key for measure in found.rows[0].cells[0].measures] == ["観光", "観光1"]


def test_a_row_counts_a_project_once(cast: Cast, scheme: TagScheme, sign_in: SignIn) -> None:
    row = show(sign_in(cast.viewer), cast.plan, scheme=scheme.pk).rows[1]
    assert row.project_count == 1
    (entry,) = row.filled[0].projects
    assert entry.parts == ["分析", "公開"]


def test_schemes_of_another_city_and_unknown_levels_do_not_exist(
    cast: Cast, scheme: TagScheme, sign_in: SignIn
) -> None:
    client = sign_in(cast.viewer)
    address = reverse("plans:matrix", args=[cast.plan.pk])
    foreign = TagScheme.objects.create(organization=cast.other_city, key="x", name="よその体系")
    level = Level.objects.create(plan=cast.other_plan, key="x", depth=1, name="よその階層")
    for query in ({"scheme": foreign.pk}, {"level": level.pk}, {"scheme": "x"}, {"format": "pdf"}):
        assert client.get(address, query).status_code == 404, query
    assert "よその体系" not in client.get(address).content.decode()


def test_the_files_have_a_row_for_every_pair(
    cast: Cast, scheme: TagScheme, sign_in: SignIn
) -> None:
    client = sign_in(cast.viewer)
    address = reverse("plans:matrix", args=[cast.plan.pk])
    query = {"scheme": scheme.pk, "format": "csv"}
    text = client.get(address, query).content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    areas = Measure.objects.filter(plan=cast.plan, level=cast.levels["area"]).count()
    assert len(rows) == 3 * areas
    first = next(r for r in rows if r["タグID"] == "n0" and r["施策ID"] == "観光")
    assert (first["施策に付与"], first["ほかの階層の施策数"], first["事業数"]) == ("1", "1", "0")
    content = client.get(address, {**query, "format": "xlsx", "export": "projects"}).content
    sheet = load_workbook(io.BytesIO(content)).worksheets[0]
    assert [cell.value for cell in sheet[2]][-1] == "分析、公開"
    assert sheet.max_row == 2


def test_without_a_scheme_the_page_says_what_to_do(cast: Cast, sign_in: SignIn) -> None:
    TagScheme.objects.all().delete()
    address = reverse("plans:matrix", args=[cast.plan.pk])
    page = sign_in(cast.viewer).get(address).content.decode()
    assert "タグ体系がまだありません" in page
    assert "「計画を編集」でタグ体系" in page


def test_a_scheme_that_the_plan_does_not_use_is_no_wall_of_gaps(
    cast: Cast, sign_in: SignIn
) -> None:
    unused = TagScheme.objects.create(organization=cast.city, key="u", name="未使用の体系")
    Tag.objects.create(scheme=unused, key="u1", name="何か")
    address = reverse("plans:matrix", args=[cast.plan.pk])
    page = sign_in(cast.viewer).get(address, {"scheme": unused.pk}).content.decode()
    assert "この計画ではまだ使われていません" in page
    assert "<table" not in page


def test_a_plan_without_measures_says_so(cast: Cast, scheme: TagScheme, sign_in: SignIn) -> None:
    plan = Plan.objects.create(
        organization=cast.city,
        key="empty",
        name="からの計画",
        first_fiscal_year=2024,
        last_fiscal_year=2026,
    )
    page = sign_in(cast.viewer).get(reverse("plans:matrix", args=[plan.pk])).content.decode()
    assert "施策がまだありません" in page
