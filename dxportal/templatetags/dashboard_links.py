"""Links of the dashboards that keep to the page's plan, year and conditions."""

from functools import lru_cache
from typing import Any

from django import template
from django.template.defaultfilters import date
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.timezone import localtime

from budgets import money
from dxportal.dashboards.sources import Source

register = template.Library()

LINE = mark_safe("<br>")


@register.simple_tag(takes_context=True)
def dashboard_link(context: dict[str, Any], page: str) -> str:
    """`{% dashboard_link "budgets" %}`: another dashboard of the same scope."""
    name = page if page == "dashboard" else f"dashboard:{page}"
    return str(context["scope"].address(name))


@register.simple_tag(takes_context=True)
def chart_file(context: dict[str, Any], name: str, file_format: str) -> str:
    scope = context["scope"]
    more = {"as_of": scope.as_of.isoformat()} if scope.as_of else {}
    return f"{reverse('dashboard:chart', args=[name, file_format])}?{scope.query(**more)}"


@register.simple_tag(takes_context=True)
def source_of(context: dict[str, Any], row: Any, of: object) -> SafeString | str:
    """`{% source_of value.actual value.indicator %}`: where one figure of a table comes from."""
    return _folded(context["sources"].of(row), of)


@register.simple_tag(takes_context=True)
def source_of_sum(context: dict[str, Any], name: str, of: str) -> SafeString | str:
    """`{% source_of_sum "budget" "予算現額" %}`: where a sum comes from."""
    return _folded(context["sources"].sum(name), of)


def _folded(source: Source | None, of: object) -> SafeString | str:
    """A source beside its figure, folded; no partial, as a page has a hundred."""
    if source is None:
        return ""
    return format_html(
        '<details class="source"><summary>出典<span class="visually-hidden">：{}</span></summary>'
        "{}{}</details>",
        of,
        _told(source),
        format_html(
            '<a href="{}">{}<span class="visually-hidden">：{}</span></a>',
            source.link,
            source.link_text,
            of,
        )
        if source.link
        else "",
    )


@lru_cache(maxsize=1024)
def _told(source: Source) -> SafeString:
    """What a source says; many figures of a page were written by the same hand at once."""
    last = source.last
    told = [
        ("もとの記録", source.what),
        (
            "最後に書いた人と日時",
            f"{last.who}（{last.channel}）　{date(localtime(last.at), 'Y年n月j日 G:i')}"
            if last
            else "記録なし",
        ),
        *([("照会", source.round)] if source.round else []),
        ("資料", format_html_join(LINE, "{}", ((name,) for name in source.documents))),
    ]
    return format_html("<dl>{}</dl>", format_html_join("", "<dt>{}</dt><dd>{}</dd>", told))


@register.filter
def yen_in_thousands(amount: int | None) -> str:
    """In 千円 rounded half up, with commas; a dash where nothing is stated."""
    return "—" if amount is None else f"{money.thousands(amount):,}"


@register.filter
def item(mapping: dict[Any, Any], key: Any) -> Any:
    return mapping.get(key)
