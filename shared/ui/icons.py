"""Inline icons: read once from the icon package, kept as finished markup."""

import re
from functools import cache, lru_cache
from importlib.resources import files
from io import BytesIO
from zipfile import ZipFile

from markupsafe import Markup, escape

_INNER = re.compile(r"<svg[^>]*>(.*)</svg>", re.DOTALL)


@cache
def _archive() -> ZipFile:
    return ZipFile(BytesIO((files("tablericons") / "tablericons.zip").read_bytes()))


@lru_cache(maxsize=1024)
def icon(name: str, size: int = 20, cls: str = "") -> Markup:
    """The outline icon ``name`` as decoration (hidden from screen readers: text stands beside it or in ``aria-label``).

    :raises KeyError: when the icon does not exist, so that a misspelt name fails where it is written.
    """
    found = _INNER.search(_archive().read(f"outline/{name}.svg").decode())
    assert found is not None
    inner = re.sub(r"\s*\n\s*", "", found.group(1))
    return Markup(
        f'<svg class="{escape(cls or "icon-plain")}" width="{size}" height="{size}" viewBox="0 0 24 24" fill="none" '
        f'stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" '
        f'focusable="false">{inner}</svg>'
    )
