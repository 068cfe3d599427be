"""Rows that define a plan, created, changed and deleted over the API.

What may be written, and the verbs that write it, are read off the declared editors, so pages and
API have one rule: a new field of an editor is a new field of the API.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from django.apps import apps
from django.db import models
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import editing
from accounts.models import Deletion, Department
from accounts.rest.authentication import actor_of
from accounts.rest.bulk import MAX_ID
from accounts.rest.viewsets import (
    ReadOnlyRows,
    Rows,
    RowSerializer,
    StrictSerializer,
    VersionRead,
    WritesWithVersion,
    find_visible,
)
from accounts.rows import organization_id_of, plan_id_of
from accounts.versions import Versioned
from dxportal.editors.editor import Editor
from dxportal.editors.forms import free_key
from dxportal.editors.registry import BY_KIND
from dxportal.filters import DeletionFilterSet
from kpi.models import IndicatorUse
from plans.models import Level, Measure, Plan
from plans.tree_editing import add_measure, move_measure
from projects.models import Placement, Project, Tag
from projects.placing import move_placement

NOT_HERE = "この番号の行はありません。"


class VisibleRow(serializers.PrimaryKeyRelatedField):
    """A row by its number, among those that the person may see."""

    default_error_messages = {"does_not_exist": NOT_HERE}

    def get_queryset(self) -> Any:
        request = self.context.get("request")
        rows: Any = self.queryset  # type: ignore[arg-type]  # not a model's manager
        return rows.none() if request is None else rows.all().visible_to(request.user)

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, bool) or not isinstance(data, int):
            self.fail("incorrect_type", data_type=type(data).__name__)
        if not 0 < data <= MAX_ID:
            self.fail("does_not_exist")
        return super().to_internal_value(data)


class WholeNumber(serializers.IntegerField):
    """A JSON number without fraction, nothing that only looks like one."""

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool) or not isinstance(data, int):
            self.fail("invalid")
        return int(super().to_internal_value(data))


class ExactDecimal(serializers.DecimalField):
    """A decimal as text, so that no digit is lost on the way."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            raise ValidationError('小数は文字列で送ってください（例："12.3"）。')
        return super().to_internal_value(data)


class RowBody(StrictSerializer, serializers.ModelSerializer):
    """The fields of an editor. Uniqueness is the service's question."""

    serializer_related_field = VisibleRow
    serializer_field_mapping = {
        **serializers.ModelSerializer.serializer_field_mapping,
        models.DecimalField: ExactDecimal,
        **dict.fromkeys(
            (
                models.BigIntegerField,
                models.IntegerField,
                models.PositiveIntegerField,
                models.PositiveSmallIntegerField,
                models.SmallIntegerField,
            ),
            WholeNumber,
        ),
    }

    def get_uniqueness_extra_kwargs(
        self, field_names: Any, declared_fields: Any, extra_kwargs: Any
    ) -> Any:
        return extra_kwargs, {}

    def get_unique_together_validators(self) -> list[Any]:
        return []


def body_of(
    editor: Editor, verb: str, names: Iterable[str], optional: bool, **more: Any
) -> type[RowBody]:
    """The body of creating or changing one kind of rows; `more` are fields beside the row's own."""
    names = tuple(names)
    options = {name: {"required": False} for name in names if optional or name == "key"}
    meta = type(
        "Meta",
        (),
        {"model": editor.model, "fields": [*names, *more], "extra_kwargs": options},
    )
    return type(f"{editor.model.__name__}{verb}Serializer", (RowBody,), {**more, "Meta": meta})


@dataclass
class Said:
    """What was sent, in the shape in which the editors' verbs read a form."""

    instance: models.Model
    cleaned_data: dict[str, Any]
    own: dict[str, Any]
    data: Mapping[str, Any] = field(default_factory=dict)

    @property
    def changed_data(self) -> list[str]:
        return list(self.cleaned_data)

    def changes(self) -> dict[str, Any]:
        return self.own


class WentAlongSerializer(serializers.Serializer):
    kind = serializers.CharField(label="種類")
    count = serializers.IntegerField(label="件数")


class DeletedSerializer(serializers.Serializer):
    deletion = serializers.IntegerField(
        label="削除の番号", help_text="`deletions` の `restore` で元に戻せます。"
    )
    went_along = WentAlongSerializer(many=True, label="一緒に削除された行")


