"""The browser and the demo of every journey."""

import pytest

from tests.journeys.browser import browser, open_page
from tests.journeys.demo import demo
from tests.journeys.walking import enter

__all__ = ["browser", "demo", "enter", "open_page"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "/journeys/" in item.nodeid:
            item.add_marker(pytest.mark.journey)
