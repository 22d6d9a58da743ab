"""Notices for machines: what runs or ran, how its days count, how many objections there are."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import get
from litestar.params import QueryParameter

from services.notices import queries, rules
from services.notices.models import STATES, NoticeState
from shared.db.transaction import Transaction
from shared.errors import NotFound, QueryInvalid
from shared.keyset import place_of, place_text
from tenants.packs import governing

_READ = {"permission": "institution:notice:read"}


class NoticeOut(msgspec.Struct, kw_only=True):
    """A notice. ``end`` is null while no calendar says it; ``raw_end`` then is the day without holidays."""

    id: UUID
    kind: str
    title: str
    state: str
    state_label: str
    achievement_id: UUID
    published_at: datetime
    days: int
    end: date | None
    raw_end: date | None
    has_run: bool
    objections: int
    open_objections: int
    content_hash: str


class NoticePage(msgspec.Struct):
    """One page, the newest first; ``next`` goes into ``before``, null where there is none."""

    items: list[NoticeOut]
    next: str | None


@get("/notices", opt=_READ, summary="单位内部公示")
async def list_notices(
    tx: Transaction,
    standing: Annotated[str, QueryParameter(name="state")] = "",
    before: str = "",
    limit: Annotated[int, QueryParameter(ge=1, le=100)] = queries.PAGE,
) -> NoticePage:
    """Published notices of the token's institution, of one state or of all; a state that does not exist is answered 400."""
    if standing and standing not in STATES:
        told = {"key": "state", "source": "query", "message": f"可以是：{'、'.join(STATES)}"}
        raise QueryInvalid([told])
    if before and place_of(before) is None:
        raise QueryInvalid([{"key": "before", "source": "query", "message": "请原样使用上一次返回的 next"}])
    states = [standing] if standing else [one for one in STATES if one != NoticeState.DRAFT]
    found = await queries.list_notices(tx, states, before=place_of(before), limit=limit + 1)
    shown = found[:limit]
    items = [await _out(tx, one) for one in shown]
    last = shown[-1] if len(found) > limit else None
    return NoticePage(items, place_text(last.published, last.id) if last is not None else None)


@get("/notices/{notice_id:uuid}", opt=_READ, summary="一项单位内部公示")
async def read_notice(tx: Transaction, notice_id: UUID) -> NoticeOut:
    """One notice with its count of days."""
    found = await queries.find_notice(tx, notice_id)
    if found is None:
        raise NotFound
    return await _out(tx, found)


async def _out(tx: Transaction, found: queries.Notice) -> NoticeOut:
    count = rules.period(found, (await governing(tx, found.pack_version_id)).pack, tx.now).values
    return NoticeOut(
        id=found.id,
        kind=found.kind,
        title=found.title,
        state=found.state,
        state_label=STATES[found.state],
        achievement_id=found.achievement_id,
        published_at=found.published,
        days=found.days,
        end=count["end"],
        raw_end=count["raw_end"],
        has_run=bool(count["has_run"]),
        objections=found.objections,
        open_objections=found.open_objections,
        content_hash=found.content_hash,
    )


HANDLERS = (list_notices, read_notice)
