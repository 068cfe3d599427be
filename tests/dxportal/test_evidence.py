"""Evidence files at an item of the round: what is kept, refused, handed out and removed."""

import io
import zipfile
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from accounts.audit import Actor
from accounts.models import AuditEntry, Channel
from dxportal.rounds.evidence import add_evidence, clean_name
from plans.models import Evidence, ReportingCycle
from plans.procedure import Step, move_item
from tests.cast import Cast
from tests.dxportal.test_entry_grid import PAGE, SignIn, cycle, item_of

__all__ = ["cycle"]


def office(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in ("[Content_Types].xml", *names):
            archive.writestr(name, "x")
    return buffer.getvalue()


XLSX = office("xl/workbook.xml")
GOOD = {
    "集計.pdf": b"%PDF-1.7 ...",
    "集計.xlsx": XLSX,
    "回答.docx": office("word/document.xml"),
    "集計.csv": "年度,人数\n".encode("cp932"),
    "写真.PNG": b"\x89PNG\r\n\x1a\n....",
    "写真.jpeg": b"\xff\xd8\xff....",
}
BAD = {
    "集計.exe": b"MZ",
    "集計": b"%PDF-1.7",
    "にせ.pdf": b"<html>",
    "にせ.png": b"%PDF-1.7",
    "にせ.xlsx": office("word/document.xml"),
    "マクロ.xlsx": office("xl/workbook.xml", "xl/vbaProject.bin"),
    "壊れた.xlsx": XLSX[:20],
    "二進.csv": b"1,2\0",
    "空.csv": b"",
}


@pytest.mark.parametrize("name", GOOD)
def test_evidence_is_kept_and_handed_out(
    cast: Cast, cycle: ReportingCycle, sign_in: SignIn, files: Path, name: str
) -> None:
    client, item = sign_in(cast.editor), item_of(cycle, cast.indicators["立案数"])
    upload = SimpleUploadedFile(name, GOOD[name])
    client.post(reverse("rounds:evidence", args=[item.pk]), {"file": upload})
    kept = Evidence.objects.get(item=item)
    assert (kept.name, kept.size, kept.added_by) == (name, len(GOOD[name]), cast.editor)
    assert name in client.get(PAGE).content.decode()
    address = reverse("rounds:evidence_file", args=[kept.pk])
    answer = sign_in(cast.viewer).get(address)
    assert b"".join(answer.streaming_content) == GOOD[name]
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Type"] == "application/octet-stream"
    assert sign_in(cast.outsider).get(address).status_code == 404
    assert AuditEntry.objects.filter(action="evidence.add").count() == 1


@pytest.mark.parametrize("name", BAD)
def test_evidence_that_is_not_what_it_says_is_refused(
    cast: Cast, cycle: ReportingCycle, files: Path, name: str
) -> None:
    item = item_of(cycle, cast.indicators["立案数"])
    with pytest.raises(ValidationError):
        add_evidence(Actor(cast.editor, Channel.PAGE), item, SimpleUploadedFile(name, BAD[name]))
    assert not Evidence.objects.exists()
    assert not list(files.rglob("*.*"))


def test_evidence_has_a_largest_size(
    cast: Cast, cycle: ReportingCycle, files: Path, settings: LazySettings
) -> None:
    settings.EVIDENCE_MAX_MEGABYTES = 0
    item = item_of(cycle, cast.indicators["立案数"])
    upload = SimpleUploadedFile("a.csv", b"1")
    with pytest.raises(ValidationError, match="大きすぎます"):
        add_evidence(Actor(cast.editor, Channel.PAGE), item, upload)


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("../../etc/passwd.csv", "passwd.csv"),
        ("C:\\共有\\集計.xlsx", "集計.xlsx"),
        ("集\u202e計\n.csv", "集計.csv"),
        ("が" * 300 + ".csv", "が" * 196 + ".csv"),
    ],
)
def test_a_name_is_kept_as_far_as_it_is_one(name: str, clean: str) -> None:
    assert clean_name(name) == clean


def test_evidence_is_removed_while_the_item_can_be_entered(
    cast: Cast, cycle: ReportingCycle, sign_in: SignIn, files: Path
) -> None:
    item = item_of(cycle, cast.indicators["立案数"])
    actor = Actor(cast.editor, Channel.PAGE)
    kept = add_evidence(actor, item, SimpleUploadedFile("a.csv", b"1"))
    address = reverse("rounds:evidence_remove", args=[kept.pk])
    for name, status in (("approver", 403), ("coordinator", 403), ("outsider", 404)):
        assert sign_in(cast.people[name]).post(address).status_code == status
    move_item(actor, item, Step.SUBMIT, 1)
    sign_in(cast.editor).post(address)
    assert Evidence.objects.filter(pk=kept.pk).exists()
    with pytest.raises(ValidationError, match="「提出」のため"):
        add_evidence(actor, item, SimpleUploadedFile("b.csv", b"2"))
    item.refresh_from_db()
    move_item(actor, item, Step.WITHDRAW, item.version)
    sign_in(cast.editor).post(address)
    assert not Evidence.objects.filter(pk=kept.pk).exists()
    assert AuditEntry.objects.filter(action="evidence.remove", before__name="a.csv").exists()
