"""What the shells of a page are given: plain values, made by the request's edge, documented in README.md."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")

Audience = Literal["public", "institution", "console", "operator"]
Tone = Literal["success", "info", "warning", "danger"]


@dataclass(frozen=True, slots=True)
class Viewer:
    """The person signed in. ``unread`` counts messages, None where the page did not; ``initials`` is for the round badge."""

    name: str
    organisation_name: str
    department_name: str
    audience: Audience
    permissions: frozenset[str] = frozenset()
    unread: int | None = None
    initials: str = ""


@dataclass(frozen=True, slots=True)
class Province:
    """Whose pages these are. ``banner`` is shown on every page when not None (a draft pack, a maintenance window)."""

    name: str
    short_name: str
    slug: str
    banner: str | None = None


@dataclass(frozen=True, slots=True)
class PageClock:
    """``now`` is the legal instant (aware); ``demo`` says whether the control that moves it is shown."""

    now: datetime
    demo: bool = False


@dataclass(frozen=True, slots=True)
class MenuItem:
    """One entry. ``icon`` names an outline icon; ``badge`` is a count of what waits, hidden when 0 or None."""

    label: str
    href: str
    icon: str = ""
    active: bool = False
    badge: int | None = None


@dataclass(frozen=True, slots=True)
class MenuSection:
    """Entries under a heading; an empty heading shows none."""

    heading: str
    items: tuple[MenuItem, ...]


@dataclass(frozen=True, slots=True)
class Crumb:
    """A step above the page; without ``href`` it is the page itself."""

    label: str
    href: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """``title`` is both the h1 and the browser's title; ``path`` is this page's address, to come back to."""

    title: str
    path: str = "/"
    subtitle: str = ""
    crumbs: Sequence[Crumb] = ()
    search_href: str = ""
    search_hint: str = "查找"
    footnote: str = ""

    @property
    def screen(self) -> str:
        """Which screen this is: its path without ids, so that the page of an unknown id is the same for every id."""
        return _ID.sub("-", self.path.partition("?")[0])


@dataclass(frozen=True, slots=True)
class Flash:
    """A message about what was just done, shown once at the top of the page."""

    text: str
    tone: Tone = "success"


@dataclass(frozen=True, slots=True)
class FormState:
    """What a form shows: the values as typed, and every error at once, in the order of the form.

    ``errors`` maps a field's name to its message; the key ``""`` holds what concerns no single field.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
