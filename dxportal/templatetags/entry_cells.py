"""The controls of the entry grid, drawn without a template each: a page has up to two thousand."""

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from dxportal.rounds.cells import FLAG_ON, Cell
from dxportal.rounds.rows import Row

register = template.Library()

NOTHING = mark_safe("")


@register.simple_tag
def entry_cell(cell: Cell, row: Row, visible: str = "") -> SafeString:
    """`{% entry_cell cells.value row "実績" %}`: one control, or what stands in it if it is locked.

    `visible` is a label that is seen; without it the label is only heard.
    """
    return format_html(
        '<div class="entry-cell entry-cell--{}">{}'
        '<p class="entry-row__message" id="{}-error"{}>{}</p></div>',
        cell.field.kind,
        _locked(cell, visible) if cell.is_locked else _open(cell, str(row.title), visible),
        cell.html_id,
        NOTHING if cell.errors else mark_safe(" hidden"),
        format_html_join(" ", "＊{}", ((error,) for error in cell.errors)),
    )


def _locked(cell: Cell, visible: str) -> SafeString:
    label = format_html('<span class="entry-cell__label">{}</span>', visible) if visible else ""
    return format_html('{}<span class="prewrap">{}</span>', label, cell.shown or "（空欄）")


def _open(cell: Cell, title: str, visible: str) -> SafeString:
    if cell.field.kind == "flag":
        return _flag(cell, title)
    return _label(cell, title, visible) + CONTROLS.get(cell.field.kind, _line)(cell, title)


def _flag(cell: Cell, title: str) -> SafeString:
    return format_html(
        '<label class="checkbox small"><input type="checkbox" value="{}"{}{}>'
        '<span>{}<span class="visually-hidden">（{}）</span></span></label>',
        FLAG_ON,
        _common(cell),
        mark_safe(" checked") if cell.value else NOTHING,
        cell.field.label,
        title,
    )


def _label(cell: Cell, title: str, visible: str) -> SafeString:
    if not visible:
        return format_html(
            '<label class="visually-hidden" for="{}">{}の{}</label>',
            cell.html_id,
            title,
            cell.field.label,
        )
    return format_html(
        '<label class="entry-cell__label" for="{}">{}<span class="visually-hidden">（{}）</span>'
        "</label>",
        cell.html_id,
        visible,
        title,
    )


def _choice(cell: Cell, title: str) -> SafeString:
    options = format_html_join(
        "",
        '<option value="{}"{}>{}</option>',
        (
            (key, mark_safe(" selected") if key == cell.value else NOTHING, words)
            for key, words in cell.choices
        ),
    )
    return format_html("<select{}>{}</select>", _common(cell), options)


def _text(cell: Cell, title: str) -> SafeString:
    return format_html('<textarea rows="2"{}>{}</textarea>', _common(cell), cell.value)


def _line(cell: Cell, title: str) -> SafeString:
    field = cell.field
    return format_html(
        '<input type="text" value="{}" inputmode="decimal" autocomplete="off"{}{}>',
        cell.value,
        _common(cell),
        # The visible label is the short one: who listens is told the whole.
        format_html(' aria-label="{}（{}）"', field.label, title) if field.short else NOTHING,
    )


CONTROLS = {"choice": _choice, "text": _text}


def _common(cell: Cell) -> SafeString:
    """What static/js/grid.js and every browser need of each control."""
    field, html_id = cell.field, cell.html_id
    return format_html(
        ' id="{}" name="{}" form="form-{}" data-cell data-name="{}"{}{}',
        html_id,
        field.name,
        cell.item_pk,
        field.label,
        mark_safe(" data-pastes") if field.pastes else NOTHING,
        format_html(' aria-invalid="true" aria-describedby="{}-error"', html_id)
        if cell.errors
        else NOTHING,
    )
