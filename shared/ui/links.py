"""Addresses with a query, for sorting, paging and filtering links."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode


def with_query(path: str, query: Mapping[str, Any], **changes: Any) -> str:
    """``path`` with ``query`` after ``changes``; a value of None or "" is left out, a list repeats its name."""
    merged = {**query, **changes}
    kept = [
        (name, str(value))
        for name, values in merged.items()
        for value in (values if isinstance(values, list | tuple) else (values,))
        if value is not None and value != ""
    ]
    return f"{path}?{urlencode(kept)}" if kept else path
