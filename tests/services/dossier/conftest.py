"""A browser for the page of the decision file."""

from tests.journeys.browser import browser, open_page

__all__ = ["browser", "open_page"]
