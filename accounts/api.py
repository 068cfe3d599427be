"""Organizations and departments in the API."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import departments
from accounts.filters import DepartmentFilterSet, OrganizationFilterSet
from accounts.models import Department, DepartmentSuccession, Organization
from accounts.rest.authentication import actor_of
from accounts.rest.viewsets import (
    ReadOnlyRows,
    RowSerializer,
    StrictSerializer,
    VersionRead,
    WritesWithVersion,
    find_visible,
)


class OrganizationSerializer(RowSerializer):
    class Meta:
        model = Organization
        fields = ["id", "code", "name", "kana", "source_note"]


class OrganizationViewSet(ReadOnlyRows):
    queryset = Organization.objects.all()
    serializer_class = OrganizationSerializer
    filterset_class = OrganizationFilterSet
    about = "市・町・県など、計画を持つ団体です。自分に役割のある団体だけが見えます。"


class DepartmentSuccessorSerializer(RowSerializer):
    department = serializers.PrimaryKeyRelatedField(
        source="successor", read_only=True, label="新部局"
    )

    class Meta:
        model = DepartmentSuccession
        fields = ["department", "on"]


class DepartmentSerializer(RowSerializer):
    successors = DepartmentSuccessorSerializer(
        source="successions", many=True, read_only=True, help_text="組織改編で引き継いだ部局。"
    )

    class Meta:
        model = Department
        fields = [
            "id",
            "organization",
            "key",
            "name",
            "parent",
            "position",
            "valid_from",
            "valid_to",
            "successors",
            "source_note",
            "version",
            "updated_at",
        ]
        expands = {"organization": OrganizationViewSet}


class DepartmentFields(StrictSerializer):
    name = serializers.CharField(label="名称", max_length=100)
    parent = serializers.IntegerField(
        label="上位の部局", min_value=1, required=False, allow_null=True, help_text="nullは最上位。"
    )
    valid_from = serializers.DateField(label="設置日", required=False, allow_null=True)
    reason = serializers.CharField(
        label="理由", required=False, allow_blank=True, max_length=2000, default=""
    )


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "課を加える",
            {"organization": 1, "name": "DX推進課", "parent": 3, "valid_from": "2026-04-01"},
        )
    ]
)
class DepartmentCreateSerializer(DepartmentFields):
    organization = serializers.IntegerField(label="団体", min_value=1)


class DepartmentChangeSerializer(DepartmentFields):
    """The fields to change; those left out stay as they are."""

    name = serializers.CharField(label="名称", max_length=100, required=False)
    version = VersionRead()


class DepartmentEndSerializer(StrictSerializer):
    valid_to = serializers.DateField(label="廃止日（最終日）")
    reason = serializers.CharField(
        label="理由", required=False, allow_blank=True, max_length=2000, default=""
    )
    version = VersionRead()


class DepartmentViewSet(WritesWithVersion, ReadOnlyRows):
    queryset = Department.objects.all()
    serializer_class = DepartmentSerializer
    filterset_class = DepartmentFilterSet
    body_classes = {
        "create": DepartmentCreateSerializer,
        "partial_update": DepartmentChangeSerializer,
        "end": DepartmentEndSerializer,
    }
    about = "部・局・課・室の木です。なくなった部局も、引き継いだ部局とともに残ります。"
    told = {
        "create": ("{noun}を加える", "管理者か事務局だけができます。"),
        "partial_update": (
            "{noun}を直す",
            "名称の誤りなどを直します。組織改編で名称が変わるときは、`organizations` の"
            " `reorganize` で引き継ぎます。",
        ),
        "end": ("{noun}を廃止する", "下に部局があるときは400です。過去の年度の所管は残ります。"),
    }

    def create(self, request: Request) -> Response:
        body = self.body()
        organization = find_visible(
            Organization.objects, request, body.pop("organization"), "organization"
        )
        self._name_parent(body)
        return self.created(departments.create(actor_of(request), organization, **body).pk)

    def partial_update(self, request: Request, pk: str) -> Response:
        """Only what is sent changes; `version` must be the one that was read."""
        department: Department = self.get_object()
        body = self.body()
        version, reason = body.pop("version"), body.pop("reason")
        self._name_parent(body)
        departments.change(actor_of(request), department, body, version, reason)
        return Response(self.represent(department.pk))

    @action(detail=True, methods=["post"], filter_backends=[])
    def end(self, request: Request, pk: str) -> Response:
        department: Department = self.get_object()
        body = self.body()
        departments.end(
            actor_of(request), department, body["valid_to"], body["version"], body["reason"]
        )
        return Response(self.represent(department.pk))

    def _name_parent(self, body: dict[str, Any]) -> None:
        """The row in place of its number."""
        if body.get("parent") is not None:
            body["parent"] = find_visible(
                Department.objects, self.request, body["parent"], "parent"
            )

    def for_reading(self, queryset: QuerySet) -> QuerySet:
        return queryset.prefetch_related("successions")
