"""The page on which a plan's tree is built: rows are added, and moved by hand, key or form.

With htmx an answer is the tree as it is now, with a message above it, or a question or form for the
dialog. Without scripts every step is a page of its own.
"""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from accounts import editing
from accounts.versions import StaleVersion
from dxportal.editors.tree import PlanTree, placements_under, plan_tree
from dxportal.editors.tree_forms import AddForm, MoveForm
from dxportal.views.editing import actor_of, crumbs, plan_to_edit
from plans.history import HistoryItem, history_of
from plans.models import Level, Measure, Plan
from plans.tree_editing import add_measure, move_measure, plan_move
from projects.models import Placement
from projects.placing import move_placement, plan_placement_move

MAX_NAMES = 10


@dataclass(frozen=True)
class Place:
    """Where a row stands: under which measure (None: at the top), and at which place there."""

    parent: Measure | None
    index: int


@dataclass(frozen=True)
class Undo:
    """The reverse move, offered beside the message of what was done."""

    url: str
    place: Place
    version: int


@dataclass(frozen=True)
class Told:
    """What the page says above the tree."""

    level: str
    text: str
    undo: Undo | None = None
    history: HistoryItem | None = None


@require_safe
def tree(request: HttpRequest, plan_pk: int) -> HttpResponse:
    return _tree(request, plan_to_edit(request, plan_pk))


@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest, plan_pk: int) -> HttpResponse:
    """A new measure under `?parent=`, behind those that are there; without it at the top."""
    plan = plan_to_edit(request, plan_pk)
    if plan.why_rows_are_locked:
        return _tree(request, plan, status=423)
    asked = request.GET.get("parent", "")
    rows = Measure.objects.visible_to(request.user).filter(plan=plan).select_related("level")
    parent = get_object_or_404(rows, pk=int(asked)) if asked.isdecimal() else None
    if request.method != "POST":
        return _add_form(request, plan, AddForm(plan, parent))
    form = AddForm(plan, parent, request.POST)
    if not form.is_valid():
        return _add_form(request, plan, form, 422)
    values = form.cleaned_data
    level = values["level"] or (form.levels[0] if form.levels else None)
    try:
        made = add_measure(
            actor_of(request), plan, parent, form.place, values["name"], values["code"], level
        )
    except editing.Locked as locked:
        return _tree(request, plan, Told("error", locked.messages[0]), status=423)
    except ValidationError as error:
        form.add_service_errors(error.message_dict)
        return _add_form(request, plan, form, 422)
    text = f"「{made}」を追加しました。"
    if not request.htmx:
        messages.success(request, text)
        return redirect(f"{_tree_url(plan)}#measure-{made.pk}")
    again = AddForm(plan, parent) if "again" in request.POST else None
    focus = again["name"].id_for_label if again else f"move-measure-{made.pk}"
    return _tree(request, plan, Told("success", text), focus=focus, moved=made.pk, adding=again)


def _add_form(request: HttpRequest, plan: Plan, form: AddForm, status: int = 200) -> HttpResponse:
    context = {"plan": plan, "form": form, "parent": form.parent, "title": "施策の追加"}
    if not request.htmx:
        context |= {"part": "editing/_tree_add_form.html", "breadcrumb": _way_to(plan, "追加")}
        return render(request, "editing/tree_form.html", context, status=status)
    answer = render(request, "editing/_tree_add_form.html", context, status=status)
    answer["HX-Retarget"] = f"#add-{form.parent.pk if form.parent else 'top'}"
    answer["HX-Reswap"] = "innerHTML"
    return answer


