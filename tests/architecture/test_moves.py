"""The tables of moves in the READMEs are those of the code, and no machine is left out of them."""

import pytest

from services.home.pushing import workflow as pushing
from shared import workflow
from tests.architecture.moves import MACHINES, tables, written

# The platform's deliveries: no person moves them as a case.
OTHERS = {pushing.TARGETS.case_kind, pushing.DELIVERIES.case_kind}


@pytest.mark.parametrize("slice_", MACHINES)
def test_the_readme_has_the_tables_of_moves(slice_: str) -> None:
    assert written(slice_) == tables(slice_), "python -m tests.architecture.moves"


def test_every_kind_of_case_has_its_table() -> None:
    told = {moves.case_kind for machines in MACHINES.values() for _, moves in machines}
    assert set(workflow._ARTICLES) - OTHERS == told
