"""Plan books on their way in over the API: put in, looked at row by row, applied or thrown away."""

from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import APIException
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import policy
from accounts.audit import Actor
from accounts.models import Channel, Organization
from accounts.policy import Act
from accounts.rest.authentication import actor_of
from accounts.rest.errors import Sentence
from accounts.rest.viewsets import (
    KeptByOffice,
    ReadOnlyRows,
    RowSerializer,
    StrictSerializer,
    WritesWithVersion,
    find_visible,
)
from dxportal.filters import BookFilterSet
from dxportal.models import BookImport, ColumnMapping
from dxportal.planbook import imports
from dxportal.planbook.changes import Change, Choice
from dxportal.planbook.faults import Fault
from plans.api import PersonName
from plans.models import Plan


class CannotApply(APIException):
    """The book cannot be applied as it was chosen, or no longer does what was shown."""

    status_code = 422
    problem = "book-refused"


class BookSerializer(RowSerializer):
    uploaded_by_name = PersonName(source="uploaded_by", label="取込者")
    done = serializers.SerializerMethodField(
        label="取り込んだ件数", help_text="シートごとの件数。取り込むまではnull。"
    )

    class Meta:
        model = BookImport
        fields = [
            "id",
            "organization",
            "plan",
            "mapping",
            "file_name",
            "sha256",
            "state",
            "plan_state",
            "uploaded_by_name",
            "uploaded_at",
            "applied_at",
            "done",
        ]

    def get_done(self, book: BookImport) -> dict[str, dict[str, int]] | None:
        done: dict[str, dict[str, int]] | None = book.result.get("done")
        return done


class BookUploadSerializer(StrictSerializer):
    organization = serializers.IntegerField(label="団体", min_value=1)
    plan = serializers.IntegerField(
        label="取込先の計画",
        min_value=1,
        required=False,
        help_text="新しい計画のブックでは省きます。",
    )
    mapping = serializers.IntegerField(
        label="列の対応表",
        min_value=1,
        required=False,
        help_text="市の独自の表を読むとき。`column-mappings` の番号。",
    )
    file = serializers.FileField(label="ファイル", help_text="計画ブック（xlsx、またはCSVのZIP）。")


class BookChangeSerializer(serializers.Serializer):
    id = serializers.CharField(label="変更の番号")
    kind = serializers.SerializerMethodField(
        label="種類", help_text="`added` 追加、`changed` 変更、`absent` ブックになし。"
    )
    sheet = serializers.CharField(label="シート")
    row = serializers.IntegerField(label="行", allow_null=True)
    label = serializers.CharField(label="名称")  # type: ignore[assignment]  # the row's own
    fields_changed = serializers.SerializerMethodField(
        label="変わる列", help_text="列ごとの、前と後。"
    )
    why_fixed = Sentence(label="選べない理由", allow_blank=True)

    def get_kind(self, change: Change) -> str:
        return change.kind.name.lower()

    def get_fields_changed(self, change: Change) -> dict[str, list[str]]:
        return {name: list(values) for name, values in change.fields.items()}


class BookFaultSerializer(serializers.Serializer):
    sheet = serializers.CharField(label="シート", allow_blank=True)
    row = serializers.IntegerField(label="行", allow_null=True)
    column = serializers.CharField(label="列", allow_blank=True)
    value = serializers.CharField(label="値", allow_blank=True)
    reason = Sentence(label="理由", help_text="`Accept-Language` の言語（ja、en）で書かれます。")


class BookPreviewSerializer(serializers.Serializer):
    plan_state = serializers.CharField(
        label="変更の要約値", help_text="取り込むときに送ります。", allow_blank=True
    )
    faults = BookFaultSerializer(many=True, label="誤り", help_text="1つでもあれば取り込めません。")
    changes = BookChangeSerializer(many=True, label="変わる行")


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "2行を外して取り込む",
            {"plan_state": "9f86d081…", "left_out": ["1a2b3c", "4d5e6f"], "removed": []},
        )
    ]
)
class BookApplySerializer(StrictSerializer):
    plan_state = serializers.CharField(
        label="変更の要約値", max_length=64, help_text="確かめた `preview` の `plan_state`。"
    )
    left_out = serializers.ListField(
        child=serializers.CharField(max_length=64),
        required=False,
        default=list,
        label="取り込まない行",
        help_text="変更の `id`。",
    )
    removed = serializers.ListField(
        child=serializers.CharField(max_length=64),
        required=False,
        default=list,
        label="計画から削除する行",
        help_text="ブックにない行（`absent`）の `id`。省くと残します。",
    )


