"""The verbs of pushing: register an address, hand news to it, try, give up, send again."""

import secrets
from collections.abc import Sequence
from datetime import timedelta
from time import monotonic, time
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from services.home.pushing import queries, rules
from services.home.pushing.models import DELIVERY_STATES, TARGET_STATES, TEST, push_attempt, push_delivery, push_target
from shared.audit.writing import write_audit
from shared.clock import real_now
from shared.db.transaction import Transaction
from shared.errors import NotFound, Refusal
from shared.ids import named_id, new_id
from shared.keys.keyring import Keyring
from shared.observability import metrics
from shared.push.sending import Pusher, PushFailed, signature
from shared.tasks.broker import ask_at, ask_soon
from shared.workflow import Move, Moves, move, record_event, refuse, send
from tenants.registry import organisation

TARGET, DELIVERY = "push_target", "push_delivery"
_LIVE = frozenset({"active", "paused"})
TARGETS = Moves(
    TARGET,
    push_target,
    TARGET_STATES,
    (
        Move("pause", frozenset({"active"}), "paused", "push_paused", queries.MANAGE, "暂停"),
        Move("resume", frozenset({"paused"}), "active", "push_resumed", queries.MANAGE, "恢复"),
        Move("remove", _LIVE, "removed", "push_removed", queries.MANAGE, "停用"),
    ),
)
DELIVERIES = Moves(
    DELIVERY,
    push_delivery,
    DELIVERY_STATES,
    (Move("send_again", frozenset({"dead"}), "waiting", "push_asked_again", queries.MANAGE, "重新推送"),),
)


async def add_target(tx: Transaction, keyring: Keyring, name: str, url: str, events: Sequence[str]) -> UUID:
    """Register an address that news is pushed to; its key is made here. Returns the id. The caller has looked at the url."""
    target_id = new_id()
    secret = secrets.token_urlsafe(32).encode()
    await tx.execute(
        insert(push_target).values(
            tenant_id=tx.tenant_id,
            id=target_id,
            name=name,
            url=url,
            events=list(events),
            secret=keyring.encrypt(secret),
            created_at=tx.now,
            created_by=tx.actor.person_id,
        )
    )
    details = {"name": name, "url": url, "events": list(events)}
    await record_event(tx, TARGET, target_id, "push_registered", to_state="active", details=details)
    await write_audit(tx, f"{TARGET}.register", TARGET, target_id, details=details)
    return target_id


async def show_secret(tx: Transaction, keyring: Keyring, target_id: UUID) -> str:
    """The key with which what is pushed is signed; that somebody saw it is on the log.

    :raises NotFound: no such address of this tenant, or it is removed, or the key was sealed by another installation.
    """
    row = await queries.find_target(tx, target_id)
    plain = keyring.decrypt(row.secret) if row is not None and row.state != "removed" else None
    if plain is None:
        raise NotFound
    await write_audit(tx, f"{TARGET}.show_secret", TARGET, target_id, outcome="read")
    return plain.decode()


async def change_target(tx: Transaction, target_id: UUID, name: str) -> Refusal | None:
    """Pause, resume or remove an address; what waits for a paused one waits on.

    :raises NotFound: no such address of this tenant.
    """
    row = await queries.find_target(tx, target_id, lock=True)
    if row is None:
        raise NotFound
    stopped = await move(tx, TARGETS, target_id, name, row.state)
    if stopped is not None:
        return await refuse(tx, stopped, f"{TARGET}.{name}", TARGET, target_id)
    if name == "resume":
        ask_soon(tx, "push_news", tx.tenant_id)
    return None


async def test_target(tx: Transaction, target_id: UUID) -> UUID:
    """Have a message without content sent to an address; returns the delivery's id.

    :raises NotFound: no such address in use.
    """
    row = await queries.find_target(tx, target_id)
    if row is None or row.state != "active":
        raise NotFound
    source = new_id()
    delivery_id = await _put(tx, target_id, source, TEST, {"at": tx.now.isoformat()})
    await write_audit(tx, f"{TARGET}.test", TARGET, target_id, details={"delivery": str(delivery_id)})
    return delivery_id


async def fan_out(tx: Transaction, source_id: UUID, event: str, data: dict[str, Any]) -> int:
    """A delivery for every address that wants the event; the same source twice is one. How many there are."""
    wanting = [one for one in await queries.targets(tx) if event in one.events]
    for one in wanting:
        await _put(tx, one.id, source_id, event, data)
    return len(wanting)


