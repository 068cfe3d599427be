"""Report templates in the API: what a report is made of, as its page composes it."""

from dataclasses import replace
from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import editing
from accounts.models import Organization
from accounts.rest.authentication import actor_of
from accounts.rest.viewsets import (
    KeptByOffice,
    ReadOnlyRows,
    RowSerializer,
    StrictSerializer,
    VersionRead,
    WritesWithVersion,
    find_visible,
)
from dxportal.editors.api import DeletedSerializer, went_along
from dxportal.filters import ReportTemplateFilterSet
from dxportal.forms.reports import COVER_FIELDS, TemplateForm
from dxportal.models import ReportTemplate
from dxportal.reports.design import DEFAULT_SECTIONS, Chosen, Design
from dxportal.reports.sections import SECTIONS
from dxportal.reports.templates import change_template, create_template, design_of
from plans.models import Plan

OPTIONS = "。".join(
    f"`{kind.key}`：{option.label} `{option.name}`＝"
    + "、".join(f"`{value}` {label}" for value, label in option.choices)
    for kind in SECTIONS
    for option in kind.options
)


class SectionSerializer(StrictSerializer):
    section = serializers.ChoiceField(
        label="章", choices=[(kind.key, kind.label) for kind in SECTIONS]
    )
    options = serializers.DictField(
        child=serializers.CharField(max_length=50),
        label="選択肢",
        required=False,
        help_text=f"省いたものは、はじめの選択肢になります。{OPTIONS}。",
    )


class CoverSerializer(StrictSerializer):
    """The office's own words, as long as the page lets them be."""

    def get_fields(self) -> dict[str, serializers.Field]:
        asked: Any = TemplateForm.base_fields
        return {
            name: serializers.CharField(
                label=str(asked[name].label),
                max_length=asked[name].max_length,
                help_text=str(asked[name].help_text),
                required=False,
                allow_blank=True,
            )
            for name in COVER_FIELDS
        }


class ReportTemplateSerializer(RowSerializer):
    sections = SectionSerializer(many=True, read_only=True, label="章立て")
    cover = CoverSerializer(read_only=True, label="表紙")

    class Meta:
        model = ReportTemplate
        fields = [
            "id",
            "organization",
            "plan",
            "name",
            "sections",
            "cover",
            "version",
            "updated_at",
        ]


def _plan(**options: Any) -> serializers.IntegerField:
    return serializers.IntegerField(
        label="計画",
        min_value=1,
        allow_null=True,
        help_text="nullは、団体のどの計画でも使います。",
        **options,
    )


def _sections(**options: Any) -> serializers.ListSerializer:
    return serializers.ListSerializer(
        child=SectionSerializer(),
        label="章立て",
        allow_empty=False,
        max_length=len(SECTIONS),
        **options,
    )


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "議会・本部会議の短い版",
            {
                "organization": 1,
                "name": "本部会議用",
                "sections": [
                    {"section": "cover"},
                    {"section": "summary"},
                    {"section": "projects", "options": {"paper": "a4"}},
                ],
                "cover": {"title": "{年度} 進捗状況", "document_number": "資料1"},
            },
        )
    ]
)
class ReportTemplateCreateSerializer(StrictSerializer):
    organization = serializers.IntegerField(label="団体", min_value=1)
    plan = _plan(required=False)
    name = serializers.CharField(label="名称", max_length=100)
    sections = _sections(required=False, help_text="省くと標準の章立て。")
    cover = CoverSerializer(label="表紙", required=False)


class ReportTemplateChangeSerializer(StrictSerializer):
    plan = _plan(required=False)
    name = serializers.CharField(label="名称", max_length=100, required=False)
    sections = _sections(required=False, help_text="送ると、章立てはちょうどこのとおりになります。")
    cover = CoverSerializer(label="表紙", required=False)
    version = VersionRead()


class ReportTemplateCopySerializer(StrictSerializer):
    name = serializers.CharField(label="名称", max_length=100)
    plan = _plan(required=False)


class ReportTemplateViewSet(KeptByOffice, WritesWithVersion, ReadOnlyRows):
    queryset = ReportTemplate.objects.all()
    serializer_class = ReportTemplateSerializer
    filterset_class = ReportTemplateFilterSet
    body_classes = {
        "create": ReportTemplateCreateSerializer,
        "partial_update": ReportTemplateChangeSerializer,
        "copy": ReportTemplateCopySerializer,
    }
    parameters = {"destroy": ("version",)}
    about = "報告書の章立てと表紙の文言です。`jobs` で `template` に指定します。事務局に見えます。"
    told = {
        "copy": ("{noun}を写して作る", "章立てと表紙を写します。`plan` を省くと、元と同じです。"),
        "destroy": ("{noun}を削除する", "`deletions` の `restore` で元に戻せます。"),
    }

    def create(self, request: Request) -> Response:
        body = self.body()
        city = find_visible(Organization.objects, request, body["organization"], "organization")
        made = create_template(
            actor_of(request),
            self._plan_of(body),
            city.pk,
            body["name"],
            _design(Design(DEFAULT_SECTIONS), body),
        )
        return self.created(made.pk)

    def partial_update(self, request: Request, pk: str) -> Response:
        """Only what is sent changes; of the cover, only the words that are sent."""
        template: ReportTemplate = self.get_object()
        body = self.body()
        change_template(
            actor_of(request),
            template,
            self._plan_of(body) if "plan" in body else template.plan,
            body.get("name", template.name),
            _design(design_of(template), body),
            body["version"],
        )
        return Response(self.represent(template.pk))

    @extend_schema(responses={200: DeletedSerializer})
    def destroy(self, request: Request, pk: str) -> Response:
        deletion = editing.delete(actor_of(request), self.get_object(), self.version_in_address())
        return Response({"deletion": deletion.pk, "went_along": went_along(deletion)})

    @extend_schema(responses={201: ReportTemplateSerializer})
    @action(detail=True, methods=["post"], filter_backends=[])
    def copy(self, request: Request, pk: str) -> Response:
        template: ReportTemplate = self.get_object()
        body = self.body()
        plan = self._plan_of(body) if "plan" in body else template.plan
        made = create_template(
            actor_of(request), plan, template.organization_id, body["name"], design_of(template)
        )
        return self.created(made.pk)

    def _plan_of(self, body: dict[str, Any]) -> Plan | None:
        number = body.get("plan")
        if number is None:
            return None
        plan: Plan = find_visible(Plan.objects, self.request, number, "plan")
        return plan


def _design(before: Design, body: dict[str, Any]) -> Design:
    """The design with what was sent in the place of what there was."""
    sections, cover = before.sections, before.cover
    if "sections" in body:
        sections = tuple(
            Chosen(row["section"], tuple(sorted(row.get("options", {}).items())))
            for row in body["sections"]
        )
    return replace(before, sections=sections, cover=replace(cover, **body.get("cover", {})))