class Mover:
    """How a measure is moved; a placement is moved likewise."""

    kind = "measure"

    def __init__(self, request: HttpRequest, plan: Plan, pk: int) -> None:
        self.request = request
        self.plan = plan
        self.row: Any = get_object_or_404(self.rows(), pk=pk)

    def rows(self) -> Any:
        rows = Measure.objects.visible_to(self.request.user).filter(plan=self.plan)
        return rows.select_related("level", "parent")

    @property
    def url(self) -> str:
        return reverse(f"editing:tree_move_{self.kind}", args=[self.plan.pk, self.row.pk])

    @property
    def parent(self) -> Measure | None:
        return self.row.parent

    def place(self) -> Place:
        """Where the row stands now."""
        pks = list(self.siblings().values_list("pk", flat=True))
        return Place(self.parent, pks.index(self.row.pk))

    def siblings(self) -> Any:
        return Measure.objects.filter(plan=self.plan, parent=self.parent)

    def form(self, *data: Any) -> MoveForm:
        tree = plan_tree(self.plan)
        place = self.place()
        return MoveForm(
            self.plan,
            tree.most_together(placements=False) + 1,
            *data,
            without=() if data else tree.below(self.row),
            initial=_initial(place, self.row.version),
            auto_id=f"move-{self.kind}-{self.row.pk}-%s",
        )

    def question(self, place: Place, level: Level | None) -> dict[str, Any] | None:
        """What has to be asked before the move; None where it is done at once."""
        move = plan_move(self.row, place.parent, place.index, level)
        if move.refusal:
            raise ValidationError(move.refusal)
        placements = placements_under(row.measure for row in move.rows)
        if not move.asks_first and (move.is_reorder or not placements):
            return None
        after = move.rows[0].after
        named = [row for row in move.rows if row.changes_level or row.measure != self.row]
        return {
            "move": move,
            "named": named[:MAX_NAMES],
            "more": len(named[MAX_NAMES:]),
            "placements": placements,
            "after": after,
            "levels": Level.objects.filter(plan=self.plan, depth=after.depth)
            if move.rows[0].changes_level
            else [],
        }

    def move(self, place: Place, version: int, level: Level | None) -> Any:
        return move_measure(
            actor_of(self.request), self.row, place.parent, place.index, version, level
        )

    def changes_level(self, moved: Any) -> bool:
        return moved.level_id != self.row.level_id


class PlacementMover(Mover):
    kind = "placement"

    def rows(self) -> Any:
        rows = Placement.objects.visible_to(self.request.user).filter(plan=self.plan)
        return rows.select_related("project", "measure__level")

    @property
    def parent(self) -> Measure | None:
        return self.row.measure

    def siblings(self) -> Any:
        return Placement.objects.filter(measure=self.row.measure_id)

    def form(self, *data: Any) -> MoveForm:
        return MoveForm(
            self.plan,
            plan_tree(self.plan).most_together(placements=True) + 1,
            *data,
            is_placement=True,
            initial=_initial(self.place(), self.row.version),
            auto_id=f"move-{self.kind}-{self.row.pk}-%s",
        )

    def question(self, place: Place, level: Level | None) -> dict[str, Any] | None:
        assert place.parent is not None  # the form requires it
        move = plan_placement_move(self.row, place.parent, place.index)
        if move.refusal:
            raise ValidationError(move.refusal)
        return {"placement_move": move} if move.going_along else None

    def move(self, place: Place, version: int, level: Level | None) -> Any:
        assert place.parent is not None
        return move_placement(actor_of(self.request), self.row, place.parent, place.index, version)

    def changes_level(self, moved: Any) -> bool:
        return False


@require_http_methods(["GET", "HEAD", "POST"])
def move_measure_row(request: HttpRequest, plan_pk: int, pk: int) -> HttpResponse:
    return _move(request, Mover(request, plan_to_edit(request, plan_pk), pk))


@require_http_methods(["GET", "HEAD", "POST"])
def move_placement_row(request: HttpRequest, plan_pk: int, pk: int) -> HttpResponse:
    return _move(request, PlacementMover(request, plan_to_edit(request, plan_pk), pk))


def _move(request: HttpRequest, mover: Mover) -> HttpResponse:
    """GET asks where to; POST moves, or first asks whether to, where more goes along."""
    plan = mover.plan
    focus = f"move-{mover.kind}-{mover.row.pk}"
    if plan.why_rows_are_locked:
        return _tree(request, plan, status=423)
    if request.method != "POST":
        return _move_form(request, mover, mover.form())
    form = mover.form(request.POST)
    if not form.is_valid():
        return _refused(request, mover, form)
    values = form.cleaned_data
    target = Place(values["parent"], values["index"])
    before = mover.place()
    try:
        if values["version"] != mover.row.version:
            raise StaleVersion(mover.row)
        if "confirmed" not in request.POST:
            question = mover.question(target, values["level"])
            if question:
                return _ask(request, mover, form, question)
        moved = mover.move(target, values["version"], values["level"])
    except StaleVersion as stale:
        return _tree(request, plan, _who_was_quicker(request, stale), focus=focus, status=409)
    except editing.Locked as locked:
        return _tree(request, plan, Told("error", locked.messages[0]), focus=focus, status=423)
    except ValidationError as error:
        form.add_error(None, error.messages)  # type: ignore[arg-type]  # a list of messages is one
        return _refused(request, mover, form)
    text = _what_was_done(request, mover, moved, before, target)
    if not request.htmx:
        messages.success(request, text)
        return redirect(f"{_tree_url(plan)}#{mover.kind}-{moved.pk}")
    undo = None
    if "undo" not in request.POST and not mover.changes_level(moved):
        undo = Undo(mover.url, before, moved.version)
    return _tree(request, plan, Told("success", text, undo), focus=focus, moved=moved.pk)


