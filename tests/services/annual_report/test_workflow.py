"""Yearly reports on a real database: freezing, texts, submission, return, resubmission, aggregation."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from services.annual_report import queries, workflow
from services.annual_report.standing import standing
from services.ledger import workflow as ledger
from shared.errors import Refusal
from tests.services.annual_report.arranging import REPORT, YEAR, deal, frozen, small_ledger, submitted, written
from tests.world import World


async def figures(world: World, dimension: str = "type", tenant: UUID | None = None) -> dict[str, tuple[int, ...]]:
    async with world.acting(tenant or world.university) as tx:
        found = await standing(tx, REPORT, YEAR)
    return {line.value: tuple(line.figures.values()) for line in found.lines if line.dimension == dimension}


async def test_a_freeze_counts_the_year_with_imported_ledgers_on_a_line_of_their_own(world: World) -> None:
    await small_ledger(world)
    await frozen(world)
    # opening, first entry, added, removed, closing
    assert await figures(world, "all") == {"": (4, 2, 1, 0, 7)}
    assert await figures(world, "type") == {"patent_right": (4, 0, 1, 0, 5), "software_copyright": (0, 2, 0, 0, 2)}
    assert await figures(world, "status") == {"not_converted": (4, 2, 1, 1, 6), "converted": (0, 0, 1, 0, 1)}
    assert await figures(world, "deal") == {"licence": (0, 0, 1, 0, 1)}
