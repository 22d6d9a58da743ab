"""What is found by a few words: names by two neighbouring characters, initials, people by name and sound, numbers, papers
by what their files are called and by the numbers printed on them.

Each kind is looked up in an index that begins with the tenant and compares text, since no other operator uses an index
under row-level security. As of a past day the versions of that day are read through.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from services.ledger.entry import name_key
from services.ledger.initials import asked_initials
from shared.identifiers import canonical_text

_LAST = "\U0010ffff"
_NUMBER_LIKE = re.compile(r"[0-9]")
_SOUND = re.compile(r"[a-z]{2,6}")
_CODE = re.compile(r"(?:[A-Z]{1,12}-)?0*(\d{1,9})")
_GRAM = "select g.achievement_id from app.achievement_gram g where g.tenant_id = :tenant and g.gram "
_PEOPLE = (
    "select p.id from app.person p where p.tenant_id = :tenant and p.name >= :q_person and p.name < :q_person_end "
    "union all select p.id from app.person p where p.tenant_id = :tenant and p.name_rest >= :q_person "
    "and p.name_rest < :q_person_end "
    "union all select p.id from app.person p where p.tenant_id = :tenant and p.name_initials >= :q_sound "
    "and p.name_initials < :q_sound_end"
)
# An achievement has few papers, and most have none, so that those of the tenant are read through.
_PAPER = "position(cast(:q_paper as text) in lower(concat_ws(' ', p.file_name, p.reference))) > 0"


@dataclass(frozen=True, slots=True)
class Words:
    """What the text of the condition depends on; ``initials`` counts search words of three, 0 a beginning of two."""

    grams: int = 0
    recheck: bool = False
    initials: int | None = None
    numbers: bool = False
    ledger_number: bool = False

    @property
    def one_gram(self) -> bool:
        """Whether a name with the one search word is found without a further look at it."""
        return self.grams == 1 and not self.recheck


NO_WORDS = Words()


def ask_words(words: str, *, people: bool = True) -> tuple[Words, dict[str, Any]]:
    """What was typed, as the condition's shape and its parameters; without ``people`` nobody is found by their name, and no
    paper, whose file may be called by one.
    """
    key = name_key(words)[:100]
    person = words.strip() if people else _LAST
    sound = key if people and _SOUND.fullmatch(key) else _LAST
    values: dict[str, Any] = {"q_key": key, "q_person": person, "q_person_end": person + _LAST}
    paper = words.strip().lower() if people and len(words.strip()) > 1 else _LAST
    values |= {"q_sound": sound, "q_sound_end": sound + _LAST, "q_paper": paper}
    grams = _some(sorted({key[i : i + 2] for i in range(len(key) - 1)}))
    values.update({f"g{place}": gram for place, gram in enumerate(grams)} or {"g0": key, "g0_end": key + _LAST})
    initials = asked_initials(key)
    if len(key) == 2 and initials:
        values.update(i0=initials[0], i0_end=initials[0] + _LAST)
    values.update({f"i{place}": one for place, one in enumerate(initials)})
    canonical = canonical_text(words)
    own = None
    if _NUMBER_LIKE.search(canonical):
        number = canonical.removeprefix("ZL").removeprefix("CN")
        values.update(q_number=number, q_number_end=number + _LAST)
        own = _CODE.fullmatch(canonical)
        if own is not None:
            values["q_ledger"] = int(own[1])
    return (
        Words(
            len(grams),
            len(key) > 2,
            None if not initials else 0 if len(key) == 2 else len(initials),
            "q_number" in values,
            own is not None,
        ),
        values,
    )


def _some(grams: list[str]) -> list[str]:
    """Any few of the words narrow the set; the whole key is compared afterwards."""
    last = len(grams) - 1
    return grams if last < 4 else [grams[0], grams[last // 3], grams[2 * last // 3], grams[last]]


def first_named(conditions: Sequence[str], cursor: str, direction: str) -> str:
    """The ids of the first ``:limit`` rows ``a`` with one search word that the conditions let through, by obtained date and
    number in the direction. ``cursor`` is a condition on these two of the words ``g``, or nothing.

    The words stand in that order, so that reading ends with the last row that is shown; ``offset 0`` has each row looked
    up by its id while the words are read, whatever the planner knows.
    """
    return (
        "select g.achievement_id from app.achievement_gram g cross join lateral (select from app.achievement a "
        f"where a.id = g.achievement_id and {' and '.join(conditions)} offset 0) as kept "
        f"where g.tenant_id = :tenant and g.gram = :g0{cursor and f' and {cursor}'} "
        f"order by g.obtained_key{direction}, g.number{direction} limit :limit"
    )


def found(words: Words, first: str = "") -> str:
    """The condition on today's rows ``a``; ``first`` stands in place of all whose names have the words, where the page shows
    no others.

    What is found is gathered into an array first: whatever the planner knows of a ledger that was filled a moment ago,
    each set is read once.
    """
    if first:
        named = first
    elif words.grams:
        named = " intersect ".join(f"{_GRAM}= :g{place}" for place in range(words.grams))
    else:
        named = f"{_GRAM}>= :g0 and g.gram < :g0_end"
    if words.recheck:
        named = (
            f"select n.id from app.achievement n where n.tenant_id = :tenant and n.id = any(array({named})) "
            "and position(cast(:q_key as text) in n.name_key) > 0"
        )
    parts = [
        named,
        "select c.achievement_id from app.achievement_completer c where c.tenant_id = :tenant "
        f"and c.person_id = any(array({_PEOPLE}))",
        "select p.achievement_id from app.ledger_paper p where p.tenant_id = :tenant and p.withdrawn_at is null "
        f"and {_PAPER}",
    ]
    if words.initials == 0:
        parts.append(f"{_GRAM}>= :i0 and g.gram < :i0_end")
    elif words.initials:
        parts.append(" intersect ".join(f"{_GRAM}= :i{place}" for place in range(words.initials)))
    if words.numbers:
        parts.append(
            "select r.achievement_id from app.achievement_right r where r.tenant_id = :tenant and r.live "
            "and r.number >= :q_number and r.number < :q_number_end"
        )
    if words.ledger_number:
        parts.append("select o.id from app.achievement o where o.tenant_id = :tenant and o.number = :q_ledger")
        parts.append(
            "select f.achievement_id from app.achievement_origin f where f.tenant_id = :tenant "
            "and f.former_number = :q_ledger"
        )
    return f"a.id = any(array({' union all '.join(f'({part})' for part in parts)}))"


def _told(event: str, known: bool) -> str:
    """Whether something was done to a paper ``p`` by the end of the day, and recorded by the instant."""
    return (
        "exists (select from app.workflow_event e where e.tenant_id = :tenant and e.case_kind = 'achievement' "
        f"and e.case_id = a.id and e.event = '{event}' and e.details ->> 'paper' = p.id::text and (cast(:day as date) is null "
        "or e.at < cast(cast(:day as date) + 1 as timestamp) at time zone 'Asia/Shanghai')"
        f"{' and e.recorded_at <= cast(:known as timestamptz)' if known else ''})"
    )


def found_then(words: Words, *, known: bool = False) -> str:
    """The condition on versions ``a`` of a past day: names and numbers as they were then, people of the team of then, papers
    that stood then; ``known``: as known at an instant.
    """
    parts = [
        "position(cast(:q_key as text) in a.name_key) > 0",
        f"exists (select from jsonb_array_elements(a.team) m where (m ->> 'person')::uuid = any(array({_PEOPLE})))",
        f"exists (select from app.ledger_paper p where p.tenant_id = :tenant and p.achievement_id = a.id and {_PAPER} "
        f"and {_told('paper_added', known)} and not {_told('paper_withdrawn', known)})",
    ]
    if words.numbers:
        parts.append(
            "exists (select from jsonb_array_elements(a.rights) r where r ->> 'number' >= :q_number "
            "and r ->> 'number' < :q_number_end)"
        )
    if words.ledger_number:
        parts.append("a.number = :q_ledger")
    return f"({' or '.join(parts)})"
