"""What of the lists waits for the science department's people: the next step of article 5 of every version on its way."""

from typing import Any

from sqlalchemy import Row

from services.negative_list import queries
from services.negative_list.models import ListState
from shared.db.transaction import Transaction
from shared.policy.pack import Pack
from shared.todo import Todo
from tenants.packs import governing

WRITE, DETERMINE = "console:list:write", "console:list:determine"
HOME = "/console/lists"
_NO_DAY = "政策未规定办理期限"
EXPERTS = "review"


async def todos(tx: Transaction) -> list[Todo]:
    """One entry per version that is not published; a day stands here only where the department announced it."""
    if tx.scope.role != "web_science":
        return []
    pack = (await governing(tx)).pack
    rows = [row for row in await queries.all_versions(tx) if row.published_at is None]
    return [todo for row in rows if (todo := await _step(tx, row, pack)) is not None]


async def _step(tx: Transaction, row: Row[Any], pack: Pack) -> Todo | None:
    name = f"{row.title}（第 {row.number} 版）"
    cite = pack.citation(f"negative_lists.{row.rule}").article if row.rule in pack.content.negative_lists else ""
    basis = f"{_NO_DAY}；{cite}" if cite else _NO_DAY
    href = f"{HOME}/{row.id}"
    if row.state == ListState.DRAFT:
        return Todo("负面清单", f"{name}草案拟定后公开征求意见", "草案尚未公开", href, "拟定", WRITE, basis)
    if row.state == ListState.CONSULTING:
        return await _consulting(tx, row, name, cite, href)
    if row.state == ListState.CONSULTED:
        done = {one.kind for one in await queries.proceedings(tx, row.id)}
        if EXPERTS not in done:
            return Todo("负面清单", f"{name}专家审核与评估", "征求意见已结束", href, "登记", WRITE, basis)
        return Todo("负面清单", f"{name}共同确定", "专家意见已登记", href, "确定", DETERMINE, basis)
    if row.state == ListState.DETERMINED:
        return Todo("负面清单", f"{name}公示发布", "已共同确定", href, "发布", DETERMINE, basis)
    return None


async def _consulting(tx: Transaction, row: Row[Any], name: str, cite: str, href: str) -> Todo | None:
    """Opinions to answer while the round runs and after it; the end of the round once its last day is over."""
    round_ = await queries.consultation_of(tx, row.id)
    if round_ is None:
        return None
    received, answered = await queries.opinion_counts(tx, round_.id)
    counted = f"征求意见至 {round_.last_day}（{round_.days} 天，由本机关发布时公布，首日不计）"
    basis = f"{counted}；{cite}" if cite else counted
    said = f"已收到意见 {received} 条，待答复 {received - answered} 条"
    if tx.today > round_.last_day:
        return Todo("负面清单", f"结束{name}征求意见", said, href, "结束", WRITE, basis)
    if received > answered:
        return Todo(
            "征求意见", f"{name}草案：{received - answered} 条意见待答复", f"已收到 {received} 条",
            f"{HOME}/opinions/{round_.id}", "答复", WRITE, f"{_NO_DAY}；{counted}",
        )  # fmt: skip
    return None
