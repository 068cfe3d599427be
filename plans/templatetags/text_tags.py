"""Texts that plans print in lines: `{{ text|lines }}` is a list, `{{ text|prose }}` paragraphs."""

from collections.abc import Iterable
from itertools import groupby

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

register = template.Library()

BULLETS = "・•●○■◆"


def _bare(line: str) -> str:
    return line.lstrip(BULLETS).strip()


def _list(lines: Iterable[str]) -> SafeString:
    items = format_html_join("", "<li>{}</li>", ((_bare(line),) for line in lines))
    return format_html("<ul>{}</ul>", items)


def _paragraphs(lines: Iterable[str]) -> SafeString:
    return format_html_join("", "<p>{}</p>", ((line,) for line in lines))


def _filled(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


@register.filter
def prose(text: str) -> SafeString:
    """Each line a paragraph; neighbouring lines that begin with a bullet are one list."""
    parts = [
        _list(lines) if bulleted else _paragraphs(lines)
        for bulleted, lines in groupby(_filled(text), key=lambda line: line[0] in BULLETS)
    ]
    return format_html_join("", "{}", ((part,) for part in parts))


@register.filter
def lines(text: str) -> SafeString:
    """One line is a paragraph, several are a list (of those with a bullet, where some have one)."""
    filled = _filled(text)
    if len(filled) > 1 and not any(line[0] in BULLETS for line in filled):
        return _list(filled)
    return prose(text)
