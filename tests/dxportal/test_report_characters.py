"""A character that the report's font lacks is shown and told of, never a blank."""

import unicodedata
from collections.abc import Callable
from pathlib import Path

import pypdf
import pytest
from django.test import Client
from django.urls import reverse

from accounts.audit import Actor
from accounts.models import Channel, User
from dxportal import services, tasks
from dxportal.models import ReportJob
from dxportal.reports.characters import Missing, signs_of, without_missing
from dxportal.reports.design import Chosen, Design
from dxportal.reports.pdf import FONTS
from tests.cast import LAST_YEAR, Cast


def test_the_font_has_what_japanese_offices_write() -> None:
    signs = signs_of(FONTS)
    text = bytes(
        byte
        for first in (*range(0x81, 0xA0), *range(0xE0, 0xFD))  # all that CP932 has
        for second in range(0x40, 0xFD)
        for byte in (first, second)
    ).decode("cp932", errors="ignore")
    assert len(set(text)) > 7000
    # But for 外字, which each office makes for itself.
    assert {sign for sign in text if unicodedata.category(sign) not in ("Co", "Cc")} <= signs
    assert set("髙﨑①㈱△▲〓") <= signs and "𠮷" not in signs


def test_what_can_be_printed_stays_as_it_is() -> None:
    html = '<p title="髙﨑">吉野\u3000\t\n1\u00a02 葛\U000e0100城 \u200d</p>'
    assert without_missing(html, FONTS) == (html, [])


def test_a_character_is_named_with_the_words_around_it() -> None:
    shown, missing = without_missing("<p>窓口が😀になった&amp;</p><p>𓀀と😀</p>", FONTS)
    assert shown == "<p>窓口が〓（U+1F600）になった&amp;</p><p>〓（U+13000）と〓（U+1F600）</p>"
    assert missing == [
        Missing("😀", "窓口が😀になった&"),
        Missing("𓀀", "𓀀と😀"),
        Missing("😀", "𓀀と😀"),
    ]


def test_a_report_tells_which_characters_it_could_not_print(
    cast: Cast,
    files: Path,
    sign_in: Callable[[User], Client],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(services, "_send", lambda job_id: None)
    cast.plan.summary = "絵文字😀のある概要"
    cast.plan.save(update_fields=["summary"])
    design = Design((Chosen("cover"), Chosen("structure"), Chosen("totals")))
    actor = Actor(cast.coordinator, Channel.PAGE)
    job = services.request_report(actor, cast.plan, LAST_YEAR, "pdf", design)
    tasks.build_report(job.pk)
    job.refresh_from_db()
    assert job.state == "done", job.error
    (told,) = job.design["missing"]
    assert told["character"] == "😀" and told["words"] == "絵文字😀のある概要"
    assert "計画の組立て" in told["section"]
    text = "".join(page.extract_text() for page in pypdf.PdfReader(job.file.path).pages)
    assert "絵文字〓（U+1F600）のある概要" in "".join(text.split())
    page = sign_in(cast.viewer).get(reverse("reports:detail", args=[job.pk])).content.decode()
    assert "報告書のフォントにない文字があります" in page and "絵文字😀のある概要" in page
    # Who may mend it finds the way; when the file is gone, so is what is said of it.
    address = reverse("reports:detail", args=[job.pk])
    page = sign_in(cast.coordinator).get(address).content.decode()
    assert f"?again={job.pk}" in page
    ReportJob.objects.filter(pk=job.pk).update(state="expired")
    page = sign_in(cast.coordinator).get(address).content.decode()
    assert "フォントにない文字" not in page and f"?again={job.pk}" in page
