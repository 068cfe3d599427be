"""The API's sentences in English, for clients that ask for it with `Accept-Language: en`.

Services say why they refuse something in Japanese, where they refuse it; pages show that as it is.
Here each such sentence has its English, with `{}` where a name or a number stands. A sentence that
has none stays Japanese: its `title`, `code`, `field` and `value` say as much in any language.
"""

import re
from functools import cache
from operator import eq

from django.apps import apps
from django.db import models
from django.utils import translation

from accounts.policy import Act
from dxportal.rest.english import of_django
from dxportal.rest.english.sentences import SENTENCES
from plans import fiscal_years
from plans.procedure import Step

OURS = ("accounts", "plans", "projects", "kpi", "budgets", "dxportal")
# A choice with what it is called: reported（報告済）.
CHOICE = re.compile(r"(\w+)（(.+)）")
# How Django lists fields, in either language.
LISTED = re.compile(r", | と | and ")
YEAR = re.compile(r"(?:令和|平成|昭和)(?:\d+|元)(?:（\d{4}）)?年度")


def is_wanted() -> bool:
    """Whether the client that is being answered asked for English."""
    return (translation.get_language() or "").startswith("en")


def said(sentence: str) -> str:
    """The sentence in the language that the client asked for."""
    return in_english(sentence) if is_wanted() else sentence


def in_english(sentence: str) -> str:
    """The sentence in English, or as it is where no English of it is known."""
    found = _of_one(sentence)
    parts = [part for part in re.split(r"(?<=。)", sentence) if part]
    if found == sentence and len(parts) > 1:
        # Several sentences, one after the other: all of them, or none.
        each = [_of_one(part) for part in parts]
        return sentence if any(map(eq, each, parts)) else " ".join(each)
    return found


def _of_one(sentence: str) -> str:
    plain, patterns = _catalogue()
    if sentence in plain:
        return plain[sentence]
    for pattern, english in patterns:
        if matched := pattern.fullmatch(sentence):
            return english.format(*(_value(text) for text in matched.groups()))
    return sentence


def _value(text: str) -> str:
    """What stands in a sentence: another one, a name of ours, a list, or what was typed."""
    found = _names().get(text) or in_english(text)
    if found == text and "、" in text and "。" not in text:
        return ", ".join(_value(part) for part in text.split("、"))
    if (choice := CHOICE.fullmatch(text)) and choice[2] in _names():
        return choice[1]
    fields = [_names().get(part, "") for part in LISTED.split(text)]
    if all(fields):
        return ", ".join(fields)
    return YEAR.sub(_year, found)


def _year(matched: re.Match[str]) -> str:
    try:
        return f"fiscal year {fiscal_years.parse(matched[0])}"
    except ValueError:  # what somebody typed
        return matched[0]


@cache
def _catalogue() -> tuple[dict[str, str], list[tuple[re.Pattern[str], str]]]:
    """Whole sentences, and those with values in them: what says most in its own words first."""
    plain = {japanese: english for japanese, english in SENTENCES.items() if "{}" not in japanese}
    rest = [(japanese, english) for japanese, english in SENTENCES.items() if "{}" in japanese]
    rest.sort(key=lambda pair: len(pair[0].replace("{}", "")), reverse=True)
    patterns = [(_pattern(japanese), english) for japanese, english in rest]
    return plain, [*of_django.patterns(), *patterns]


def _pattern(japanese: str) -> re.Pattern[str]:
    return re.compile("(.*?)".join(map(re.escape, japanese.split("{}"))), re.DOTALL)


@cache
def _names() -> dict[str, str]:
    """What rows, their fields and their choices are called, by their names in the API."""
    names = {str(label): str(value) for enum in (Act, Step) for value, label in enum.choices}
    for model in (model for app in OURS for model in apps.get_app_config(app).get_models()):
        for field in model._meta.concrete_fields:
            for value, label in field.flatchoices:
                names.setdefault(str(label), str(value))
            names.setdefault(str(field.verbose_name), field.name)
    for model in (model for app in OURS for model in apps.get_app_config(app).get_models()):
        names[str(model._meta.verbose_name)] = _words(model)
    return names


def _words(model: type[models.Model]) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", model.__name__).lower()
