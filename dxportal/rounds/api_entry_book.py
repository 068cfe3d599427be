"""The entry workbook over the API: taken, put back and looked at, and taken over at once.

The same steps as on the pages, for whoever hands workbooks round by a system of their own. Between
the look and the decision the changes travel in the answer, signed, as they do in the page.
"""

import io
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.exceptions import ValidationError as ModelValidationError
from django.http import FileResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.audit import Actor
from accounts.models import Channel, User
from accounts.rest.authentication import actor_of
from accounts.rest.bulk import MAX_ID
from accounts.rest.errors import Sentence
from accounts.rest.viewsets import StrictSerializer
from dxportal.api import AnyFile
from dxportal.rounds import entry_book_changes as changes
from dxportal.rounds.entry_book import file_name_of, write_entry_book
from dxportal.rounds.entry_book_file import BookRefused
from dxportal.rounds.entry_book_reading import CellFault
from dxportal.rounds.grid import rows_of_round
from dxportal.rounds.rows import Row
from plans.api import PersonName
from plans.exports import XLSX_TYPE
from plans.models import ReportingCycle


class CannotTakeOver(APIException):
    """What was looked at does not hold any more."""

    status_code = 422
    problem = "book-refused"


class EntryFileSerializer(StrictSerializer):
    file = serializers.FileField(label="ファイル", help_text="記入した入力ブック（.xlsx）。")


class CellFaultSerializer(serializers.Serializer):
    sheet = serializers.CharField(label="シート", allow_blank=True)
    cell = serializers.CharField(label="セル", allow_blank=True)
    name = serializers.CharField(label="項目", allow_blank=True)
    value = serializers.CharField(label="値", allow_blank=True)
    reason = Sentence(label="理由", help_text="`Accept-Language` の言語（ja、en）で書かれます。")


class CellChangeSerializer(serializers.Serializer):
    cell = serializers.CharField(label="セル", allow_blank=True)
    label = serializers.CharField(label="欄")  # type: ignore[assignment]  # the cell's own
    before = serializers.CharField(label="前", allow_blank=True)
    after = serializers.CharField(label="後", allow_blank=True)
    typed = serializers.CharField(
        label="記入された数値", allow_blank=True, help_text="読み取った値と違うときだけ。"
    )
    understood = serializers.CharField(label="読み取った数値", allow_blank=True)


class ItemChangeSerializer(serializers.Serializer):
    item = serializers.IntegerField(source="edit.item_pk", label="項目の番号（`items`）")
    name = serializers.CharField(source="row.title", label="項目")
    sheet = serializers.CharField(source="edit.sheet", label="シート")
    row = serializers.IntegerField(source="edit.row", label="行")
    is_withdrawal = serializers.BooleanField(label="入力の取消になる")
    is_conflict = serializers.BooleanField(
        label="ほかの人が先に変えた",
        help_text="ブックを受け取ったあとの変更です。`mine` に挙げなければ、いまの値を残します。",
    )
    stored_by_name = PersonName(source="row.entered_by", label="いまの値の入力者")
    warnings = serializers.ListField(child=serializers.CharField(), label="警告")
    cells = CellChangeSerializer(many=True, label="変わる欄")


class EntryPreviewSerializer(serializers.Serializer):
    row_count = serializers.IntegerField(label="読んだ行数")
    faults = CellFaultSerializer(many=True, label="誤り", help_text="1つでもあれば取り込めません。")
    notices = serializers.ListField(child=Sentence(), label="お知らせ")
    changes = ItemChangeSerializer(many=True, label="変わる項目")
    edits = serializers.CharField(
        label="変更",
        allow_blank=True,
        help_text="取り込むときに、そのまま送ります（2時間）。誤りがあれば空です。",
    )


class EntryApplySerializer(StrictSerializer):
    edits = serializers.CharField(
        label="変更", max_length=changes.MAX_PACKED, help_text="確かめた応答の `edits`。"
    )
    mine = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=MAX_ID),
        label="ブックの値にする項目",
        required=False,
        default=list,
        max_length=10_000,
        help_text="`is_conflict` の項目の番号。ほかの項目は、挙げなくても取り込みます。",
    )


