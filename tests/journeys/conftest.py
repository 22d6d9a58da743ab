"""The browser of every journey."""

from tests.journeys.browser import browser, open_page

__all__ = ["browser", "open_page"]
