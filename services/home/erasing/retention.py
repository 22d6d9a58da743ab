"""How long what is not the record itself is kept: one table, shown on a page, kept by ``chengguo erasure run``."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, exists, select, update

from services.home.erasing.copies import drop_archives, drop_exports
from services.home.models import mail
from services.ledger.importing.lapsing import lapse
from services.ledger.importing.models import OVER, ledger_import, ledger_import_row
from services.ledger.models import export_job
from shared.audit.writing import write_audit
from shared.db.records import outbox
from shared.db.transaction import Transaction
from tenants.archive.models import tenant_archive

Gone = tuple[int, list[str]]
COPY_DAYS = 365


@dataclass(frozen=True, slots=True)
class Period:
    """``what`` is kept for ``days``, and ``why`` so long; ``end`` takes what is older away: (how many, objects to remove)."""

    what: str
    days: int
    why: str
    end: Callable[[Transaction, datetime], Awaitable[Gone]]


async def _exports(tx: Transaction, before: datetime) -> Gone:
    gone = await drop_exports(tx, export_job.c.finished_at < before)
    return len(gone), gone


async def _copies(tx: Transaction, before: datetime) -> Gone:
    """Of imports that are over, or whose every row is settled; the rows that were given back go with the copy.

    What was never confirmed is cancelled first, so that an upload that was forgotten is not kept for good.
    """
    await lapse(tx, before, COPY_DAYS)
    table, rows = ledger_import, ledger_import_row
    asked = exists().where(
        rows.c.tenant_id == table.c.tenant_id, rows.c.import_id == table.c.id, rows.c.disposition == "question"
    )
    found = await tx.rows(
        select(table.c.id, table.c.kept_hash).where(
            table.c.tenant_id == tx.tenant_id,
            table.c.created_at < before,
            table.c.kept_hash != "",
            table.c.state.in_(OVER) | ((table.c.state == "applied") & ~asked),
        )
    )
    ids = [row.id for row in found]
    await tx.execute(
        update(rows)
        .where(rows.c.tenant_id == tx.tenant_id, rows.c.import_id.in_(ids), rows.c.raw.is_not(None))
        .values(raw=None, entry=None)
    )
    await tx.execute(update(table).where(table.c.tenant_id == tx.tenant_id, table.c.id.in_(ids)).values(kept_hash=""))
    kept = await tx.rows(select(table.c.kept_hash).where(table.c.tenant_id == tx.tenant_id, table.c.kept_hash != ""))
    return len(found), sorted({row.kept_hash for row in found} - {row.kept_hash for row in kept})


async def _mails(tx: Transaction, before: datetime) -> Gone:
    gone = await tx.execute(delete(mail).where(mail.c.tenant_id == tx.tenant_id, mail.c.recorded_at < before))
    sent = await tx.execute(delete(outbox).where(outbox.c.tenant_id == tx.tenant_id, outbox.c.delivered_at < before))
    return gone.rowcount + sent.rowcount, []


async def _archives(tx: Transaction, before: datetime) -> Gone:
    gone = await drop_archives(tx, tenant_archive.c.finished_at < before)
    return len(gone), gone


RETENTION: tuple[Period, ...] = (
    Period("单位数据档案", 7, "可以随时重新生成", _archives),
    Period("导出文件", 30, "可以随时重新导出", _exports),
    Period("导入台账的留存件和退回行的原始内容", COPY_DAYS, "答复疑问、核对导入和撤销导入；未确认的先取消", _copies),
    Period("邮件和已经送达的通知底稿", 365, "查证通知是否发出", _mails),
)


async def keep_periods(tx: Transaction) -> Gone:
    """Take away what is older than its period in real time; run again it finds nothing."""
    now = await tx.recorded_now()
    counted, gone = {}, list[str]()
    for one in RETENTION:
        n, objects = await one.end(tx, now - timedelta(days=one.days))
        counted[one.what] = n
        gone += objects
    count = sum(counted.values())
    if count:
        await write_audit(tx, "retention.keep", "organisation", tx.tenant_id, details={"removed": counted})
    return count, gone
