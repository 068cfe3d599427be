"""Refusals in English for who asks for it, in Japanese for everybody else."""

import ast
import csv
import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import translation

from dxportal.planbook.writer import lines_of, write_zip
from dxportal.rest.english import in_english
from dxportal.rest.english.sentences import SENTENCES
from dxportal.rest.problems import KINDS
from plans.models import Plan
from tests.api import Caller
from tests.cast import LAST_YEAR, THIS_YEAR, Cast, actual

JAPANESE = re.compile(r"[ぁ-ヿ一-鿿]")


APPS = ("accounts", "plans", "projects", "kpi", "budgets", "dxportal")


def sources() -> Iterator[Path]:
    base = Path(settings.BASE_DIR)
    for path in (path for app in APPS for path in (base / app).rglob("*.py")):
        if path.parent.name not in ("english", "migrations"):
            yield path.relative_to(base)


def parsed(path: Path) -> ast.Module:
    return ast.parse((Path(settings.BASE_DIR) / path).read_text())


def texts(tree: ast.AST) -> Iterator[str]:
    """The texts in a piece of code, `{}` for what is put into them; but for help and parts."""
    left_out = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            left_out |= {id(part) for part in node.values}
        elif isinstance(node, ast.keyword) and node.arg == "help_text":
            left_out |= {id(part) for part in ast.walk(node.value)}
    for node in (node for node in ast.walk(tree) if id(node) not in left_out):
        if isinstance(node, ast.JoinedStr):
            said = (str(p.value) if isinstance(p, ast.Constant) else "{}" for p in node.values)
            yield "".join(said)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield re.sub(r"\{\w*\}|%\(\w+\)s", "{}", node.value)


def in_the_code() -> Iterator[str]:
    for path in sources():
        yield from texts(parsed(path))


def test_every_sentence_is_still_said_and_its_english_is_english() -> None:
    said = set(in_the_code())
    # accounts/editing.py puts a verb to the name of what it is about.
    said |= {f"{{}}の{verb}" for verb in ("登録", "変更", "削除") if verb in said}
    assert sorted(set(SENTENCES) - said) == []
    for japanese, english in SENTENCES.items():
        assert not JAPANESE.search(english.replace("23億2,559万4千円", "")), english
        assert english.format(*"12345"), japanese


# What pages alone say: forms, printed matter, files for citizens, the operator's commands; and
# what is stored of a webhook's delivery.
PAGES = re.compile(
    r"/(views|management|forms|dashboards|templatetags)/|/public/(?!services|versions)"
    r"|(views|forms|_pages|admin|oidc|listing)\.py|reports/(docx|xlsx|text)"
    r"|^dxportal/(settings|checks|example|tasks)\.py|planbook/country"
    r"|webhooks/(sending|signing|addresses)"
)
# What makes a refusal of a sentence: exceptions, and the faults of books.
REFUSES = re.compile(
    r"(.*(Error|Denied|NotFound|Locked|Refused|Throttled|APIException|Fault)|_?fault|fail|require)$"
)
# Modules whose sentences go into faults from wherever they stand in them.
OF_FAULTS = re.compile(
    r"planbook/(cells|changes|loader|locks|mapped|mapped_cells|plan_index|reader|removal|tables)"
    r"|rounds/entry_book_(cells|changes|file|reading)"
)


def refusing(path: Path) -> Iterator[ast.AST]:
    """The pieces of a module that refuse something."""
    tree = parsed(path)
    if OF_FAULTS.search(str(path)):
        yield tree
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise | ast.Yield):
            yield node
        elif isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if REFUSES.match(name):
                yield node
            yield from (k for k in node.keywords if k.arg == "violation_error_message")
        elif isinstance(node, ast.FunctionDef) and re.search("why|reason", node.name):
            yield from (found for found in ast.walk(node) if isinstance(found, ast.Return))


def test_what_can_be_refused_over_the_api_has_its_english() -> None:
    wrong = {
        (str(path), text)
        for path in sources()
        if not PAGES.search(str(path))
        for node in refusing(path)
        for text in texts(node)
        if text.endswith("。") and JAPANESE.search(in_english(text.replace("{}", "x")))
    }
    assert wrong == set()


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


def test_what_django_says_of_a_row_names_it_in_english(cast: Cast) -> None:
    body = {"plan": cast.plan.pk, "indicator": cast.indicators["来訪者"].pk, "value": "1"}
    body |= {"fiscal_year": 2029}
    coordinator = Caller(cast.coordinator)
    assert coordinator.post("targets/", body).status_code == 201
    again = coordinator.call("POST", "targets/", body, **{"Accept-Language": "en"}).json()
    assert "target with this indicator, fiscal_year, kind" in again["detail"], again
    assert not any(JAPANESE.search(error["message"]) for error in again["errors"])


def test_the_faults_of_a_book_are_told_in_either_language(cast: Cast, files: Path) -> None:
    """What was checked once is told to each caller in their own language."""
    coordinator = Caller(cast.coordinator)
    spoiled = {
        "measures": {"key": "", "parent": "なし", "position": "-1"},
        "projects": {"first_fiscal_year": "R7"},
        "values": {"fiscal_year": "2024", "kind": "actual", "value": "約3", "status": "x"},
    }
    sent = {"organization": cast.city.pk, "plan": cast.plan.pk}
    sent["file"] = SimpleUploadedFile("book.zip", _spoiled(cast.plan, spoiled))
    for uploaded in ("ja", "en"):
        made = coordinator.call("POST", "books/", sent, **{"Accept-Language": uploaded})
        address = f"books/{made.json()['id']}/preview/"
        for language in ("ja", "en"):
            answer = coordinator.get(address, **{"Accept-Language": language})
            faults = answer.json()["faults"]
            assert len(faults) >= 6, faults
            for fault in faults:
                in_japanese = bool(JAPANESE.search(re.sub("（[^（]*）", "", fault["reason"])))
                assert in_japanese is (language == "ja"), fault


def _spoiled(plan: Plan, cells: dict[str, dict[str, str]]) -> bytes:
    """The book of a plan with these cells in the first row of each sheet."""
    book, made = io.BytesIO(), io.BytesIO()
    write_zip(lines_of(plan), book)
    with zipfile.ZipFile(book) as read, zipfile.ZipFile(made, "w") as write:
        for name in read.namelist():
            rows = list(csv.reader(io.StringIO(read.read(name).decode("utf-8-sig"))))
            for column, text in cells.get(name.removesuffix(".csv"), {}).items():
                rows[1][rows[0].index(column)] = text
            text = io.StringIO()
            csv.writer(text).writerows(rows)
            write.writestr(name, text.getvalue())
    return made.getvalue()


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
