"""What Django itself says of a row that it refuses, in either language.

It names the row and its fields in Japanese even in an English sentence, and a sentence that was
kept (the faults of a plan book) was said in Japanese.
"""

import re
from collections.abc import Iterator

from django.utils import translation
from django.utils.translation import gettext, ngettext

SAID = (
    "%(model_name)s with this %(field_labels)s already exists.",
    "%(model_name)s with this %(field_label)s already exists.",
    "Constraint “%(name)s” is violated.",
    "Ensure this value is less than or equal to %(limit_value)s.",
    "Ensure this value is greater than or equal to %(limit_value)s.",
    "This field cannot be null.",
    "This field cannot be blank.",
)
SAID_OF_SEVERAL = (
    "Ensure that there are no more than %(max)s digits in total.",
    "Ensure that there are no more than %(max)s decimal places.",
    "Ensure that there are no more than %(max)s digits before the decimal point.",
    "Ensure this value has at most %(limit_value)d characters (it has %(show_value)d).",
)
_VALUE = re.compile(r"%\((\w+)\)[sd]")


def patterns() -> Iterator[tuple[re.Pattern[str], str]]:
    """Each sentence in both languages, and its English with `{0}` for what stands in it."""
    with translation.override("ja"):
        japanese = {english: gettext(english) for english in SAID}
        for english in SAID_OF_SEVERAL:
            one = english.replace("digits", "digit").replace("places", "place")
            japanese[english] = ngettext(one.replace("characters", "character"), english, 2)
    for english, in_japanese in japanese.items():
        for sentence in (in_japanese, english):
            names = _VALUE.findall(sentence)
            yield (
                re.compile("(.*?)".join(map(re.escape, _VALUE.split(sentence)[::2])), re.DOTALL),
                _VALUE.sub(lambda found, n=names: f"{{{n.index(found[1])}}}", english),  # type: ignore[misc]
            )
