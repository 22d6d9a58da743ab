"""The number of a right as read from a cell: canonical form, kind, and what is doubtful about it."""

from __future__ import annotations

import re
from operator import mul
from typing import Final

import msgspec

from services.ledger.reading.text import cell_text, compact, tidy
from services.ledger.reading.vocabulary import DESIGN, INVENTION, NOTHING, PLACEHOLDERS, UTILITY_MODEL
from shared.documents.workbook import CellValue
from shared.identifiers import PatentFault, canonical_text, patent_number

_LABEL = re.compile(r"^[^:A-Z0-9]{1,12}:")
_SEPARATOR = re.compile(r"[、,，;；\n]+")
_PATENT = re.compile(r"(ZL|CN)?(\d{12})\.([0-9X])")
_PATENT_DIGITS = re.compile(r"(?:ZL|CN)?(\d+)")
_WEIGHTS: Final = (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)
_KINDS: Final = {"1": INVENTION, "2": UTILITY_MODEL, "3": DESIGN, "8": INVENTION, "9": UTILITY_MODEL}
_CERTIFICATE = re.compile(r"软著登字第?(\d+)号?")
_REGISTERED: Final[dict[str, re.Pattern[str]]] = {
    "software_copyright": re.compile(r"\d{4}SR\d{6,8}"),
    "ic_layout": re.compile(r"BS\.?\d{8,9}"),
    "plant_variety": re.compile(r"CNA\d{8,11}(\.[0-9X])?"),
    "drug_marketing_approval": re.compile(r"国药准字[A-Z]{1,2}\d{8}"),
    "clinical_permit": re.compile(r"\d{4}[A-Z]{1,2}\d{4,6}|C[XY][A-Z]{2}\d+"),
}
# Numbers of other papers that clerks enter where the right itself is claimed.
_NOT_A_RIGHT: Final[dict[str, re.Pattern[str]]] = {
    "plant_variety": re.compile(r"审"),
    "drug_marketing_approval": re.compile(r"制备?字|制剂|备案|注准|健字"),
}


class Number(msgspec.Struct, frozen=True, gc=False):
    """A number of a right. `canonical` identifies it; `code` asks or refuses, `warning` was settled.

    `granted` says that the text had the prefix ZL; `kind` is what a patent's kind digit states; `more` holds the
    canonical forms of further numbers in the same cell; `proposal` is a corrected number to be confirmed.
    """

    canonical: str | None = None
    code: str | None = None
    warning: str | None = None
    kind: str | None = None
    granted: bool = False
    certificate: str | None = None
    more: tuple[str, ...] = ()
    proposal: str | None = None


NO_NUMBER: Final = Number()


def read_number(value: CellValue, concept: str | None) -> Number:
    """Read a number for what the row says it is (`patent`, `application`, `software` …; None where it does not say).

    Patent numbers are checked by their check digit, the others by their shape; an unregistered technology's own
    reference number is kept as it is.
    """
    text = value if isinstance(value, str) else cell_text(value)
    match = _PATENT.fullmatch(text)
    if match and (concept is None or concept in ("patent_right", "patent_application")):
        return _patent(match[1], match[2], match[3])
    if compact(text) in NOTHING:
        return NO_NUMBER
    if concept in ("patent_right", "patent_application") or (concept is None and _looks_like_patent(text)):
        return _patents(text)
    if concept in _REGISTERED:
        return _registered(text, concept)
    return (
        Number(_LABEL.sub("", tidy(text).replace("：", ":"), count=1).strip() or None)
        if ":" in text
        else (Number(tidy(text)))
    )


def _patent(prefix: str | None, body: str, given: str) -> Number:
    expected = "0123456789X"[sum(map(mul, map(int, body), _WEIGHTS)) % 11]
    kind = _KINDS.get(body[4])
    if kind is None:
        return Number(code="number_unrecognised", granted=prefix == "ZL")
    if given != expected:
        return Number(code="number_check_digit", kind=kind, granted=prefix == "ZL", proposal=f"{body}.{expected}")
    return Number(f"{body}.{given}", kind=kind, granted=prefix == "ZL")


def _looks_like_patent(text: str) -> bool:
    return patent_number(text).valid


def _patents(text: str) -> Number:
    parts = [part for part in _SEPARATOR.split(text) if part.strip()]
    if len(parts) > 1:
        numbers = [_one_patent(part) for part in parts]
        if all(number.canonical for number in numbers):
            first = numbers[0]
            more = tuple(number.canonical for number in numbers[1:] if number.canonical)
            return msgspec.structs.replace(first, more=more)
    return _one_patent(text)


def _one_patent(text: str) -> Number:
    read = patent_number(text)
    kind = read.kind.label if read.kind else None
    if read.valid:
        return Number(read.application_number, kind=kind, granted=read.granted)
    if read.fault is PatentFault.CHECK_DIGIT and read.expected_check is not None:
        canonical = _LABEL.sub("", canonical_text(text))
        body = "".join(char for char in canonical if char.isdigit() or char == "X")[:-1]
        return Number(
            code="number_check_digit", kind=kind, granted=read.granted, proposal=f"{body}.{read.expected_check}"
        )
    if read.fault is PatentFault.PUBLICATION_NUMBER:
        return Number(code="number_is_publication_number")
    if read.fault is PatentFault.PLACEHOLDER or compact(text) in PLACEHOLDERS:
        return Number(code="number_placeholder")
    return _unfinished(_LABEL.sub("", canonical_text(text)))


def _unfinished(canonical: str) -> Number:
    match = _PATENT_DIGITS.fullmatch(canonical.replace(".", ""))
    if match is None:
        return Number(code="number_unrecognised")
    digits, granted = match[1], canonical.startswith("ZL")
    if len(digits) == 12:
        # Only the check digit is missing: it follows from the others.
        guess = patent_number(digits + "0")
        proposal = f"{digits}.{guess.expected_check}" if guess.expected_check else None
        kind = guess.kind.label if guess.kind else None
        return Number(code="number_incomplete", kind=kind, granted=granted, proposal=proposal)
    if len(digits) < 13:
        return Number(code="number_incomplete", granted=granted)
    return Number(code="number_unrecognised", granted=granted)


def _registered(text: str, concept: str) -> Number:
    canonical = _LABEL.sub("", canonical_text(text))
    if _REGISTERED[concept].fullmatch(canonical):
        return Number(canonical)
    certificate = _CERTIFICATE.fullmatch(canonical) if concept == "software_copyright" else None
    if certificate:
        return Number(
            warning="software_certificate_number_not_registration_number", certificate=f"软著登字第{certificate[1]}号"
        )
    wrong_paper = _NOT_A_RIGHT.get(concept)
    if wrong_paper is not None and wrong_paper.search(canonical):
        return Number(code="number_not_a_right")
    if re.search(r"X{2,}|\*{2,}", canonical) or compact(text) in PLACEHOLDERS:
        return Number(code="number_placeholder")
    return Number(code="number_unrecognised")
