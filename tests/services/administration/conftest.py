"""The browser of the journeys, for tests of pages that look as well as answer."""

from tests.journeys.browser import browser, open_page

__all__ = ["browser", "open_page"]