def _initial(place: Place, version: int) -> dict[str, Any]:
    return {"parent": place.parent, "index": place.index, "version": version}


def _move_form(
    request: HttpRequest, mover: Mover, form: MoveForm, status: int = 200
) -> HttpResponse:
    return _step(request, mover, "editing/_tree_move_form.html", {"form": form}, status)


def _ask(
    request: HttpRequest, mover: Mover, form: MoveForm, question: dict[str, Any]
) -> HttpResponse:
    context = {"form": form, "target": form.cleaned_data["parent"], **question}
    return _step(request, mover, "editing/_tree_preview.html", context)


def _step(
    request: HttpRequest, mover: Mover, part: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    """A form or question: in the page's dialog, or without scripts as a page."""
    context |= {"plan": mover.plan, "row": mover.row, "kind": mover.kind, "move_url": mover.url}
    if not request.htmx:
        title = f"「{mover.row}」の移動"
        context |= {"part": part, "title": title, "breadcrumb": _way_to(mover.plan, title)}
        return render(request, "editing/tree_form.html", context, status=status)
    answer = render(request, part, context, status=status)
    answer["HX-Retarget"] = "#tree-dialog"
    answer["HX-Reswap"] = "innerHTML"
    return answer


def _refused(request: HttpRequest, mover: Mover, form: MoveForm) -> HttpResponse:
    """At the form that asked, else (dragged, or moved by key) above the tree."""
    if not request.htmx or "form" in request.POST:
        return _move_form(request, mover, form, 422)
    text = "".join(str(error) for errors in form.errors.values() for error in errors)
    focus = f"move-{mover.kind}-{mover.row.pk}"
    return _tree(request, mover.plan, Told("error", text), focus=focus, status=422)


def _who_was_quicker(request: HttpRequest, stale: StaleVersion) -> Told:
    last = next(iter(history_of(request.user, [stale.current], limit=1)), None)
    who = last.who if last else "ほかの人"
    text = (
        f"「{stale.current}」は、{who}が先に変更したため、移動していません。"
        "いまの体系を表示しています。確かめてから、もう一度操作してください。"
    )
    return Told("warning", text, history=last)


def _what_was_done(
    request: HttpRequest, mover: Mover, moved: Any, before: Place, target: Place
) -> str:
    if "undo" in request.POST:
        return f"「{moved}」を元の場所に戻しました。"
    place = f"{moved.position}番目"
    if before.parent == target.parent:
        return f"「{moved}」を{place}に移動しました。"
    there = f"「{target.parent}」の下" if target.parent else "いちばん上の階層"
    return f"「{moved}」を{there}の{place}に移動しました。"


def _tree(
    request: HttpRequest,
    plan: Plan,
    told: Told | None = None,
    *,
    focus: str = "",
    moved: int | None = None,
    adding: AddForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """The tree as it is now: all of the page, or for htmx only the tree."""
    found: PlanTree = plan_tree(plan)
    opened = request.GET.get("open", "")
    for branch in found.walk():
        branch.is_open = opened == "all" or (opened != "none" and branch.is_high)
    if adding is None and found.levels and not found.roots:
        adding = AddForm(plan, None)
    context = {
        "plan": plan,
        "tree": found,
        "locked": plan.why_rows_are_locked,
        "told": told,
        "focus": focus,
        "opened": opened,
        "moved": moved,
        "adding": adding,
        "adding_at": (adding.parent.pk if adding.parent else "top") if adding else "",
        "breadcrumb": _way_to(plan),
    }
    if not request.htmx:
        return render(request, "editing/tree.html", context, status=status)
    answer = render(request, "editing/_tree.html", context, status=status)
    # Whatever asked (a form in the dialog, a key, an undo), the tree answers.
    answer["HX-Retarget"] = "#plan-tree"
    answer["HX-Reswap"] = "outerHTML"
    return answer


def _tree_url(plan: Plan) -> str:
    return reverse("editing:tree", args=[plan.pk])


def _way_to(plan: Plan, here: str = "") -> list[tuple[str, str]]:
    way = crumbs(plan, ("施策体系", _tree_url(plan)))
    return [*way, (here, "")] if here else way
