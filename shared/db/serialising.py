"""JSON as the database keeps it: Decimals, dates and ids as text, without loss."""

from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from typing import Any
from uuid import UUID

import msgspec


def _encode(value: Any) -> Any:
    if isinstance(value, Fraction):
        return f"{value.numerator}/{value.denominator}"
    if isinstance(value, (frozenset, set)):
        return sorted(value)
    if isinstance(value, (Decimal, UUID, date, datetime)):
        return str(value)
    if isinstance(value, Enum):
        return value.value
    raise NotImplementedError(f"not storable as JSON: {type(value).__name__}")


_encoder = msgspec.json.Encoder(enc_hook=_encode, decimal_format="string")
_decoder = msgspec.json.Decoder()


def dump_json(value: Any) -> str:
    """JSON text; Decimal, Fraction, UUID, dates and sets become text or lists."""
    return _encoder.encode(value).decode()


def load_json(text: str | bytes) -> Any:
    """The plain value of JSON text."""
    return _decoder.decode(text)


def canonical_json(value: Any) -> bytes:
    """One byte form per value, for hashes: keys sorted, no blanks."""
    return msgspec.json.encode(msgspec.to_builtins(value, enc_hook=_encode, order="deterministic"), order="sorted")
