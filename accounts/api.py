"""Organizations and departments in the API."""

from django.db.models import QuerySet
from rest_framework import serializers

from accounts.filters import DepartmentFilterSet, OrganizationFilterSet
from accounts.models import Department, DepartmentSuccession, Organization
from accounts.viewsets import ReadOnlyRows, RowSerializer


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
        ]


class DepartmentViewSet(ReadOnlyRows):
    queryset = Department.objects.all()
    serializer_class = DepartmentSerializer
    filterset_class = DepartmentFilterSet
    about = "部・局・課・室の木です。なくなった部局も、引き継いだ部局とともに残ります。"

    def for_reading(self, queryset: QuerySet) -> QuerySet:
        return queryset.prefetch_related("successions")
