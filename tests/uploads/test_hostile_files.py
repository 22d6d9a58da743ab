"""Hostile files through every route that takes one: each is answered in Chinese, none is kept, none breaks the answer.

Harmless by design, and so not among them: a workbook with macros, formulas or outward links beside a right ledger (its values are
read and written anew, nothing else of it is kept), and a PDF or picture that is only cut off (nothing here opens it; it is handed
out as an attachment).
"""

import re
from typing import Any

import pytest
from sqlalchemy import text

from services.ledger.papers.rules import fault
from tenants.isolation import new_form_key
from tests.uploads.hostile import FILES, SCANS, File, jpeg, packed_objects, pdf, png
from tests.uploads.places import PLACES, Sending
from tests.web import Site
from tests.world import World

_CHINESE = re.compile(r"[\u4e00-\u9fff]{4}")
_KEPT = (
    "select (select count(*) from app.ledger_import where tenant_id = :t)"
    " + (select count(*) from app.ledger_paper where tenant_id = :t)"
    " + (select count(*) from app.unit_document where tenant_id = :t)"
    " + (select count(*) from app.disclosure_paper where tenant_id = :t)"
)


async def kept(world: World) -> int:
    async with world.maintenance.connect() as connection:
        return int((await connection.execute(text(_KEPT), {"t": world.university})).scalar_one())


async def tried(world: World, sending: Sending, files: tuple[File, ...]) -> None:
    """Every file is refused with a sentence; everything that was not is told at once."""
    wrong = []
    for name, content in files:
        answer = await sending(name, content)
        # 400 is the form itself: a head that is too long.
        if answer.status_code not in (400, 422) or not _CHINESE.search(answer.text):
            wrong.append((name[:30], answer.status_code, answer.text[:80]))
    assert wrong == []
    assert await kept(world) == 0


def test_there_are_a_hundred_and_no_two_alike() -> None:
    assert len({content for _, content in FILES}) >= 115


# Papers are judged by one rule, whichever route they come by: all of them by one, a fifth of them by the others.
_WHOLLY = ("/institution/imports", "/api/imports", "/institution/settings/documents")


@pytest.mark.parametrize("place", PLACES)
async def test_none_is_kept(site: Site, world: World, account: dict[str, Any], place: str) -> None:
    # An empty file is no file, and a payment may be recorded without one.
    files = FILES if place in _WHOLLY else tuple(one for one in FILES if one[1])[::5]
    await tried(world, await PLACES[place](site, world), files)


_PART = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.xlsx"\r\n\r\n'
BODIES: tuple[tuple[str, bytes], ...] = (
    ("multipart/form-data", _PART + b"x\r\n--b--\r\n"),
    ("multipart/form-data; boundary=other", _PART + b"x\r\n--b--\r\n"),
    ("multipart/form-data; boundary=" + "b" * 5_000, _PART),
    ("multipart/form-data; boundary=b", b""),
    ("multipart/form-data; boundary=b", _PART + b"cut"),
    ("multipart/form-data; boundary=b", _PART * 3_000 + b"\r\n--b--\r\n"),
    ("multipart/form-data; boundary=b", (_PART + b"\r\n") * 3_000 + b"--b--\r\n"),
    ("multipart/form-data; boundary=b", b"--b\r\n" + b"X: y\r\n" * 5_000 + b"\r\n\r\n--b--\r\n"),
    ("multipart/form-data; boundary=b", b"--b\r\nContent-Disposition: \xff\xfe\r\n\r\nx\r\n--b--\r\n"),
    ("multipart/form-data; boundary=b", b'--b\r\nContent-Disposition: form-data; name="n"\r\n\r\n\xff\r\n--b--\r\n'),
    ("application/pdf", b"%PDF-1.7"),
    ("text/html", b"<html>"),
)


@pytest.mark.parametrize("sent", BODIES, ids=range(len(BODIES)))
async def test_a_body_that_is_no_form_is_refused(site: Site, world: World, sent: tuple[str, bytes]) -> None:
    clerk = await site.signed_in(world, world.university)
    key = new_form_key(site.app.state.keyring.form_key, clerk.client.cookies["chengguo"])
    lengths: tuple[dict[str, str], ...] = ({}, {"content-length": "99999999999"})
    for length in lengths:
        headers = {"content-type": sent[0], **length}
        address = f"/institution/imports?form_key={key}"
        answer = await clerk.client.post(address, content=sent[1], headers=headers)
        assert 400 <= answer.status_code < 500, answer.text[:200]
        assert _CHINESE.search(answer.text)
    assert await kept(world) == 0


def test_scans_are_refused_by_what_they_hold() -> None:
    assert [name for name, content in SCANS if fault(name, content) is None] == []


def test_ordinary_papers_are_taken() -> None:
    packed = pdf(packed_objects(b"<</Type/Catalog/Pages 2 0 R>>") + b"\nendobj\n" + packed_objects(b"<</Type/Page>>"))
    for name, content in (("合同.pdf", packed), ("扫描.png", png(2_480, 3_508)), ("扫描.jpg", jpeg(2_480, 3_508))):
        assert fault(name, content) is None
