"""Some things happen in one home only: commits, the machine's clock, the environment, assignments to a state column."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory

from shared.db.migrating import MIGRATIONS

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ("services", "tenants", "shared")
SIZE_LIMIT = 400
FUNCTION_LIMIT = 60


def sources(*folders: str) -> Iterator[Path]:
    for folder in folders or PRODUCT:
        yield from sorted((ROOT / folder).rglob("*.py"))


def lines_with(pattern: str, *allowed: str) -> list[str]:
    """Where product code matches, outside the files that are the one home."""
    search = re.compile(pattern)
    return [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in sources()
        if str(path.relative_to(ROOT)) not in allowed
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if search.search(line)
    ]


def test_only_the_edge_commits() -> None:
    assert lines_with(
        r"\.commit\(|execute\(\"(commit|rollback|begin)", "shared/db/transaction.py", "tenants/isolation.py",
        "tenants/sso.py", "tenants/machine.py",
    ) == []  # fmt: skip


def test_only_the_clock_reads_the_machines_clock() -> None:
    assert lines_with(r"datetime\.now\(|datetime\.utcnow\(|date\.today\(|\btime\.time\(", "shared/clock.py") == []


def test_only_settings_read_the_environment() -> None:
    assert lines_with(r"os\.environ|getenv\(", "shared/settings.py") == []


def test_a_form_with_a_file_is_not_spooled_to_disk() -> None:
    """Litestar's UploadFile rolls over to a temporary file; what may be classified must stay in memory. A unit's archive is no
    upload: it holds what is kept already, and may be larger than memory.
    """
    assert (
        lines_with(r"UploadFile|tempfile|SpooledTemporaryFile", "services/administration/archiving/workflow.py") == []
    )


def test_rules_know_no_database_web_or_queue() -> None:
    forbidden = re.compile(
        r"^\s*(from|import) (sqlalchemy|asyncpg|litestar|dramatiq|boto3|shared\.db(?!\.serialising))\b", re.M
    )
    found = [
        str(path.relative_to(ROOT))
        for path in sources("services")
        if path.name == "rules.py" and forbidden.search(path.read_text("utf-8"))
    ]
    assert found == []


def test_rules_are_pure_functions() -> None:
    for path in sources("services"):
        if path.name == "rules.py":
            tree = ast.parse(path.read_text("utf-8"))
            assert not [node for node in ast.walk(tree) if isinstance(node, ast.AsyncFunctionDef)], path


def test_there_is_one_migration_head() -> None:
    assert len(ScriptDirectory(str(MIGRATIONS)).get_heads()) == 1


def test_a_landed_migration_does_not_change_with_the_product() -> None:
    imported = re.compile(r"^\s*(?:from|import) (?:services|tenants)\b", re.MULTILINE)
    found = [path.name for path in (MIGRATIONS / "versions").glob("*.py") if imported.search(path.read_text("utf-8"))]
    assert found == []


@pytest.mark.parametrize("name", ["service", "repository", "manager", "helpers", "utils", "common"])
def test_no_room_is_named_for_nothing(name: str) -> None:
    found = [path for folder in PRODUCT for path in (ROOT / folder).rglob(f"{name}*") if path.suffix in ("", ".py")]
    assert found == []


# Rooms that are larger than the limit, with the size they may not exceed: the list may only shrink.
OVERSIZE: dict[str, int] = {}
LONG_FUNCTIONS: dict[str, int] = {}


def test_no_file_outgrows_its_room() -> None:
    sizes = {
        str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines())
        for path in sources(*PRODUCT, "deploy/embedded", "deploy/demo")
    }
    assert {name: size for name, size in sizes.items() if size > OVERSIZE.get(name, SIZE_LIMIT)} == {}
    assert {name for name in OVERSIZE if sizes.get(name, 0) <= SIZE_LIMIT} == set()


def test_no_function_outgrows_its_page() -> None:
    long = {}
    for path in sources(*PRODUCT, "deploy/embedded", "deploy/demo"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                name = f"{path.relative_to(ROOT)}:{node.name}"
                size = (node.end_lineno or node.lineno) - node.lineno + 1
                if size > LONG_FUNCTIONS.get(name, FUNCTION_LIMIT):
                    long[name] = size
    assert long == {}


def test_handlers_fit_on_one_screen() -> None:
    long = {}
    for path in sources("services"):
        if not re.fullmatch(r"(routes_\w+|api)\.py", path.name):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.decorator_list:
                body = (node.end_lineno or 0) - node.body[0].lineno + 1
                if body > 30:
                    long[f"{path.relative_to(ROOT)}:{node.name}"] = body
    assert long == {}
