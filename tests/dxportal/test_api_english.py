"""Refusals in English for who asks for it, in Japanese for everybody else."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.urls import reverse
from django.utils import translation

from dxportal.rest.english import in_english
from dxportal.rest.english.sentences import SENTENCES
from dxportal.rest.problems import KINDS
from tests.api import Caller
from tests.cast import LAST_YEAR, THIS_YEAR, Cast, actual

JAPANESE = re.compile(r"[ぁ-ヿ一-鿿]")


def in_the_code() -> Iterator[str]:
    """Every text of the code, `{}` for what is put into it."""
    for app in ("accounts", "plans", "projects", "kpi", "budgets", "dxportal"):
        for path in (Path(settings.BASE_DIR) / app).rglob("*.py"):
            if path.parent.name == "english":
                continue
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield re.sub(r"\{\w*\}", "{}", node.value)
                elif isinstance(node, ast.JoinedStr):
                    parts = (p.value if isinstance(p, ast.Constant) else "{}" for p in node.values)
                    yield "".join(map(str, parts))


def test_every_sentence_is_still_said_and_its_english_is_english() -> None:
    said = set(in_the_code())
    # accounts/editing.py puts a verb to the name of what it is about.
    said |= {f"{{}}の{verb}" for verb in ("登録", "変更", "削除") if verb in said}
    assert sorted(set(SENTENCES) - said) == []
    for japanese, english in SENTENCES.items():
        assert not JAPANESE.search(english.replace("23億2,559万4千円", "")), english
        assert english.format(*"12345"), japanese


# Whose refusals come through the API.
SERVICES = (
    *("accounts/departments.py", "accounts/tokens.py", "dxportal/rounds/evidence.py"),
    *("dxportal/revisions/services.py", "dxportal/reorganization/services.py"),
    *("dxportal/reorganization/api.py", "dxportal/planbook/imports.py", "dxportal/saved_views.py"),
    *("dxportal/planbook/api_mappings.py", "dxportal/planbook/meanings.py"),
    *("dxportal/reports/templates.py", "dxportal/reports/sections.py", "kpi/revisions.py"),
    *("dxportal/reports/publishing.py", "dxportal/public/services.py", "plans/tree_editing.py"),
    *("projects/placing.py", "projects/placements.py", "plans/procedure.py", "plans/services.py"),
)


@pytest.mark.parametrize("path", SERVICES)
def test_what_services_refuse_has_its_english(path: str) -> None:
    tree = ast.parse((Path(settings.BASE_DIR) / path).read_text())
    # A part of a longer text, and what the log says, are no sentences to a client.
    parts = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        for part in node.values
    }
    wrong = []
    for node in (
        found
        for said in ast.walk(tree)
        if isinstance(said, ast.Raise | ast.Yield)
        for found in ast.walk(said)
    ):
        if id(node) in parts:
            continue
        if isinstance(node, ast.JoinedStr):
            sentence = "".join(
                str(p.value) if isinstance(p, ast.Constant) else "x" for p in node.values
            )
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            sentence = node.value
        else:
            continue
        if sentence.endswith("。") and JAPANESE.search(in_english(sentence)):
            wrong.append(sentence)
    assert wrong == []


@pytest.mark.parametrize(
    ("japanese", "english"),
    [
        (
            "令和6（2024）年度の照会は「締切」のため入力できません。",
            "The round of fiscal year 2024 is closed: nothing can be entered.",
        ),
        (
            "「約3件」は正確な値として読めません。数値だけを入れ、補足はコメントに書いてください。",
            '"約3件" cannot be read exactly. Send the number alone, and the rest as the note.',
        ),
        (
            "このパラメーターはありません。使えるのは page、page_size です。",
            "There is no such parameter. Known are: page, page_size.",
        ),
        ("指標がありません。", "There is no such indicator."),
        (
            "この値は、ほかの人が先に変更しました。（いまの版：3）",
            "Somebody else changed this value first. (Its version is now 3.)",
        ),
        ("だれも知らない文。", "だれも知らない文。"),
        ("「昭和0年度」という対象はありません。", 'There is no resource "昭和0年度".'),
    ],
)
def test_what_stands_in_a_sentence_is_english_too(japanese: str, english: str) -> None:
    assert in_english(japanese) == english


@pytest.fixture
def refusals(cast: Cast) -> dict[str, tuple[Caller, str, str, Any]]:
    """Calls that are refused: each kind of refusal once."""
    editor, viewer = Caller(cast.editor), Caller(cast.viewer)
    kpi = cast.indicators["立案数"].pk
    body = {"indicator": kpi, "fiscal_year": THIS_YEAR, "value": "7"}
    done = actual(cast.indicators["来訪者"], THIS_YEAR, 19000)
    return {
        "invalid": (editor, "POST", "actuals/", {**body, "fiscal_year": "x", "amount": 1}),
        "invalid-parameter": (viewer, "GET", "actuals/?fiscal_yaer=2024", None),
        "malformed": (editor, "POST", "actuals/", "{"),
        "not-authenticated": (Caller(), "GET", "plans/", None),
        "forbidden": (viewer, "POST", "actuals/", body),
        "not-found": (viewer, "GET", "plans/999999/", None),
        "method-not-allowed": (viewer, "PUT", "plans/", {}),
        "conflict": (editor, "PATCH", f"actuals/{done.pk}/", {"value": "1", "version": 99}),
        "locked": (editor, "POST", "actuals/", {**body, "fiscal_year": LAST_YEAR}),
        "rows-refused": (
            editor,
            "POST",
            "actuals/bulk/",
            {
                "organization": cast.city.pk,
                "rows": [{"indicator_key": "立案数", "fiscal_year": THIS_YEAR, "value": "約3"}],
            },
        ),
    }


@pytest.mark.parametrize(
    ("language", "english"),
    [("", False), ("ja", False), ("fr, ja;q=0.5, en;q=0.3", False), ("en-US,en;q=0.9", True)],
)
def test_a_refusal_is_in_the_client_s_language(
    refusals: dict[str, tuple[Caller, str, str, Any]], language: str, english: bool
) -> None:
    header = {"Accept-Language": language} if language else {}
    for name, (caller, method, address, body) in refusals.items():
        response = caller.call(method, address, body, **header)
        told = response.json()
        assert told["type"] == f"/api/v1/problems/{name}/", told
        assert told["title"] == (KINDS[name].english_title if english else KINDS[name].title)
        assert response["Content-Language"] == ("en" if english else "ja")
        assert "Accept-Language" in response["Vary"]
        messages = [told["detail"]]
        for row in [told, *told.get("results", [])]:
            for error in row.get("errors", []):
                assert error["code"]
                messages.append(error["message"])
        for message in messages:
            japanese = JAPANESE.search(
                re.sub("データを活用した事業立案数|約3|DX戦略実行計画|立案数", "", message)
            )
            assert bool(japanese) is not english, message


def test_an_error_says_field_code_and_value_in_either_language(cast: Cast) -> None:
    body = {"indicator": "x", "fiscal_year": THIS_YEAR, "value": 1.5}
    for language in ("ja", "en"):
        answer = Caller(cast.editor).call(
            "POST", "actuals/", {**body, "fiscal_year": None}, **{"Accept-Language": language}
        )
        errors = {error["field"]: error for error in answer.json()["errors"]}
        assert errors["indicator"]["value"] == "x"
        assert errors["indicator"]["code"] == "invalid"
        assert errors["value"]["code"] == "decimal"
        assert errors["fiscal_year"]["code"] == "null"


def test_a_stale_row_of_many_says_so_by_its_code(cast: Cast) -> None:
    actual(cast.indicators["立案数"], THIS_YEAR, 2)
    row = {"indicator_key": "立案数", "fiscal_year": THIS_YEAR, "value": "3", "version": 9}
    answer = Caller(cast.editor).call(
        "POST",
        "actuals/bulk/",
        {"organization": cast.city.pk, "rows": [row]},
        **{"Accept-Language": "en"},
    )
    (error,) = answer.json()["results"][0]["errors"]
    assert (error["field"], error["code"], error["value"]) == ("version", "stale", 9)
    assert not JAPANESE.search(error["message"])


@pytest.mark.parametrize("name", KINDS)
def test_each_kind_has_its_page_and_its_line_in_the_documentation(cast: Cast, name: str) -> None:
    kind = KINDS[name]
    page = reverse("api-problem", args=[name])
    assert Caller(cast.viewer).get(page).json()["remedy"] == kind.remedy
    english = Caller(cast.viewer).get(page, **{"Accept-Language": "en"}).json()
    assert (english["title"], english["remedy"]) == (kind.english_title, kind.english_remedy)
    documented = (Path(settings.BASE_DIR) / "docs/api/errors.md").read_text()
    assert f"| `{name}` | {kind.status} | {kind.title} | {kind.english_title} |" in documented
    assert f"| `{name}` | {kind.remedy} | {kind.english_remedy} |" in documented


def test_pages_stay_japanese(cast: Cast, sign_in: Any) -> None:
    page = sign_in(cast.viewer).get("/", headers={"Accept-Language": "en"})
    assert 'lang="ja"' in page.content.decode()
    assert translation.get_language() == "ja"
