"""A disclosure's paper as a person or a machine sends it: read in memory, with everything that is wrong with it at once."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from litestar import Request
from sqlalchemy import Row

from services.ledger.disclosure.queries import find_disclosure
from services.ledger.display import words_of
from services.ledger.evidence.forms import PaperForm
from services.ledger.papers.rules import fault
from shared.db.transaction import Transaction
from shared.documents.uploads import Upload, receive_form
from shared.errors import NotFound
from shared.forms import read


@dataclass(frozen=True, slots=True)
class Received:
    """``form`` is None where fields are missing; ``errors`` are told by field."""

    disclosure: Row[Any]
    values: Mapping[str, Any]
    upload: Upload
    form: PaperForm | None
    errors: dict[str, str]


async def received(request: Request[Any, Any, Any], tx: Transaction, disclosure_id: UUID, body: bytes) -> Received:
    """What was sent with a disclosure of the sender's own.

    :raises NotFound: unknown, another person's, another tenant's.
    """
    row = await find_disclosure(tx, disclosure_id)
    if row is None or row.person_id != tx.actor.person_id:
        raise NotFound
    sent = await receive_form(request, body)
    form, errors = read(PaperForm, sent.values)
    upload = sent.files.get("file") or Upload("", b"")
    if wrong := await asyncio.to_thread(fault, upload.file_name, upload.content):
        errors["file"] = wrong
    if form is not None and form.kind not in (await words_of(tx)).labels["evidence"]:
        errors["kind"] = "不是本省规定的选项，请重新选择"
    return Received(row, sent.values, upload, form, errors)
