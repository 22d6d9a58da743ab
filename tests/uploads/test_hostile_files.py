"""Hostile files through every route that takes one: each is answered in Chinese, none is kept, none breaks the answer.

Harmless by design, and so not among them: a workbook with macros, formulas or outward links beside a right ledger (its values are
read and written anew, nothing else of it is kept), and a PDF or picture that is only cut off (nothing here opens it; it is handed
out as an attachment).
"""

import re
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from services.ledger.papers.rules import fault
from tenants.isolation import new_form_key
from tests.services.ledger.importing.arranging import send
from tests.services.ledger.importing.conftest import account  # noqa: F401 - a fixture
from tests.services.ledger.payments.test_payments import sold
from tests.uploads.hostile import FILES, SCANS, File
from tests.web import Site, Visitor
from tests.world import World

_CHINESE = re.compile(r"[\u4e00-\u9fff]{4}")
_KEPT = (
    "select (select count(*) from app.ledger_import where tenant_id = :t)"
    " + (select count(*) from app.ledger_paper where tenant_id = :t)"
    " + (select count(*) from app.unit_document where tenant_id = :t)"
)


async def kept(world: World) -> int:
    async with world.maintenance.connect() as connection:
        return int((await connection.execute(text(_KEPT), {"t": world.university})).scalar_one())


async def tried(
    world: World, sending: Callable[[str, bytes], Awaitable[httpx.Response]], files: tuple[File, ...] = FILES
) -> None:
    """Every file is refused with a sentence; everything that was not is told at once."""
    wrong = []
    for name, content in files:
        answer = await sending(name, content)
        # 400 is the form itself: a head that is too long.
        if answer.status_code not in (400, 422) or not _CHINESE.search(answer.text):
            wrong.append((name[:30], answer.status_code, answer.text[:80]))
    assert wrong == []
    assert await kept(world) == 0


def sender(
    site: Site, visitor: Visitor, address: str, form: dict[str, str]
) -> Callable[..., Awaitable[httpx.Response]]:
    token = visitor.client.cookies["chengguo"]

    async def sending(name: str, content: bytes) -> httpx.Response:
        key = new_form_key(site.app.state.keyring.form_key, token)
        files = {"file": (name, content, "application/pdf")}
        return await visitor.client.post(address, params={"form_key": key}, data=form, files=files)

    return sending


def test_there_are_a_hundred_and_no_two_alike() -> None:
    assert len({content for _, content in FILES}) >= 90
    assert len(FILES) + len(BODIES) >= 100


async def test_none_becomes_an_import(site: Site, world: World) -> None:
    clerk = await site.signed_in(world, world.university)
    await tried(world, sender(site, clerk, "/institution/imports", {}))


async def test_none_becomes_an_import_of_a_machine(site: Site, world: World, account: dict[str, Any]) -> None:  # noqa: F811
    async def sending(name: str, content: bytes) -> httpx.Response:
        return await send(site, "POST", "/api/imports", files={"file": (name, content, "application/zip")})

    await tried(world, sending)


@pytest.mark.parametrize("place", ["documents", "stage", "payments"])
async def test_none_becomes_a_paper(site: Site, world: World, place: str) -> None:
    """The rest of the form is right, so that the file alone is what is refused."""
    row_id, conversion = await sold(world)
    days = {"decided_on": "2026-03-02", "in_force_on": "2026-03-09"}
    role, address, form = {
        "documents": (
            "department_head",
            "/institution/settings/documents",
            {"kind": "management_rules", "title": "办法", "number": "1号", "decided_by": "校长办公会", **days},
        ),
        "stage": ("clerk", f"/institution/ledger/{row_id}/stage/papers", {"kind": "assessment_report"}),
        "payments": (
            "finance",
            f"/institution/ledger/{row_id}/payments",
            {"conversion_id": str(conversion), "received_on": "2026-03-05", "amount": "1", "kind": "instalment",
             "reference": "1"},
        ),
    }[place]  # fmt: skip
    visitor = await site.signed_in(world, world.university, role)
    sending = sender(site, visitor, address, form)
    # An empty file is no file, and a payment may be recorded without one.
    await tried(world, sending, tuple(one for one in FILES if one[1]))


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
