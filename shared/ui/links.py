"""Addresses of our own: with a query for sorting, paging and filtering; and whether an address is ours at all."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote_plus, urlsplit

_PLAIN = re.compile(r"[A-Za-z0-9_.~-]*").fullmatch


def with_query(path: str, query: Mapping[str, Any], **changes: Any) -> str:
    """``path`` with ``query`` after ``changes``; a value of None or "" is left out, a list repeats its name."""
    merged = {**query, **changes}
    kept = [
        (name, str(value))
        for name, values in merged.items()
        for value in (values if isinstance(values, list | tuple) else (values,))
        if value is not None and value != ""
    ]
    return f"{path}?{'&'.join([f'{_quoted(name)}={_quoted(value)}' for name, value in kept])}" if kept else path


def _quoted(word: str) -> str:
    return word if _PLAIN(word) else quote_plus(word)


def local_address(wanted: str | None) -> str:
    """A path of our own with its query, or nothing: a return address never leads to another site.

    Browsers drop tabs and line breaks and read a backslash as a slash, so an address with any of them is none of ours.
    """
    if not wanted or not wanted.startswith("/") or wanted.startswith("//"):
        return ""
    if "\\" in wanted or any(character < " " or character == "\x7f" for character in wanted):
        return ""
    parts = urlsplit(wanted)
    return "" if parts.scheme or parts.netloc else wanted
