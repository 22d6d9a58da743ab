"""The browser of the journeys, for the pages of the interface alone."""

from tests.journeys.browser import browser, open_page

__all__ = ["browser", "open_page"]
