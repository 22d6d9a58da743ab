"""`pytest tests/reliability --full` kills each part a hundred times; `CHENGGUO_KILLS` sets another number, twenty by default."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="a hundred kills of each part")
