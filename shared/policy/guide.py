"""What may be written in each table of a pack, in the words of people who write rules: made from the schema itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.policy.schema import Content
from shared.policy.words import CODES, KEYS, WORDS

_KINDS = {"string": "文字", "integer": "整数", "boolean": "true 或 false", "array": "列表", "object": "表"}


def sections() -> list[tuple[str, str]]:
    """The tables of a pack: name and what it is called."""
    return [(name, KEYS[name]) for name in Content.model_fields]


def keys_of(section: str) -> list[tuple[str, str, str]]:
    """The keys of a table's entries: name with its place, what it is called, what is written.

    :raises KeyError: there is no such table.
    """
    schema = Content.model_json_schema()
    definitions: Mapping[str, Any] = schema["$defs"]
    return list(_walk(schema["properties"][section], definitions, ""))


def _walk(node: Mapping[str, Any], definitions: Mapping[str, Any], under: str) -> list[tuple[str, str, str]]:
    """Keys of the entries that a schema describes; a table of entries adds <代号>."""
    model = _model(node, definitions)
    if model is None:
        inner = node.get("additionalProperties")
        return _walk(inner, definitions, f"{under}<代号>.") if isinstance(inner, Mapping) else []
    found = []
    for key, value in model["properties"].items():
        nested = value.get("additionalProperties")
        needed = "，必填" if key in model.get("required", ()) else ""
        if isinstance(nested, Mapping) and _model(nested, definitions):
            found += [(f"{under}{key}", KEYS[key], "表"), *_walk(value, definitions, f"{under}{key}.")]
        else:
            found.append((f"{under}{key}", KEYS[key], _kind(key, value) + needed))
    return found


def _model(node: Mapping[str, Any], definitions: Mapping[str, Any]) -> Mapping[str, Any] | None:
    for one in (node, *node.get("anyOf", ())):
        if "$ref" in one:
            found: Mapping[str, Any] = definitions[one["$ref"].rpartition("/")[2]]
            return found
    return None


def _kind(key: str, node: Mapping[str, Any]) -> str:
    options = [one for one in (node, *node.get("anyOf", ())) if one.get("type") != "null"]
    for one in options:
        if "enum" in one:
            return " | ".join(f'"{word}" {WORDS.get(key, {}).get(word, "")}'.rstrip() for word in one["enum"])
        if "pattern" in one:
            return '比例，写成文字，如 "0.7" 或 "1/3"'
        if one.get("format") == "date":
            return "日期，如 2026-01-01"
        if one.get("type") == "array":
            return f"列表 [ {_kind(key, one.get('items', {})) or '文字'}, … ]"
        if one.get("type") == "string" and key in CODES:
            return f"代号，见 enumerations.{CODES[key]}"
        if one.get("type") in _KINDS:
            return _KINDS[one["type"]]
    return "文字"
