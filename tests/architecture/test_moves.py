"""The tables of moves in the READMEs are those of the code, no machine is left out of them, and each is driven by its verbs."""

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest

from shared import workflow
from tests.architecture.moves import BESIDE, BY_WORKER, HIDDEN, MACHINES, tables, written
from tests.driving import Machine

TABLES = {moves.case_kind: moves for machines in MACHINES.values() for _, moves in machines}


def _parameters(slice_: str, test: str) -> Iterator[Any]:
    """What a driving test of a slice is run with."""
    driving = getattr(import_module(f"tests.services.{slice_}.test_moves"), test)
    for mark in driving.pytestmark:
        if mark.name == "parametrize":
            yield from (one.values if hasattr(one, "values") else (one,) for one in mark.args[1])


REFUSED, DONE, ASKED = (
    "test_what_a_state_does_not_allow_is_refused_and_changes_nothing",
    "test_what_a_state_allows_is_done_and_has_its_event",
    "test_every_audience_meets_its_guard_before_any_state",
)


@pytest.mark.parametrize("slice_", MACHINES)
def test_the_readme_has_the_tables_of_moves(slice_: str) -> None:
    assert written(slice_) == tables(slice_), "python -m tests.architecture.moves"


def test_every_kind_of_case_has_its_table() -> None:
    assert set(workflow._ARTICLES) == set(TABLES)


@pytest.mark.parametrize("slice_", MACHINES)
def test_every_cell_of_the_tables_is_driven_by_a_verb(slice_: str) -> None:
    """A new state, a new move or a new machine is red until a verb makes it, or is refused, in the slice's own test."""
    tried: dict[str, tuple[Machine, set[str]]] = {}
    for machine, state in _parameters(slice_, REFUSED):
        tried.setdefault(machine.moves.case_kind, (machine, set()))[1].add(state)
    made = {(machine.moves.case_kind, name, state) for machine, name, state in _parameters(slice_, DONE)}
    guarded = {one for (one,) in _parameters(slice_, ASKED)}
    for _, moves in MACHINES[slice_]:
        machine, states = tried[moves.case_kind]
        assert machine.moves is moves
        assert states == set(moves.states)
        assert set(machine.acts) == {one.name for one in moves.moves}, moves.case_kind
        assert {one for one in made if one[0] == moves.case_kind} == {
            (moves.case_kind, one.name, state) for one in moves.moves for state in one.sources
        }
        assert {one.permission for one in moves.moves if (moves.case_kind, one.name) not in BY_WORKER} <= guarded


def test_what_is_said_of_single_moves_is_said_of_moves_that_there_are() -> None:
    """Not refused but left undone, or not seen: of no move that a state allows, and of none that is gone."""
    for kind, name in {*BY_WORKER, *BESIDE, *HIDDEN}:
        assert name in {one.name for one in TABLES[kind].moves}
    for (kind, name), states in HIDDEN.items():
        assert states < set(TABLES[kind].states)
        assert not states & TABLES[kind].named(name).sources
