"""A browser for the pages of empowerment and of its notices."""

from tests.journeys.browser import browser, open_page

__all__ = ["browser", "open_page"]
