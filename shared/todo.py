"""What waits for a person: each slice says what it has, the home page sorts it by deadline."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import date

from shared.db.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Todo:
    """One thing to do.

    ``basis`` says in Chinese how the deadline was counted and by which article; ``due_on`` is None where no rule sets a
    deadline; ``lapses`` where it is the end of a period that runs by itself, so that nobody is late after it.
    ``permission`` is what a person needs to do it; only those people see it.
    """

    kind: str
    title: str
    subtitle: str
    href: str
    action: str
    permission: str
    basis: str
    due_on: date | None = None
    tone: str = "blue"
    lapses: bool = False


Source = Callable[[Transaction], Awaitable[list[Todo]]]


async def waiting_for(tx: Transaction, sources: Iterable[Source]) -> list[Todo]:
    """What the person may do, the nearest deadline first; what no rule gives a deadline comes last."""
    found = [todo for source in sources for todo in await source(tx) if todo.permission in tx.actor.permissions]
    return sorted(found, key=lambda todo: (todo.due_on or date.max, todo.kind, todo.title))
