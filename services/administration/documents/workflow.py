"""The verb of a unit's own rules: add a version. Nothing changes or removes one."""

from typing import Protocol
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from services.administration.documents import queries
from services.administration.documents.forms import DocumentForm
from services.administration.documents.models import unit_document
from services.ledger.papers.rules import media_type
from shared.audit.writing import write_audit
from shared.db.transaction import Transaction
from shared.documents.uploads import Upload
from shared.errors import FormInvalid, Refusal, lost_race
from shared.ids import new_id
from shared.workflow import record_event, refuse
from tenants.packs import governing

CASE = "unit_document"


class Store(Protocol):
    """Where the bytes go; ``shared.storage.objects.ObjectStore``."""

    async def put(self, tenant_id: UUID, content: bytes) -> str: ...


async def add_version(tx: Transaction, store: Store, form: DocumentForm, upload: Upload) -> UUID | Refusal:
    """Keep the next version of one kind with its checked file; returns its id.

    Refused: somebody else added a version meanwhile.

    :raises FormInvalid: a kind that the province's text does not have, days that do not fit, the file of the last version.
    """
    pack = (await governing(tx)).pack
    known = {one.code: one for one in await queries.kinds(tx, pack)}
    last = next(iter(known[form.kind].versions), None) if form.kind in known else None
    wrong = form.faults(frozenset(known), last.in_force_on if last is not None else None, tx.today)
    digest = await store.put(tx.tenant_id, upload.content) if not wrong else ""
    if last is not None and last.object_hash == digest:
        wrong["file"] = "与上一版是同一份文件"
    if wrong:
        raise FormInvalid(wrong)
    document_id, version = new_id(), last.version + 1 if last is not None else 1
    values = form.model_dump() | {"file_name": upload.file_name, "media_type": media_type(upload.content)}
    made = await tx.execute(
        insert(unit_document)
        .values(
            tenant_id=tx.tenant_id, id=document_id, version=version, size=len(upload.content), object_hash=digest,
            added_at=tx.now, added_by=tx.actor.person_id, **values,
        )
        .on_conflict_do_nothing()
    )  # fmt: skip
    if made.rowcount != 1:
        taken = lost_race("刚刚已由他人登记了新的一版；请刷新页面")
        return await refuse(tx, taken, f"{CASE}.add", CASE, document_id)
    details = {"kind": form.kind, "version": version, "in_force_on": str(form.in_force_on), "sha256": digest}
    await record_event(tx, CASE, document_id, "document_added", to_state="added", reason=form.title, details=details)
    await write_audit(tx, f"{CASE}.add", CASE, document_id, details=details)
    return document_id
