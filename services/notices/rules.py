"""What the rules say about a notice: its content, how its days are counted, what an objection does.

Each function gathers facts and asks the policy engine; no number, list or date of a policy stands here.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Protocol
from uuid import UUID

from shared.clock import local_day
from shared.db.serialising import canonical_json
from shared.errors import Refusal, stale
from shared.policy import evaluate
from shared.policy.answer import Answer, Citation
from shared.policy.pack import Pack


class Posted(Protocol):
    """A notice as the rules count it. ``restarts`` are [{at}], ``offline`` [{from, to}], instants as ISO text."""

    @property
    def kind(self) -> str: ...
    @property
    def published(self) -> datetime: ...
    @property
    def days(self) -> int: ...
    @property
    def restarts(self) -> Sequence[Mapping[str, Any]]: ...
    @property
    def offline(self) -> Sequence[Mapping[str, Any]]: ...


def facts_of(posted: Posted) -> dict[str, Any]:
    """The facts that ``notice.period`` and every question about a notice take."""
    return {
        "kind": posted.kind,
        "published_at": posted.published,
        "days": posted.days,
        "restarts": [{"at": one["at"]} for one in posted.restarts],
        "offline": [{"from": one["from"], "to": one["to"]} for one in posted.offline],
    }


@dataclass(frozen=True, slots=True)
class Counted:
    """A notice that is not stored yet, as the rules count it."""

    kind: str
    published: datetime
    days: int
    restarts: Sequence[Mapping[str, Any]] = ()
    offline: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class NewNotice:
    """What is to be published. ``provided`` maps the pack's content fields to text, ``people`` to ids of people.

    ``days`` None takes the length that the pack states. ``novelty_at_risk`` keeps an unfiled invention to basic facts.
    """

    kind: str
    achievement_id: UUID
    title: str
    provided: Mapping[str, str]
    people: Mapping[str, Sequence[UUID]]
    days: int | None = None
    novelty_at_risk: bool = False


def content_facts(
    kind: str, achievement_type: str, provided: Mapping[str, Any], *, novelty_at_risk: bool = False
) -> dict[str, Any]:
    return {
        "kind": kind,
        "achievement_type": achievement_type,
        "novelty_at_risk": novelty_at_risk,
        "provided": dict(provided),
    }


def content(facts: Mapping[str, Any], pack: Pack, now: datetime) -> Answer:
    """What the notice shows and what is still missing (第八条(二)); basic facts only where a secret is at stake."""
    return evaluate("notice.content", facts, pack, local_day(now))


def required_days(kind: str, pack: Pack) -> int:
    """The length that the pack states for a kind of notice; 1 where it states none."""
    rule = pack.content.notices.get(kind)
    return (rule.days if rule else None) or 1


def period(posted: Posted, pack: Pack, now: datetime) -> Answer:
    """The counted notice at an instant: both ends, day n of N, whether it has run (rules 1 to 5)."""
    return evaluate("notice.period", {**facts_of(posted), "now": now}, pack, local_day(now))


def notice_has_run(posted: Posted, pack: Pack, now: datetime) -> bool:
    """Whether the period is over. A deadline is not a state: this decides, a daily task only tells people."""
    return period(posted, pack, now).values.get("has_run") is True


def objection_facts(posted: Posted, received_at: datetime) -> dict[str, Any]:
    return {"kind": posted.kind, "notice": facts_of(posted), "received_at": received_at}


def objection_effect(facts: Mapping[str, Any], pack: Pack, now: datetime) -> Answer:
    """Whether an objection came in time and blocks; a late one is recorded (rule 6)."""
    return evaluate("objection.effect", facts, pack, local_day(now))


def source(kind: str, pack: Pack) -> Citation:
    """Where the length of the notice is written."""
    return pack.citation(f"notices.{kind}.days")


def articles(kind: str, pack: Pack) -> dict[str, Citation]:
    """Where the text speaks of objections, of their result, of corrections and of interruptions."""
    places = {
        "objections": "objections",
        "result": "result_published",
        "change": "restarts_on_change",
        "offline": "offline_limit_hours",
        "venues": "venues",
    }
    return {name: pack.citation(f"notices.{kind}.{path}") for name, path in places.items()}


def paths(kind: str, *values: str) -> tuple[str, ...]:
    """Where the text speaks of a notice, as paths of a pack: of one of its values first, then of the notice."""
    return (*(f"notices.{kind}.{value}" for value in values), f"notices.{kind}")


def interrupted_wrongly(posted: Posted, began_at: datetime, ended_at: datetime, now: datetime) -> Refusal | None:
    """An interruption lies within the notice, and is over."""
    if posted.published <= began_at < ended_at <= now:
        return None
    return Refusal(
        "notice.interruption_time",
        "中断起止时间应在公示发布之后、现在之前，且起早于止",
        inputs={"published_at": posted.published, "from": began_at, "to": ended_at, "now": now},
        articles=paths(posted.kind, "offline_limit_hours"),
    )


def still_running(posted: Posted, answer: Answer) -> Refusal:
    """The refusal of an end before the period is over."""
    return Refusal(
        "notice.running",
        f"公示期未满：{answer.values.get('counted', '')}",
        inputs={"published_at": posted.published, "days": posted.days, "end": answer.values.get("end")},
        articles=paths(posted.kind, "days"),
    )


def not_taken(posted: Posted, *, known: bool) -> Refusal:
    """The refusal of an objection to a notice that was withdrawn, or by nobody who is known."""
    told = "该公示已撤回，不再受理异议" if known else "异议应由本单位人员登录后提出"
    return stale(told, *paths(posted.kind, "objections"), published_at=posted.published)


def own_objection(kind: str) -> Refusal:
    """Whoever objects does not judge the objection."""
    return Refusal(
        "objection.own",
        "异议不能由提出人本人答复，请由其他经办人员办理",
        inputs={"kind": kind},
        articles=paths(kind, "objections"),
    )


def content_source(kind: str, code: str, pack: Pack) -> Citation:
    """Where the text asks for a part of the content, or for a place where it is posted."""
    return pack.citation(f"notices.{kind}.{'venues' if code.startswith('venue_') else f'content.{code}'}")


def longest_gap(published_at: datetime, hours: Sequence[datetime], until: datetime) -> timedelta:
    """The longest stretch between two proofs, from publication to ``until``: how well the log covers the period."""
    points = [published_at, *sorted(hours), until]
    return max((later - earlier for earlier, later in pairwise(points)), default=timedelta(0))


def filled(provided: Mapping[str, str], people: Mapping[str, Sequence[UUID]]) -> dict[str, Any]:
    """What is provided, for ``content_facts``: a field of people counts as given when it names somebody."""
    named = {code: [str(person) for person in ids] for code, ids in people.items() if ids}
    return {**{code: value for code, value in provided.items() if value}, **named}


def entries_of(
    answer: Answer, provided: Mapping[str, str], people: Mapping[str, Sequence[UUID]]
) -> list[dict[str, Any]]:
    """The content in the pack's order: only what may be shown, nothing empty."""
    shown = set(answer.values.get("shown", ()))
    return [
        {
            "code": field["code"],
            "label": field["label"],
            "value": provided.get(field["code"]) or None,
            "people": [str(person) for person in people.get(field["code"], ())],
        }
        for field in answer.values.get("fields", ())
        if field["code"] in shown and (provided.get(field["code"]) or people.get(field["code"]))
    ]


def text_hash(title: str, content: Sequence[Mapping[str, Any]]) -> str:
    """SHA-256 of what stands, in one byte form; people count by id, so that erasing a name leaves it true."""
    return hashlib.sha256(canonical_json({"title": title, "content": list(content)})).hexdigest()


def proof_statement(tenant_id: UUID, notice_id: UUID, hour: datetime, hashed: str, intact: bool) -> str:
    """The text that is signed: it names everything that a verifier needs besides the public key."""
    return "\n".join(
        (
            "chengguo notice proof 1",
            f"tenant {tenant_id}",
            f"notice {notice_id}",
            f"hour {hour.isoformat()}",
            f"sha256 {hashed}",
            f"intact {'yes' if intact else 'no'}",
        )
    )