async def _put(tx: Transaction, target_id: UUID, source_id: UUID, event: str, data: dict[str, Any]) -> UUID:
    delivery_id = named_id("push", str(source_id), str(target_id))
    unit = await tx.scalar(
        select(organisation.c.name).where(
            organisation.c.id == tx.tenant_id, organisation.c.province_id == tx.province_id
        )
    )
    payload = {
        "id": str(source_id),
        "event": event,
        "institution": {"id": str(tx.tenant_id), "name": unit},
        "data": data,
    }
    values = {"tenant_id": tx.tenant_id, "id": delivery_id, "target_id": target_id, "source_id": source_id}
    statement = upsert(push_delivery).values(**values, event=event, payload=payload)
    await tx.execute(statement.on_conflict_do_nothing())
    ask_soon(tx, "push_news", tx.tenant_id)
    return delivery_id


async def push_one(tx: Transaction, pusher: Pusher, keyring: Keyring) -> bool:
    """Try the delivery that is due; False where none is, and then the next one's instant is asked for.

    Each attempt is kept; after eight it is given up and said.

    Nothing is done after the attempt but to keep what came of it, so that a commit that fails means one repetition, which the
    receiver knows by its id.
    """
    row = await queries.due(tx)
    if row is None:
        following = await queries.next_at(tx)
        if following is not None:
            await ask_at(tx, "push_news", tx.tenant_id, following)
        return False
    started = monotonic()
    status, fault = await _try(pusher, keyring, row)
    millis = int((monotonic() - started) * 1000)
    attempts, tried = row.attempts + 1, row.tried + 1
    done = status is not None and rules.arrived(status)
    dead = not done and attempts >= rules.ATTEMPTS_AT_MOST
    values = {"tenant_id": tx.tenant_id, "delivery_id": row.id, "number": tried, "millis": millis}
    await tx.execute(insert(push_attempt).values(**values, status=status, fault=fault))
    changed: dict[str, Any] = {"attempts": attempts, "tried": tried}
    if done or dead:
        changed |= {"state": "delivered" if done else "dead", "settled_at": func.clock_timestamp()}
    else:
        changed["next_at"] = real_now() + timedelta(seconds=rules.wait_after(attempts))
    table = push_delivery
    await tx.execute(update(table).where(table.c.tenant_id == tx.tenant_id, table.c.id == row.id).values(**changed))
    metrics.deliveries.labels("push", "delivered" if done else "failed").inc()
    if dead:
        href = "/institution/deliveries?state=dead"
        told = {"to_permission": queries.MANAGE, "title": "有一项推送多次没有送达", "href": href}
        await send(tx, "message", told)
    return True


async def _try(pusher: Pusher, keyring: Keyring, row: Row[Any]) -> tuple[int | None, str | None]:
    """(status of the answer, or None and why there was none)."""
    secret = keyring.decrypt(row.secret)
    if secret is None:
        return None, "签名密钥不能解开，请停用后重新登记"
    body, second = msgspec.json.encode(row.payload), int(time())
    headers = {
        "content-type": "application/json; charset=utf-8",
        "user-agent": "chengguo-push/1",
        "x-chengguo-event": row.event,
        "x-chengguo-id": str(row.source_id),
        "x-chengguo-timestamp": str(second),
        "x-chengguo-signature": signature(secret, second, body),
    }
    try:
        return await pusher.post(row.url, body, headers), None
    except PushFailed as failed:
        return None, str(failed)[:200]


async def send_again(tx: Transaction, delivery_id: UUID) -> Refusal | None:
    """Ask once more for a delivery that was given up.

    :raises NotFound: no such delivery of this tenant.
    """
    row = await queries.find_delivery(tx, delivery_id)
    if row is None:
        raise NotFound
    changes = {"attempts": 0, "next_at": real_now(), "settled_at": None}
    stopped = await move(tx, DELIVERIES, delivery_id, "send_again", row.state, changes=changes)
    if stopped is not None:
        return await refuse(tx, stopped, f"{DELIVERY}.send_again", DELIVERY, delivery_id)
    ask_soon(tx, "push_news", tx.tenant_id)
    return None
