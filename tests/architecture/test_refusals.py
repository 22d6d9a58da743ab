"""Every refusal names where it is written and what was judged; what no rule makes is on a short list with its reason."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from shared.policy import load_pack
from shared.policy.inputs import FACTS, SILENT
from tenants.packs import article_of
from tests.architecture.moves import MACHINES
from tests.architecture.test_homes import ROOT, sources

# Refusals that no article is behind: file, and whose rule it is instead. Reviewed; the list may only shrink.
OWN = {
    "shared/errors.py": "makes the refusals of an answer and of a state; who was a moment too late broke no rule",
    "shared/workflow.py": "a move out of order: its articles are those of the table of moves",
    "shared/documents/scanner.py": "a virus: kept out before anybody knows what the file is about",
    "services/home/workflow.py": "the demo's clock",
    "services/home/routes_public.py": "the demo's clock",
    "services/home/persons/workflow.py": "the person is erased already; what bars an erasure is asked of the pack",
    "services/dossier/workflow.py": "the log's last rows wait seconds to be sealed",
    "services/administration/delegating/workflow.py": "a delegation among people of one unit that is over",
    "services/administration/machines/workflow.py": "a unit's credential for machines that was revoked",
    "services/administration/merging/workflow.py": "two people record that units became one: what the registry asks",
    "tenants/activation.py": "two people put a version of the rules in force: no version can say how itself comes into force",
    "tenants/revocation.py": "two people take that back",
}
# Paths that only some provinces' texts can have; they are never the last of their refusal.
REGIONS = {"cn-53": ("empowerment", "ledger"), "cn-22": ("empowerment", "ledger"), "cn-37": ("ledger",)}


@dataclass(frozen=True)
class Made:
    """One place where a refusal is made by hand: whether it says where it is written, and the names of what was judged."""

    file: str
    line: int
    code: str
    cited: bool
    inputs: frozenset[str] | None

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line} {self.code}"


def made(path: Path) -> Iterator[Made]:
    """The calls of ``Refusal`` and ``stale``; an answer of the engine has its article always, by its findings."""
    file = str(path.relative_to(ROOT))
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        named = {one.arg: one.value for one in node.keywords}
        if node.func.id == "Refusal":
            code = ast.unparse(named["code"] if "code" in named else node.args[0])
            cited = len(node.args) > 2 or bool({"citation", "articles"} & named.keys())
            yield Made(file, node.lineno, code, cited, _facts(named.get("inputs")))
        elif node.func.id == "stale":
            facts = frozenset(name for name in named if name is not None) if named else None
            yield Made(file, node.lineno, ast.unparse(node.args[0]), len(node.args) > 1, facts)


def _facts(inputs: ast.expr | None) -> frozenset[str] | None:
    """Names of facts written out here; empty where they are put together elsewhere, None without any."""
    if isinstance(inputs, ast.Dict):
        return frozenset(str(one.value) for one in inputs.keys if isinstance(one, ast.Constant))
    return None if inputs is None else frozenset()


FOUND = [one for path in sources() for one in made(path)]


def test_every_refusal_names_its_article_and_what_was_judged() -> None:
    ruled = [one for one in FOUND if one.file not in OWN]
    assert len(ruled) > 80
    assert [one.place for one in ruled if not one.cited] == []
    assert [one.place for one in ruled if one.inputs is None] == []


def test_whose_rule_it_is_not_is_said_once_and_still_true() -> None:
    bare = {one.file for one in FOUND if not one.cited or one.inputs is None}
    assert {file for file in OWN if (ROOT / file).exists()} - bare == set()


def test_every_fact_of_a_refusal_has_its_chinese_name() -> None:
    given = {name for one in FOUND for name in one.inputs or ()}
    asked = {
        str(name.value)
        for path in sorted((ROOT / "shared/policy/questions").glob("*.py"))
        for call in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(call, ast.keyword) and call.arg == "inputs"
        for name in ast.walk(call.value)
        if isinstance(name, ast.Constant)
    }
    assert (given | asked) - FACTS.keys() - SILENT == set()


@pytest.mark.parametrize(("region", "guideline"), [(one, what) for one, both in REGIONS.items() for what in both])
def test_a_move_out_of_order_has_an_article_wherever_the_matter_is_regulated(region: str, guideline: str) -> None:
    slices = {"empowerment": ("empowerment", "notices"), "ledger": ("ledger",)}[guideline]
    pack = load_pack(region)
    missing = [
        f"{moves.case_kind}.{move.name}"
        for slice_ in (*slices, "annual_report")
        for _, moves in MACHINES[slice_]
        for move in moves.moves
        if article_of(pack, moves.articles_of(move.name)) is None
    ]
    assert missing == []
