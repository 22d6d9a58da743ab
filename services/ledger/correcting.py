"""A correction as it is filled in, on the page and by a machine: what stands now, and who is meant by the names."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from services.ledger import queries
from services.ledger.entry import Completer
from services.ledger.forms import CorrectionForm, members_of
from shared.db.transaction import Transaction
from tenants.people import people_named


async def standing(tx: Transaction, row: Row[Any]) -> dict[str, Any]:
    """What the form of a correction holds before anything is changed."""
    team, rights = await queries.team_of(tx, row.id), await queries.rights_of(tx, row.id)
    values = {name: getattr(row, name) for name in CorrectionForm.model_fields if hasattr(row, name)}
    return values | {
        "team": lines_of([(one.name, one.share) for one in team]),
        "numbers": "\n".join(one.number for one in rights),
        "since": tx.today,
    }


def lines_of(team: Sequence[tuple[str, Fraction | str | None]]) -> str:
    """The members as the form has them, a line each."""
    return "\n".join(name + (f" {share}" if share is not None else "") for name, share in team)


async def members_meant(
    tx: Transaction, achievement_id: UUID, form: CorrectionForm
) -> tuple[list[Completer] | None, dict[UUID, str]]:
    """The team as typed and those who are new to the institution; None where nothing changed. Roles of those who stay
    are kept.
    """
    wanted = members_of(form.team)
    present = {one.name: one for one in await queries.team_of(tx, achievement_id)}
    if wanted == [(one.name, one.share) for one in present.values()]:
        return None, {}
    ids, new = await people_named(tx, [name for name, _ in wanted if name not in present])
    others = iter(ids)
    return [
        Completer(present[name].person_id, role=present[name].role, share=share)
        if name in present
        else Completer(next(others), share=share)
        for name, share in wanted
    ], new
