"""Reorganising departments over the API: looked at first (`dry_run`), then done as it was seen."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api import OrganizationViewSet
from accounts.department_forms import FIRST_DAY, LAST_DAY
from accounts.models import Department, Organization
from accounts.rest.authentication import actor_of
from accounts.rest.viewsets import StrictSerializer, WritesWithVersion, find_visible
from dxportal.reorganization.open_items import OpenItem
from dxportal.reorganization.services import (
    Move,
    MovePreview,
    Preview,
    Shares,
    Successor,
    default_place,
    default_roles,
    preview_reorganization,
    reorganize,
)

MOST_MOVES, MOST_ITEMS = 60, 10_000
MOST = 2**63 - 1


class SuccessorSerializer(StrictSerializer):
    department = serializers.IntegerField(
        label="新部局", min_value=1, max_value=MOST, required=False, help_text="ある部局のとき。"
    )
    name = serializers.CharField(
        label="新しい部局の名称", max_length=100, required=False, help_text="新しく作るとき。"
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len(attrs) != 1:
            raise ValidationError("department か name の、どちらか1つを指定してください。")
        return attrs


class MoveSerializer(StrictSerializer):
    old = serializers.IntegerField(label="旧部局", min_value=1, max_value=MOST)
    successors: serializers.ListSerializer = serializers.ListSerializer(
        child=SuccessorSerializer(),
        label="引継ぎ先",
        allow_empty=False,
        max_length=MOST_MOVES,
        help_text="旧部局を含めると、旧部局は残って一部だけを引き継ぎます。",
    )


class ItemChoiceSerializer(StrictSerializer):
    type = serializers.CharField(label="種類", max_length=100)
    id = serializers.IntegerField(label="番号", min_value=1, max_value=MOST)
    to = serializers.IntegerField(
        label="引継ぎ先の順番", min_value=0, max_value=MOST_MOVES, help_text="0が先頭。"
    )


class RoleChoiceSerializer(StrictSerializer):
    id = serializers.IntegerField(label="番号", min_value=1, max_value=MOST)
    to = serializers.ListField(
        child=serializers.IntegerField(min_value=0, max_value=MOST_MOVES),
        max_length=MOST_MOVES,
        label="引継ぎ先の順番",
        help_text="いくつでも。空なら、もとの部局に残ります。",
    )


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "観光課を2つに分ける（確かめるだけ）",
            {
                "on": "2027-04-01",
                "moves": [{"old": 12, "successors": [{"department": 12}, {"name": "物産課"}]}],
                "dry_run": True,
            },
        ),
        OpenApiExample(
            "確かめたとおりに行う",
            {
                "on": "2027-04-01",
                "moves": [{"old": 12, "successors": [{"department": 12}, {"name": "物産課"}]}],
                "items": [{"type": "kpi.indicator", "id": 88, "to": 1}],
                "seen": "9f86d081884c7d659a2f",
            },
        ),
    ]
)
class ReorganizeSerializer(StrictSerializer):
    on = serializers.DateField(
        label="改編日",
        validators=[
            MinValueValidator(FIRST_DAY, "1900年1月1日以後の日付にしてください。"),
            MaxValueValidator(LAST_DAY, "2199年12月31日以前の日付にしてください。"),
        ],
        help_text="新しい組織になる最初の日。旧部局は、その前日までになります。",
    )
    moves: serializers.ListSerializer = serializers.ListSerializer(
        child=MoveSerializer(), label="引継ぎ", allow_empty=False, max_length=MOST_MOVES
    )
    items: serializers.ListSerializer = serializers.ListSerializer(
        child=ItemChoiceSerializer(),
        required=False,
        max_length=MOST_ITEMS,
        label="項目の引継ぎ先",
        help_text="省いた項目は、残る旧部局か、先頭の引継ぎ先のものになります。",
    )
    roles: serializers.ListSerializer = serializers.ListSerializer(
        child=RoleChoiceSerializer(),
        required=False,
        max_length=MOST_ITEMS,
        label="役割の引継ぎ先",
        help_text="省いた役割は、残る旧部局か、すべての引継ぎ先のものになります。",
    )
    seen = serializers.CharField(
        label="確かめた内容の要約値",
        max_length=64,
        required=False,
        help_text="`dry_run` の応答の `seen`。行うときは必須です。",
    )
    dry_run = serializers.BooleanField(
        label="試行", default=False, help_text="trueなら、何が引き継がれるかを返すだけです。"
    )


class HandedItemSerializer(serializers.Serializer):
    type = serializers.CharField(label="種類")
    id = serializers.IntegerField(label="番号")
    kind = serializers.CharField(label="種類の名称")
    name = serializers.CharField(label="名称")
    place = serializers.CharField(label="計画など", allow_blank=True)
    to = serializers.IntegerField(
        label="引継ぎ先の順番",
        allow_null=True,
        help_text="nullは、もとの施策・指標・事業と一緒に移る照会の項目です（選べません）。",
    )


class HandedRoleSerializer(serializers.Serializer):
    id = serializers.IntegerField(label="番号")
    role = serializers.CharField(label="役割")
    person = serializers.CharField(label="利用者")
    to = serializers.ListField(child=serializers.IntegerField(), label="引継ぎ先の順番")


class MovePreviewSerializer(serializers.Serializer):
    old = serializers.IntegerField(label="旧部局")
    successors = serializers.ListField(child=serializers.CharField(), label="引継ぎ先の名称")
    items = HandedItemSerializer(many=True, label="引き継ぐ項目")
    roles = HandedRoleSerializer(many=True, label="引き継ぐ役割")


class ReorganizedSerializer(serializers.Serializer):
    on = serializers.DateField(label="改編日")
    dry_run = serializers.BooleanField(label="試行")
    seen = serializers.CharField(label="内容の要約値", help_text="行うときに `seen` で送ります。")
    moves = MovePreviewSerializer(many=True, label="引継ぎ")
    handed_over = serializers.IntegerField(
        label="引き継いだ項目の数", help_text="試行では、引き継ぐことになる数。"
    )
    roles_changed = serializers.IntegerField(label="変わった役割の数", help_text="試行では0。")
    created = serializers.ListField(
        child=serializers.IntegerField(), label="作った部局", help_text="試行では空。"
    )


class OrganizationActs(WritesWithVersion, OrganizationViewSet):
    body_classes = {"reorganize": ReorganizeSerializer}
    told = {
        "reorganize": (
            "部局を改編する",
            "統合・分割・改称・廃止を、担当の施策・事業・指標・照会の項目と役割ごと引き継ぎます。"
            "`dry_run` で確かめ、その `seen` を付けて行います。確かめたあとで引き継ぐものが変わって"
            "いれば、何もせずに400（`code` は `changed`）です。事務局だけができます。",
        )
    }

    @extend_schema(responses={200: ReorganizedSerializer})
    @action(detail=True, methods=["post"], filter_backends=[])
    def reorganize(self, request: Request, pk: str) -> Response:
        organization: Organization = self.get_object()
        body = self.body()
        moves = self._moves(organization, body["moves"])
        actor = actor_of(request)
        preview = preview_reorganization(actor, organization, body["on"], moves)
        shares = _shares(preview, body)
        told = {
            "on": preview.on,
            "dry_run": body["dry_run"],
            "seen": preview.fingerprint,
            "moves": [_told(part, shares) for part in preview.moves],
            "handed_over": preview.count,
            "roles_changed": 0,
            "created": [],
        }
        if not body["dry_run"]:
            if "seen" not in body:
                raise ValidationError({"seen": "dry_run で確かめた seen を指定してください。"})
            done = reorganize(actor, organization, body["on"], moves, shares, body["seen"])
            told |= {
                "handed_over": done.items,
                "roles_changed": done.roles,
                "created": [department.pk for department in done.created],
            }
        return Response(ReorganizedSerializer(told).data)

    def _moves(self, organization: Organization, said: Sequence[Mapping[str, Any]]) -> list[Move]:
        return [
            Move(
                self._department(organization, move["old"], f"moves.{place}.old"),
                tuple(
                    self._successor(organization, successor, f"moves.{place}.successors.{number}")
                    for number, successor in enumerate(move["successors"])
                ),
            )
            for place, move in enumerate(said)
        ]

    def _successor(
        self, organization: Organization, said: Mapping[str, Any], path: str
    ) -> Successor:
        if "name" in said:
            return str(said["name"])
        return self._department(organization, said["department"], f"{path}.department")

    def _department(self, organization: Organization, pk: int, path: str) -> Department:
        rows = Department.objects.filter(organization=organization)
        department: Department = find_visible(rows, self.request, pk, path)
        return department


def _shares(preview: Preview, body: Mapping[str, Any]) -> Shares:
    """Who gets what; a choice of something that nobody asks about is refused by its place."""
    asked = {i.thing: part for part in preview.moves for i in part.asked}
    roles = {role.row.pk: part for part in preview.moves for role in part.roles}
    items: dict[tuple[str, int], int] = {}
    wrong: dict[str, str] = {}
    for place, choice in enumerate(body.get("items", ())):
        thing = (choice["type"], choice["id"])
        if thing not in asked or choice["to"] >= len(asked[thing].move.successors):
            wrong[f"items.{place}"] = "引き継ぐ項目にないか、引継ぎ先の順番が違います。"
        items[thing] = choice["to"]
    of_roles: dict[int, tuple[int, ...]] = {}
    for place, choice in enumerate(body.get("roles", ())):
        part = roles.get(choice["id"])
        if part is None or any(to >= len(part.move.successors) for to in choice["to"]):
            wrong[f"roles.{place}"] = "引き継ぐ役割にないか、引継ぎ先の順番が違います。"
        of_roles[choice["id"]] = tuple(dict.fromkeys(choice["to"]))
    if wrong:
        raise ValidationError(wrong)
    return Shares(items, of_roles)


def _told(part: MovePreview, shares: Shares) -> dict[str, Any]:
    return {
        "old": part.move.old.pk,
        "successors": [str(successor) for successor in part.move.successors],
        "items": [_item(part, item, shares) for item in [*part.things, *part.round_items]],
        "roles": [
            {
                "id": role.row.pk,
                "role": role.kind,
                "person": role.name,
                "to": shares.roles.get(role.row.pk, default_roles(part.move)),
            }
            for role in part.roles
        ],
    }


def _item(part: MovePreview, item: OpenItem, shares: Shares) -> dict[str, Any]:
    type_, number = item.thing
    follows = item.thing in part.followers
    return {
        "type": type_,
        "id": number,
        "kind": item.kind,
        "name": item.name,
        "place": item.place,
        "to": None if follows else shares.items.get(item.thing, default_place(part.move)),
    }