class BookDiscardSerializer(StrictSerializer):
    """Nothing is asked but the book itself."""


class BookViewSet(KeptByOffice, WritesWithVersion, ReadOnlyRows):
    queryset = BookImport.objects.all()
    serializer_class = BookSerializer
    filterset_class = BookFilterSet
    body_classes = {
        "create": BookUploadSerializer,
        "apply": BookApplySerializer,
        "discard": BookDiscardSerializer,
    }
    files_in = ("create",)
    max_megabytes = {"create": settings.BOOK_MAX_MEGABYTES}
    about = "計画ブックの取込です。受け付けて確かめるだけでは、計画は変わりません。"
    told = {
        "create": (
            "計画ブックを受け付けて確かめる",
            "`multipart/form-data` で送ります。中身の誤りは断らずに、`preview` の "
            "`faults` で示します。",
        ),
        "preview": ("取り込むと何が変わるか", "シート・行ごとの変更と、誤りです。"),
        "apply": (
            "確かめた計画ブックを取り込む",
            "選んだ変更をすべて行うか、何もしないかです。確かめたあとで計画が変わっていれば422で断ります。",
        ),
        "discard": ("受け付けた計画ブックを取りやめる", "ファイルを消します。"),
    }

    def for_reading(self, queryset: QuerySet) -> QuerySet:
        return super().for_reading(queryset).select_related("uploaded_by")

    def _actor(self) -> Actor:
        actor = actor_of(self.request)
        return Actor(actor.user, Channel.IMPORT, actor.token)

    def create(self, request: Request) -> Response:
        body = self.body()
        city = find_visible(Organization.objects, request, body["organization"], "organization")
        chosen = {
            name: find_visible(rows.filter(organization=city), request, body[name], name)
            for name, rows in (("plan", Plan.objects), ("mapping", ColumnMapping.objects))
            if name in body
        }
        return self.created(imports.upload_book(self._actor(), city, body["file"], **chosen).pk)

    @extend_schema(responses=BookPreviewSerializer)
    @action(detail=True, filter_backends=[])
    def preview(self, request: Request, pk: str) -> Response:
        book = self._book()
        found = imports.preview_of(book)
        told = {
            "plan_state": book.plan_state,
            "faults": found.faults,
            "changes": found.changes,
        }
        return Response(BookPreviewSerializer(told).data)

    @action(detail=True, methods=["post"], filter_backends=[])
    def apply(self, request: Request, pk: str) -> Response:
        book = self._book()
        body = self.body()
        choice = Choice(frozenset(body["left_out"]), frozenset(body["removed"]))
        try:
            imports.apply_book(self._actor(), book, choice, body["plan_state"])
        except imports.PlanChanged as changed:
            raise CannotApply(
                "確かめたあとで計画が変わりました。preview で変更を確かめ直してください。"
            ) from changed
        except imports.ChoiceRefused as refused:
            raise CannotApply(_by_place(refused.faults)) from refused
        return Response(self.represent(book.pk))

    @action(detail=True, methods=["post"], filter_backends=[])
    def discard(self, request: Request, pk: str) -> Response:
        book = self._book()
        self.body()
        imports.discard_book(self._actor(), book)
        return Response(self.represent(book.pk))

    def _book(self) -> Any:
        book = BookImport.objects.select_related("organization", "plan", "mapping").get(
            pk=self.get_object().pk
        )
        policy.require(
            self._actor(),
            Act.MANAGE,
            book.organization_id,
            what="計画ブックの取込",
            reads=self.request.method in SAFE_METHODS,
        )
        return book


def _by_place(faults: list[Fault]) -> dict[str, list[str]]:
    """The faults as a problem has them: `measures.12.name` and the reasons."""
    found: dict[str, list[str]] = {}
    for fault in faults:
        place = (fault.sheet, fault.row, fault.column)
        found.setdefault(".".join(str(part) for part in place if part), []).append(fault.reason)
    return found