class EntryAppliedSerializer(serializers.Serializer):
    changed = serializers.IntegerField(label="変えた項目の数")


class EntryBookActs:
    """The workbook of a round for the person who calls; a mixin of the rounds."""

    get_object: Any
    body: Any

    told_of_books = {
        "entry_book": (
            "入力ブックのファイル",
            "呼んだ人が入力する項目のブック（.xlsx）です。入力する項目がなければ403です。",
        ),
        "entry_book_preview": (
            "記入した入力ブックを確かめる",
            "`multipart/form-data` で送ります。何も変えずに、変わる項目と誤りのすべてを返します。",
        ),
        "entry_book_apply": (
            "確かめた入力ブックを取り込む",
            "すべて行うか、何もしないかです。確かめたあとで値が変わっていれば422で断ります。",
        ),
    }

    @extend_schema(responses={(200, XLSX_TYPE): OpenApiTypes.BINARY})
    @action(
        detail=True,
        filter_backends=[],
        url_path="entry-book",
        content_negotiation_class=AnyFile,
    )
    def entry_book(self, request: Request, pk: str) -> FileResponse:
        user, cycle, rows = self._entered(request)
        content = io.BytesIO()
        write_entry_book(cycle, rows, user, timezone.now(), content)
        content.seek(0)
        return FileResponse(
            content,
            as_attachment=True,
            filename=file_name_of(cycle, rows),
            content_type=XLSX_TYPE,
        )

    @extend_schema(responses=EntryPreviewSerializer)
    @action(detail=True, methods=["post"], filter_backends=[], url_path="entry-book/preview")
    def entry_book_preview(self, request: Request, pk: str) -> Response:
        user, cycle, rows = self._entered(request)
        file = self.body()["file"]
        try:
            preview = changes.preview_of_file(self._by_book(request), cycle, rows, file)
        except BookRefused as error:
            raise ValidationError({"file": str(error)}) from error
        edits = ""
        if not preview.faults:
            try:
                edits = changes.pack(user, cycle, preview)
            except ModelValidationError as error:
                preview.faults.append(CellFault("", "", "", "", error.messages[0]))
        told = {name: getattr(preview, name) for name in ("row_count", "notices", "changes")}
        told |= {"faults": preview.faults, "edits": edits}
        return Response(EntryPreviewSerializer(told).data)

    @extend_schema(responses=EntryAppliedSerializer)
    @action(detail=True, methods=["post"], filter_backends=[], url_path="entry-book/apply")
    def entry_book_apply(self, request: Request, pk: str) -> Response:
        user, cycle, _ = self._entered(request)
        body = self.body()
        try:
            edits, seen = changes.unpack(user, cycle, body["edits"])
            mine = set(body["mine"])
            wanted = [e for e in edits if e.version == seen[e.item_pk] or e.item_pk in mine]
            count = changes.apply_edits(self._by_book(request), cycle, wanted, seen)
        except changes.Outdated as error:
            raise CannotTakeOver(
                "確かめた内容が古くなりました。ブックをもう一度確かめてください。"
            ) from error
        return Response({"changed": count})

    def _entered(self, request: Request) -> tuple[User, ReportingCycle, list[Row]]:
        """The person, the round and what they enter in it. Raises PermissionDenied for nothing."""
        assert isinstance(request.user, User)  # nobody else comes this far
        rounds = ReportingCycle.objects.select_related("plan__organization")
        cycle = rounds.prefetch_related("extensions").get(pk=self.get_object().pk)
        rows = rows_of_round(request.user, cycle)
        if not rows:
            raise PermissionDenied("この照会で入力する項目はありません。")
        return request.user, cycle, rows

    @staticmethod
    def _by_book(request: Request) -> Actor:
        actor = actor_of(request)
        return Actor(actor.user, Channel.IMPORT, actor.token)
