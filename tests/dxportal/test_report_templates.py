"""Composing a report in the browser: nothing typed is lost, and next year it is the same."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.models import User
from dxportal import services
from dxportal.models import ReportJob, ReportTemplate
from dxportal.reports.design import SHAPES
from dxportal.reports.sections import require_sections
from dxportal.reports.templates import design_of
from tests.cast import Cast
from tests.drawn import drawn

SignIn = Callable[[User], Client]


def sent(cast: Cast, **more: Any) -> dict[str, Any]:
    return {
        "name": "議会用", "organization": cast.city.pk, "plan": "", "version": "",
        "section": ["cover", "projects", "totals"], "projects-paper": "a4", "title": "進捗報告",
        **more,
    }  # fmt: skip


def kept(cast: Cast, **values: Any) -> ReportTemplate:
    rows = [{"section": "cover", "options": {}}, {"section": "totals", "options": {}}]
    values = {"name": "議会用", "sections": rows, "cover": {"title": "進捗報告"}, **values}
    return ReportTemplate.objects.create(organization=cast.city, **values)


def test_a_template_keeps_its_sections_in_order_with_their_options(
    cast: Cast, sign_in: SignIn
) -> None:
    response = sign_in(cast.coordinator).post("/reports/templates/new/", sent(cast))
    assert response.status_code == 302
    design = design_of(ReportTemplate.objects.get())
    assert [row.section for row in design.sections] == ["cover", "projects", "totals"]
    assert design.sections[1].option("paper", "a3") == "a4"
    assert design.cover.title == "進捗報告"


@pytest.mark.parametrize(
    ("act", "expected", "focused"),
    [
        ("up:2", ["cover", "totals", "projects"], "up:1"),
        ("down:0", ["projects", "cover", "totals"], "down:1"),
        ("up:1", ["projects", "cover", "totals"], "down:0"),  # it can go no further up
        ("up:0", ["cover", "projects", "totals"], "down:0"),
        ("remove:1", ["cover", "totals"], "remove:1"),
        ("add", ["cover", "projects", "totals", "errata"], "up:3"),
    ],
)
def test_buttons_arrange_the_sections_and_keep_what_was_typed(
    cast: Cast, sign_in: SignIn, act: str, expected: list[str], focused: str
) -> None:
    client = sign_in(cast.coordinator)
    response = client.post("/reports/templates/new/", sent(cast, act=act, added="errata"))
    assert response.status_code == 200
    assert [line.kind.key for line in response.context["lines"]] == expected
    html = drawn(response.content.decode())
    assert "進捗報告" in html and 'value="議会用"' in html
    # Whoever works by keyboard goes on where they were.
    assert html.count("autofocus") == 1 and f'value="{focused}" autofocus' in html
    if "projects" in expected:
        assert '<option value="a4" selected>' in html
    assert not ReportTemplate.objects.exists()


def test_what_cannot_be_is_told_and_nothing_is_kept(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.coordinator)
    for wrong, said in (
        ({"section": []}, "1つ以上"),
        ({"section": ["totals", "totals"]}, "2回"),
        ({"name": ""}, "入力"),
        ({"projects-paper": "b5"}, "b5"),
    ):
        response = client.post("/reports/templates/new/", sent(cast, **wrong))
        assert response.status_code == 422 and said in response.content.decode(), wrong
    kept(cast)
    response = client.post("/reports/templates/new/", sent(cast))
    assert response.status_code == 422 and "同じ名称" in response.content.decode()
    assert ReportTemplate.objects.count() == 1


def test_whoever_is_overtaken_sees_both_and_decides(cast: Cast, sign_in: SignIn) -> None:
    template, client = kept(cast), sign_in(cast.coordinator)
    address = f"/reports/templates/{template.pk}/"
    assert client.post(address, sent(cast, version="1", title="先の題")).status_code == 302
    response = client.post(address, sent(cast, version="1", title="後の題", as_of="5月末現在"))
    html = response.content.decode()
    assert response.status_code == 409
    assert response.context["conflicts"] == [
        ("表題", "先の題", "後の題"),
        ("時点", "", "5月末現在"),
    ]
    assert "先の題" in html and "後の題" in html
    template.refresh_from_db()
    assert template.cover["title"] == "先の題"
    version = response.context["version"]
    assert client.post(address, sent(cast, version=version, title="後の題")).status_code == 302
    template.refresh_from_db()
    assert template.cover["title"] == "後の題"


def test_a_template_is_deleted_in_the_version_that_was_seen(cast: Cast, sign_in: SignIn) -> None:
    template, client = kept(cast), sign_in(cast.coordinator)
    address = f"/reports/templates/{template.pk}/delete/"
    client.post(address, {"version": "9"})
    assert ReportTemplate.objects.exists()
    client.post(address, {"version": "1"})
    assert not ReportTemplate.objects.exists()


def test_a_report_is_started_by_a_template_in_several_formats(
    cast: Cast, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "_send", lambda job_id: None)
    template, client = kept(cast), sign_in(cast.coordinator)
    asked = {
        "plan": cast.plan.pk, "fiscal_year": 2024, "format": ["pdf", "xlsx"],
        "template": template.pk,
    }  # fmt: skip
    assert client.post("/reports/start/", asked).status_code == 302
    jobs = list(ReportJob.objects.all())
    assert {job.format for job in jobs} == {"pdf", "xlsx"}
    assert len({job.snapshot_id for job in jobs}) == 1
    # What the template says later does not reach a report that was asked for.
    template.sections = []
    template.save()
    assert [row["section"] for row in jobs[0].design["sections"]] == ["cover", "totals"]


def test_a_template_of_another_plan_or_city_is_refused(cast: Cast, sign_in: SignIn) -> None:
    foreign = ReportTemplate.objects.create(organization=cast.other_city, name="他市")
    asked = {"plan": cast.plan.pk, "fiscal_year": 2024, "format": "pdf", "template": foreign.pk}
    assert sign_in(cast.coordinator).post("/reports/start/", asked).status_code == 422
    assert not ReportJob.objects.exists()


def test_the_command_builds_by_a_template(cast: Cast, tmp_path: Path) -> None:
    kept(cast)
    target = tmp_path / "x.xlsx"
    options = {
        "plan": f"{cast.city.code}/{cast.plan.key}",
        "fiscal_year": "R6",
        "format": "xlsx",
        "output": target,
    }
    call_command("build_report", template="議会用", **options)
    assert target.stat().st_size > 1000
    with pytest.raises(CommandError, match="議会用"):
        call_command("build_report", template="ない", **options)


def test_a_new_template_may_start_from_the_kinds_of_reports_that_cities_print(
    cast: Cast, sign_in: SignIn
) -> None:
    client = sign_in(cast.coordinator)
    for key, (label, sections) in SHAPES.items():
        require_sections(sections)
        page = client.get(f"/reports/templates/new/?shape={key}")
        assert [line.kind.key for line in page.context["lines"]] == [
            row.section for row in sections
        ]
        assert label in page.content.decode()


def test_the_year_in_the_cover_s_words_is_that_of_the_report(
    cast: Cast, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "_send", lambda job_id: None)
    template = kept(cast, cover={"title": "{年度}の進捗", "foreword": "{年度}を終えて"})
    asked = {"plan": cast.plan.pk, "format": ["pdf"], "template": template.pk}
    client = sign_in(cast.coordinator)
    for year in (2023, 2024):
        client.post("/reports/start/", {**asked, "fiscal_year": year})
    covers = [job.design["cover"] for job in ReportJob.objects.order_by("fiscal_year")]
    assert [cover["title"] for cover in covers] == ["令和5年度の進捗", "令和6年度の進捗"]
    assert covers[1]["foreword"] == "令和6年度を終えて"
    assert design_of(template).cover.title == "{年度}の進捗"
