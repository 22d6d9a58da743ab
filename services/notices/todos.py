"""What of the notices waits for a person."""

from services.notices import queries, workflow
from services.notices.models import ObjectionState
from shared.clock import local_day
from shared.db.transaction import Transaction
from shared.todo import Todo


async def todos(tx: Transaction) -> list[Todo]:
    """Objections without an answer; the texts set no deadline for it, and say what it holds up."""
    return [
        Todo(
            "异议",
            f"公示异议待核查答复：{title}",
            f"{local_day(one.received_at)} 提出" + ("，期满后收到" if one.state == ObjectionState.LATE else ""),
            f"/institution/notices/{one.notice_id}/objections/{one.id}",
            "核查",
            workflow.ANSWER,
            "政策未规定答复期限；期满后收到的异议不影响签署"
            if one.state == ObjectionState.LATE
            else "政策未规定答复期限；答复之前不能签署协议",
            tone="red",
        )
        for one, title in await queries.waiting_objections(tx)
    ]
