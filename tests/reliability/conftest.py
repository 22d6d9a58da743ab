"""`pytest tests/reliability --full` kills each part a hundred times instead of twenty."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="a hundred kills of each part")