class EditedRows(WritesWithVersion, ReadOnlyRows):
    """What the writes of a resource that can be edited have in common."""

    editor: ClassVar[Editor]
    # A tag scheme has a `version` of another meaning, and no other.
    is_versioned: ClassVar[bool] = True

    def own_fields(self, body: Mapping[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in body.items() if name in self.editor.fields}

    def require_fits(
        self, organization_id: int, plan_id: int | None, body: Mapping[str, Any]
    ) -> None:
        """What a body points to is of the same organization, and of the plan if of any."""
        for name, value in body.items():
            if not isinstance(value, models.Model):
                continue
            of_plan = plan_id_of(value)
            elsewhere = plan_id is not None and of_plan is not None and of_plan != plan_id
            if elsewhere or organization_id_of(value) != organization_id:
                raise ValidationError({name: NOT_HERE})


class CreatesRows(EditedRows):
    def create(self, request: Request) -> Response:
        body = self.body()
        plan = find_visible(
            Plan.objects.select_related("organization"), request, body.pop("plan"), "plan"
        )
        return self.created(self.make(plan, body).pk)

    def make(self, plan: Plan, body: dict[str, Any]) -> models.Model:
        """The new row, by the editor's verb."""
        self.require_fits(plan.organization_id, plan.pk, body)
        instance, own = self.editor.new(plan), self.own_fields(body)
        for name, value in own.items():
            setattr(instance, name, value)
        self._fill_key(instance, plan)
        self.editor.put_last(instance)
        return self.editor.create(actor_of(self.request), plan, Said(instance, body, own))

    def _fill_key(self, row: Any, plan: Plan) -> None:
        """The identifier that a page would give."""
        editor = self.editor
        if not editor.identifier or row.key:
            return
        taken = (editor.key_within or editor.rows)(self.request.user, plan)  # type: ignore[arg-type]
        said = [str(getattr(row, name, "") or "") for name in editor.key_from]
        longest = row._meta.get_field("key").max_length or 50
        keys = set(taken.values_list("key", flat=True))
        row.key = free_key(next((text for text in said if text.strip()), ""), keys, longest)


class ChangesRows(EditedRows):
    def partial_update(self, request: Request, pk: str) -> Response:
        """Only what is sent changes; `version` must be the one that was read."""
        row = self.get_object()
        body = self.body()
        version = body.pop("version") if self.is_versioned else None
        plan_id = plan_id_of(row)
        self.require_fits(organization_id_of(row), plan_id, body)
        plan: Any = plan_id and Plan.objects.get(pk=plan_id)
        said = Said(row, body, self._changes(row, body))
        self.editor.change(actor_of(request), plan, row, said, version)
        return Response(self.represent(row.pk))

    def _changes(self, row: models.Model, body: Mapping[str, Any]) -> dict[str, Any]:
        """The row's own fields; one that goes elsewhere is numbered last there."""
        changes = self.own_fields(body)
        moved: Any = type(row)._base_manager.get(pk=row.pk)
        within = self.editor.numbered_within
        if any(name in changes and changes[name] != getattr(moved, name) for name in within):
            for name, value in changes.items():
                setattr(moved, name, value)
            self.editor.put_last(moved)
            changes["position"] = moved.position
        return changes


class DeletesRows(EditedRows):
    @extend_schema(responses={200: DeletedSerializer})
    def destroy(self, request: Request, pk: str) -> Response:
        """Delete the row with what hangs on it; all of it can be restored."""
        row = self.get_object()
        version = self.version_in_address() if self.is_versioned else None
        deletion = self.editor.delete(actor_of(request), row, version)
        return Response({"deletion": deletion.pk, "went_along": went_along(deletion)})


def went_along(deletion: Deletion) -> list[dict[str, Any]]:
    """How many rows of which kind a deletion took besides the row itself."""
    made = (apps.get_model(row["model"])._meta for row in deletion.rows[1:])
    counts = Counter(str(meta.verbose_name) for meta in made if not meta.auto_created)
    return [{"kind": kind, "count": count} for kind, count in counts.items()]


PLAN = {
    "plan": serializers.IntegerField(
        label="計画", min_value=1, max_value=MAX_ID, help_text="その計画の編集として行います。"
    )
}
# What creating takes besides the row's own fields, as on the pages.
MORE_TO_CREATE: dict[str, dict[str, serializers.Field]] = {
    "project": {
        "measure": VisibleRow(
            queryset=Measure.objects.all(), label="掲載する施策", help_text="その計画の施策。"
        ),
        "placement_code": serializers.CharField(
            label="番号（PID）", max_length=50, required=False, allow_blank=True, default=""
        ),
        "department": VisibleRow(
            queryset=Department.objects.all(),
            label="所管課",
            required=False,
            allow_null=True,
            default=None,
        ),
    },
    "indicator": {
        "measure": VisibleRow(
            queryset=Measure.objects.all(),
            label="使う施策",
            required=False,
            allow_null=True,
            default=None,
            help_text="施策か事業の、どちらか1つ。",
        ),
        "project": VisibleRow(
            queryset=Project.objects.all(),
            label="使う事業",
            required=False,
            allow_null=True,
            default=None,
        ),
        "role": serializers.ChoiceField(
            label="使い方", choices=IndicatorUse.Role.choices, default=IndicatorUse.Role.KPI
        ),
    },
}
TOLD = {
    "create": (
        "{noun}を作る",
        "計画を編集する権限（事務局）が必要です。固定された計画や旧版では423です。",
    ),
    "partial_update": (
        "{noun}を直す",
        "送った項目だけを変えます（省いた項目はそのままです）。固定された計画や旧版では423です。",
    ),
    "destroy": (
        "{noun}を削除する",
        "ぶら下がる行も一緒に削除し、その件数を返します。記録があるもの、ほかから使われているものは"
        "400です。`deletions` の `restore` で元に戻せます。",
    ),
}


MORE_TO_CHANGE: dict[str, dict[str, serializers.Field]] = {
    "measure": {
        "tags": VisibleRow(
            queryset=Tag.objects.all(),
            many=True,
            required=False,
            label="タグ",
            help_text="送ると、施策のタグはちょうどこれらになります。",
        )
    }
}


def editable(kind: str, view: type[Rows], *acts: type) -> type[Rows]:
    """A resource that can be edited as the editor of this kind declares it.

    `acts` are mixins with writes of its own, such as those of the tree.
    """
    editor = BY_KIND[kind]
    changed = [name for name in editor.fields if name not in editor.fixed]
    is_versioned = issubclass(editor.model, Versioned)
    more = {**({"version": VersionRead()} if is_versioned else {}), **MORE_TO_CHANGE.get(kind, {})}
    bodies: dict[str, type[StrictSerializer]] = {
        "partial_update": body_of(editor, "Change", changed, True, **more)
    }
    bases: list[type[EditedRows]] = [ChangesRows]
    if editor.can_add:
        more = {**PLAN, **MORE_TO_CREATE.get(kind, {})}
        bodies["create"] = body_of(editor, "Create", editor.fields, False, **more)
        bases.append(CreatesRows)
    if kind != "plan":
        bases.append(DeletesRows)
    members: dict[str, Any] = {
        "editor": editor,
        "body_classes": _merged("body_classes", view, *acts) | bodies,
        "is_versioned": is_versioned,
        "parameters": _merged("parameters", view, *acts)
        | {"destroy": ["version"] if is_versioned else []},
        "told": TOLD | _merged("told", view, *acts),
        "__doc__": view.__doc__,
    }
    return type(view.__name__, (*acts, *bases, view), members)


def _merged(name: str, *classes: type) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for one in classes:
        found |= getattr(one, name, {})
    return found


class MeasureCreateSerializer(StrictSerializer):
    """A measure takes its place in the tree; what it says besides is changed afterwards."""

    plan = serializers.IntegerField(label="計画", min_value=1, max_value=MAX_ID)
    parent: Any = VisibleRow(
        queryset=Measure.objects.all(),
        label="上位の施策",
        required=False,
        allow_null=True,
        default=None,
        help_text="nullはいちばん上。",
    )
    level = VisibleRow(
        queryset=Level.objects.all(),
        label="階層",
        required=False,
        allow_null=True,
        default=None,
        help_text="省くと、そこでふつうの階層。",
    )
    index = serializers.IntegerField(
        label="並び", min_value=0, max_value=10_000, default=10_000, help_text="0が先頭。"
    )
    name = serializers.CharField(label="名称", max_length=300)
    code = serializers.CharField(label="番号", max_length=50, default="", allow_blank=True)


class MeasureMoveSerializer(StrictSerializer):
    parent: Any = VisibleRow(
        queryset=Measure.objects.all(),
        label="上位の施策",
        allow_null=True,
        help_text="nullはいちばん上。",
    )
    level = VisibleRow(
        queryset=Level.objects.all(), label="階層", required=False, allow_null=True, default=None
    )
    index = serializers.IntegerField(
        label="並び", min_value=0, max_value=10_000, help_text="0が先頭。"
    )
    version = VersionRead()


class TreeActs(EditedRows):
    """Measures are put into the tree, and moved in it, by the tree's own verbs."""

    body_classes = {"create": MeasureCreateSerializer, "move": MeasureMoveSerializer}
    told = {"move": ("{noun}を移す", "下位の施策も一緒に移り、階層が変わることがあります。")}

    def create(self, request: Request) -> Response:
        body = self.body()
        plan = find_visible(
            Plan.objects.select_related("organization"), request, body.pop("plan"), "plan"
        )
        self.require_fits(plan.organization_id, plan.pk, body)
        return self.created(add_measure(actor_of(request), plan, **body).pk)

    @action(detail=True, methods=["post"], filter_backends=[])
    def move(self, request: Request, pk: str) -> Response:
        found = Measure.objects.select_related("plan__organization", "level")
        measure = found.get(pk=self.get_object().pk)
        body = self.body()
        self.require_fits(measure.plan.organization_id, measure.plan_id, body)
        version = body.pop("version")
        move_measure(actor_of(request), measure, expected_version=version, **body)
        return Response(self.represent(measure.pk))


class PlacementMoveSerializer(StrictSerializer):
    measure: Any = VisibleRow(queryset=Measure.objects.all(), label="移す先の施策")
    index = serializers.IntegerField(
        label="並び", min_value=0, max_value=10_000, help_text="0が先頭。"
    )
    version = VersionRead()


class PlacementActs(EditedRows):
    """Placements are moved in the tree by the tree's own verb."""

    body_classes = {"move": PlacementMoveSerializer}
    told = {"move": ("{noun}を移す", "そこに書かれた年次の予定と、事業のタグも一緒に移ります。")}

    @action(detail=True, methods=["post"], filter_backends=[])
    def move(self, request: Request, pk: str) -> Response:
        found = Placement.objects.select_related("plan__organization", "project")
        placement = found.get(pk=self.get_object().pk)
        body = self.body()
        self.require_fits(placement.plan.organization_id, placement.plan_id, body)
        version = body.pop("version")
        move_placement(actor_of(request), placement, expected_version=version, **body)
        return Response(self.represent(placement.pk))


class DeletionSerializer(RowSerializer):
    went_along = serializers.SerializerMethodField(label="一緒に削除された行")

    class Meta:
        model = Deletion
        fields = [
            "id",
            "organization",
            "plan_id",
            "object_type",
            "object_id",
            "object_label",
            "went_along",
            "deleted_by_name",
            "channel",
            "deleted_at",
            "restored_at",
        ]

    def get_went_along(self, deletion: Deletion) -> WentAlongSerializer(many=True):  # type: ignore[valid-type]
        return went_along(deletion)


class RestoreSerializer(StrictSerializer):
    """Nothing is asked but the deletion itself."""


class RestoredSerializer(serializers.Serializer):
    restored = serializers.IntegerField(label="元に戻した行の数")


class DeletionViewSet(WritesWithVersion, ReadOnlyRows):
    queryset = Deletion.objects.all()
    serializer_class = DeletionSerializer
    filterset_class = DeletionFilterSet
    body_classes = {"restore": RestoreSerializer}
    about = "計画を形づくる行の削除です。元に戻すまで、消えた行の内容を残しています。"
    told = {
        "restore": (
            "削除を元に戻す",
            "同じ番号の行に戻ります。あとから同じ識別子の行ができたときなどは400です。",
        )
    }

    @extend_schema(responses=RestoredSerializer)
    @action(detail=True, methods=["post"], filter_backends=[])
    def restore(self, request: Request, pk: str) -> Response:
        deletion = self.get_object()
        self.body()
        return Response({"restored": len(editing.restore(actor_of(request), deletion))})
