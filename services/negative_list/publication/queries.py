"""Looking for words among the published items."""

from typing import Any

from sqlalchemy import Row, func, or_, select

from services.negative_list.models import list_item, list_version, list_wording
from shared.db.transaction import Transaction


async def published_items_like(tx: Transaction, words: str, limit: int = 20) -> list[Row[Any]]:
    """Published items of the province's lists whose code or newest published wording holds the words, by code."""
    newest = (
        select(list_wording.c.item_id, func.max(list_version.c.number).label("number"))
        .join(list_version, list_version.c.id == list_wording.c.version_id)
        .where(
            list_wording.c.province_id == tx.province_id,
            list_version.c.province_id == tx.province_id,
            list_version.c.published_at.is_not(None),
        )
        .group_by(list_wording.c.item_id)
        .subquery()
    )
    return list(
        await tx.rows(
            select(
                list_item.c.code, list_item.c.kind, list_item.c.ended_on, list_wording.c.title, list_version.c.number
            )
            .join(newest, newest.c.item_id == list_item.c.id)
            .join(list_wording, list_wording.c.item_id == list_item.c.id)
            .join(
                list_version,
                (list_version.c.id == list_wording.c.version_id) & (list_version.c.number == newest.c.number),
            )
            .where(
                list_item.c.province_id == tx.province_id,
                list_wording.c.province_id == tx.province_id,
                list_version.c.province_id == tx.province_id,
                list_item.c.published_at.is_not(None),
                or_(
                    list_item.c.code.icontains(words, autoescape=True),
                    list_wording.c.title.icontains(words, autoescape=True),
                ),
            )
            .order_by(list_item.c.code)
            .limit(limit)
        )
    )
