"""What is kept on a person, and where it stands; the personal values themselves stand in one row."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Text, cast, exists, func, select, text

from services.empowerment.models import LIVE, State, application, member
from services.home.erasing.scanning import Found, readable, saying
from services.home.models import mail, message
from services.ledger.claiming.models import person_claim
from services.ledger.disclosure.models import disclosure, disclosure_completer
from services.ledger.importing.models import ledger_import
from services.ledger.models import achievement_completer, export_job
from services.notices.models import NoticeState, notice, notice_text
from shared.audit.tables import audit_entry
from shared.db.records import workflow_event
from shared.db.transaction import Transaction
from tenants.people import account, person

MENTIONS = 50
# (what, column of the person's id): where a person stands by id alone.
_PLACES = (
    ("台账成果的完成人", achievement_completer.c.person_id),
    ("成果披露的完成人", disclosure_completer.c.person_id),
    ("本人提交的成果披露", disclosure.c.person_id),
    ("赋权申请的申请人", application.c.applicant_id),
    ("赋权申请的团队成员", member.c.person_id),
    ("完成人认领", person_claim.c.person_id),
    ("办理记录", workflow_event.c.actor_id),
    ("操作日志", audit_entry.c.actor_id),
    ("站内消息", message.c.person_id),
    ("邮件", mail.c.person_id),
)


async def find_person(tx: Transaction, person_id: UUID) -> Row[Any] | None:
    """The personal values of one person of the tenant."""
    return await tx.row(select(person).where(person.c.tenant_id == tx.tenant_id, person.c.id == person_id))


async def places(tx: Transaction, person_id: UUID) -> list[tuple[str, int]]:
    """(what, how many rows) name the person by id; what has none is left out."""
    counts = [
        select(func.count())
        .select_from(column.table)
        .where(column.table.c.tenant_id == tx.tenant_id, column == person_id)
        .scalar_subquery()
        .label(f"n{place}")
        for place, (_, column) in enumerate(_PLACES)
    ]
    row = await tx.row(select(*counts))
    assert row is not None
    return [(label, n) for (label, _), n in zip(_PLACES, row, strict=True) if n]


async def accounts_of(tx: Transaction, person_id: UUID) -> Sequence[Row[Any]]:
    """The sign-in accounts of a person."""
    return await tx.rows(
        select(account.c.seen_at, account.c.roles).where(
            account.c.tenant_id == tx.tenant_id, account.c.person_id == person_id
        )
    )


async def person_for_update(tx: Transaction, person_id: UUID) -> Row[Any] | None:
    """The same, locked until the end of the transaction."""
    own = select(person).where(person.c.tenant_id == tx.tenant_id, person.c.id == person_id)
    return await tx.row(own.with_for_update())


async def namesakes(tx: Transaction, name: str) -> Sequence[Row[Any]]:
    """Everybody of the tenant who bears exactly this name, erased people never."""
    signs_in = exists().where(account.c.tenant_id == person.c.tenant_id, account.c.person_id == person.c.id)
    return await tx.rows(
        select(person.c.id, person.c.name, person.c.unit, signs_in.label("signs_in"))
        .where(person.c.tenant_id == tx.tenant_id, person.c.name == name, person.c.erased_at.is_(None))
        .order_by(person.c.created_at, person.c.id)
        .limit(50)
    )


async def erased(tx: Transaction) -> Sequence[Row[Any]]:
    """The tombstones, newest first: when, by whom, why, and the hash that stands for the name."""
    table = workflow_event
    return await tx.rows(
        select(table.c.case_id, table.c.at, table.c.actor_id, table.c.reason, table.c.details)
        .where(table.c.tenant_id == tx.tenant_id, table.c.case_kind == "person", table.c.event == "erased")
        .order_by(table.c.recorded_at.desc())
        .limit(50)
    )


async def mentions(tx: Transaction, name: str) -> list[Found]:
    """Where free text says the name, in the order of the tables; of each table the first rows, the rest is cleaned with them."""
    found: list[Found] = []
    for table in await readable(tx):
        found += await saying(tx, table, [name], limit=MENTIONS)
    return found


async def outside(tx: Transaction) -> bool:
    """Whether copies of imports or files of exports are kept, in which names stand."""
    copies = select(ledger_import.c.id).where(
        ledger_import.c.tenant_id == tx.tenant_id, ledger_import.c.kept_hash != ""
    )
    files = select(export_job.c.id).where(export_job.c.tenant_id == tx.tenant_id, export_job.c.object_hash.is_not(None))
    return bool(await tx.scalar(select(copies.exists() | files.exists())))


async def posted(tx: Transaction, name: str) -> bool:
    """Whether a notice that is running says the name: its text is proved hour by hour and must not change."""
    return bool(
        await tx.scalar(
            select(notice.c.id)
            .join(
                notice_text,
                (notice_text.c.tenant_id == notice.c.tenant_id) & (notice_text.c.notice_id == notice.c.id),
            )
            .where(
                notice.c.tenant_id == tx.tenant_id,
                notice_text.c.tenant_id == tx.tenant_id,
                notice.c.state == NoticeState.RUNNING,
                func.strpos(func.concat(notice_text.c.title, cast(notice_text.c.content, Text)), name) > 0,
            )
            .limit(1)
        )
    )


async def messages_to(tx: Transaction, person_id: UUID) -> Sequence[Row[Any]]:
    """What was sent to the person, messages and mails, the newest first."""
    sent = select(message.c.at, message.c.title.label("title"), message.c.text).where(
        message.c.tenant_id == tx.tenant_id, message.c.person_id == person_id
    )
    mails = select(mail.c.at, mail.c.subject, mail.c.text).where(
        mail.c.tenant_id == tx.tenant_id, mail.c.person_id == person_id
    )
    both = sent.union_all(mails).subquery()
    return await tx.rows(select(both).order_by(both.c.at.desc()).limit(1000))


async def in_open_cases(tx: Transaction, person_id: UUID) -> bool:
    """Whether an application that is under way, or an agreement whose formalities are, names the person."""
    return bool(
        await tx.scalar(
            select(application.c.id)
            .join(
                member, (member.c.tenant_id == application.c.tenant_id) & (member.c.application_id == application.c.id)
            )
            .where(
                application.c.tenant_id == tx.tenant_id,
                member.c.tenant_id == tx.tenant_id,
                member.c.person_id == person_id,
                application.c.state.in_([*LIVE, State.AGREED]),
            )
            .limit(1)
        )
    )


async def session_references(tx: Transaction, person_id: UUID) -> list[bytes]:
    """The person's live sessions."""
    rows = await tx.rows(text("select reference from app.sessions_of(:person)"), {"person": person_id})
    return [row.reference for row in rows]
