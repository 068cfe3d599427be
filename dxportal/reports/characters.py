"""Characters that the report's font lacks: shown as 〓 with their number, and told of.

Left to the layout they would be a blank or the shape of some other font of the machine.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from html import unescape
from pathlib import Path

from fontTools.ttLib import TTFont

GETA = "〓"  # what Japanese printers set where a type is missing
# So many signs before and after a character tell where it stands.
AROUND = 15
# Signs that have no shape of their own: spaces, controls, joiners, variants of the sign before.
_SHAPELESS = {"Zs", "Zl", "Zp", "Cc", "Cf", "Mn"}


@dataclass(frozen=True)
class Missing:
    """A character, and the words in which it stands."""

    character: str
    words: str

    @property
    def code(self) -> str:
        return f"U+{ord(self.character):04X}"

    @property
    def shown(self) -> str:
        """What is printed in its place."""
        return f"{GETA}（{self.code}）"


@cache
def signs_of(fonts: tuple[Path, ...]) -> frozenset[str]:
    """The characters that every one of these fonts has."""
    maps = [TTFont(font, lazy=True).getBestCmap() for font in fonts]
    return frozenset(map(chr, set.intersection(*(set(one) for one in maps))))


def without_missing(html: str, fonts: tuple[Path, ...]) -> tuple[str, list[Missing]]:
    """The HTML with what can be printed alone, and what could not."""
    lacking = {
        sign for sign in set(html) - signs_of(fonts) if unicodedata.category(sign) not in _SHAPELESS
    }
    if not lacking:
        return html, []
    found = dict.fromkeys(_places(html, lacking))
    shown = {ord(one.character): one.shown for one in found}
    return html.translate(shown), list(found)


def _places(html: str, lacking: Iterable[str]) -> Iterable[Missing]:
    signs = re.escape("".join(sorted(lacking)))
    for match in re.finditer(f'[^<>"]{{0,{AROUND}}}([{signs}])[^<>"]{{0,{AROUND}}}', html):
        words = " ".join(unescape(match[0]).split())
        for sign in dict.fromkeys(re.findall(f"[{signs}]", match[0])):
            yield Missing(sign, words)
