"""Numbers that identify units and rights: what they mean, whether their check digit fits, their canonical form."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from stdnum.cn import uscc
from stdnum.exceptions import InvalidChecksum, InvalidFormat, InvalidLength, ValidationError

_INVISIBLE = re.compile(r"[\s\u200b-\u200f\u2060\ufeff]+")


def canonical_text(text: str) -> str:
    """NFKC, upper case, without blanks and invisible characters: how any printed number is compared."""
    return _INVISIBLE.sub("", unicodedata.normalize("NFKC", text)).upper()


# 统一社会信用代码 -------------------------------------------------------------------------------------------------

# GB 32100 department codes (登记管理部门) that exist; the all-zero number passes the check digit but not this.
_DEPARTMENTS = frozenset("123456789ANY")
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)


class CreditCodeFault(StrEnum):
    """Why a credit code is not accepted."""

    LENGTH = "length"
    CHARACTERS = "characters"
    CHECK_DIGIT = "check_digit"
    DEPARTMENT = "department"


@dataclass(frozen=True, slots=True)
class CreditCode:
    """A unified social credit code as read: `canonical` has 18 characters if `fault` is None.

    `organisation_check_fits` is the inner GB 11714 check digit: real codes fail it, so it is a warning only.
    """

    raw: str
    canonical: str
    fault: CreditCodeFault | None
    organisation_check_fits: bool

    @property
    def valid(self) -> bool:
        """Whether the code may be stored as this unit's code."""
        return self.fault is None

    @property
    def department_category(self) -> str:
        """The first two characters: 12 institution (事业单位), 91 enterprise, 52 private non-enterprise unit."""
        return self.canonical[:2]


def credit_code(text: str) -> CreditCode:
    """Read a 统一社会信用代码 (GB 32100-2015); blanks, case and full-width characters do not matter."""
    canonical = canonical_text(text)
    fault: CreditCodeFault | None = None
    try:
        uscc.validate(canonical)
    except InvalidLength:
        fault = CreditCodeFault.LENGTH
    except InvalidChecksum:
        fault = CreditCodeFault.CHECK_DIGIT
    except (InvalidFormat, ValidationError):
        fault = CreditCodeFault.CHARACTERS
    if fault is None and canonical[0] not in _DEPARTMENTS:
        fault = CreditCodeFault.DEPARTMENT
    return CreditCode(text, canonical, fault, _organisation_check_fits(canonical[8:17]))


def _organisation_check_fits(code: str) -> bool:
    if not re.fullmatch(r"[0-9A-Z]{8}[0-9X]", code):
        return False
    total = sum(int(char, 36) * weight for char, weight in zip(code, _ORGANISATION_WEIGHTS, strict=False))
    return "0123456789X0"[11 - total % 11] == code[8]


# 专利号 ----------------------------------------------------------------------------------------------------------

_PATENT = re.compile(r"(ZL|CN)?(\d{12}|\d{8})\.?([0-9X])")
_PUBLICATION = re.compile(r"CN\d{7,9}[ABCUSY]\d?")
_PLACEHOLDER = re.compile(r"X{2,}|\*{2,}|办理中|待定")
_LABEL = re.compile(r"^[^:A-Z0-9]*:")
_PATENT_WEIGHTS = (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)


class PatentKind(StrEnum):
    """The kind that a patent number's digit states."""

    INVENTION = "invention"
    UTILITY_MODEL = "utility_model"
    DESIGN = "design"

    @property
    def label(self) -> str:
        """The Chinese name."""
        return _KIND_LABELS[self]


_KIND_LABELS = {PatentKind.INVENTION: "发明", PatentKind.UTILITY_MODEL: "实用新型", PatentKind.DESIGN: "外观设计"}
# 8 and 9 are PCT applications that entered the national phase as inventions and utility models.
_KIND_DIGITS = {
    "1": PatentKind.INVENTION,
    "2": PatentKind.UTILITY_MODEL,
    "3": PatentKind.DESIGN,
    "8": PatentKind.INVENTION,
    "9": PatentKind.UTILITY_MODEL,
}


class PatentFault(StrEnum):
    """Why a text is no patent or application number."""

    MALFORMED = "malformed"
    PLACEHOLDER = "placeholder"
    PUBLICATION_NUMBER = "publication_number"
    KIND_DIGIT = "kind_digit"
    CHECK_DIGIT = "check_digit"


@dataclass(frozen=True, slots=True)
class PatentNumber:
    """A patent or application number as read.

    `application_number` (201810862228.X) is None unless valid; `granted` says that the text had the prefix ZL,
    which is right after the grant only.
    """

    raw: str
    well_formed: bool
    fault: PatentFault | None
    prefix: str | None = None
    year: int | None = None
    kind_digit: str | None = None
    kind: PatentKind | None = None
    expected_check: str | None = None
    given_check: str | None = None
    application_number: str | None = None

    @property
    def valid(self) -> bool:
        """Whether the number is well formed, of an existing kind, and its check digit fits."""
        return self.fault is None

    @property
    def granted(self) -> bool:
        """Whether the text claims a granted patent (prefix ZL)."""
        return self.prefix == "ZL"

    @property
    def patent_number(self) -> str | None:
        """The form after the grant: ZL201810862228.X; None unless valid."""
        return None if self.application_number is None else f"ZL{self.application_number}"


def patent_number(text: str) -> PatentNumber:
    """Read a Chinese patent or application number; a label, ZL/CN, blanks, case and the dot do not matter."""
    compact = canonical_text(text).replace("。", ".").replace("·", ".")
    compact = _LABEL.sub("", compact)
    match = _PATENT.fullmatch(compact)
    if match is None:
        return PatentNumber(text, False, _patent_shape_fault(compact))
    prefix, body, given = match.groups()
    total = sum(int(digit) * weight for digit, weight in zip(body, _PATENT_WEIGHTS, strict=False))
    expected = "0123456789X"[total % 11]
    kind_digit = body[4] if len(body) == 12 else body[2]
    kind = _KIND_DIGITS.get(kind_digit)
    fault = None
    if kind is None:
        fault = PatentFault.KIND_DIGIT
    elif given != expected:
        fault = PatentFault.CHECK_DIGIT
    return PatentNumber(
        raw=text,
        well_formed=True,
        fault=fault,
        prefix=prefix,
        year=_patent_year(body),
        kind_digit=kind_digit,
        kind=kind,
        expected_check=expected,
        given_check=given,
        application_number=f"{body}.{given}" if fault is None else None,
    )


def _patent_shape_fault(compact: str) -> PatentFault:
    if _PUBLICATION.fullmatch(compact):
        return PatentFault.PUBLICATION_NUMBER
    if _PLACEHOLDER.search(compact):
        return PatentFault.PLACEHOLDER
    return PatentFault.MALFORMED


def _patent_year(body: str) -> int:
    if len(body) == 12:
        return int(body[:4])
    # Eight digits were in use from 1985 to September 2003.
    short = int(body[:2])
    return 1900 + short if short >= 85 else 2000 + short


# Registration numbers of other rights, and document numbers --------------------------------------------------------


class RegistrationKind(StrEnum):
    """What a registration number's shape says it is; no check digit of these is known for certain."""

    SOFTWARE_REGISTRATION = "software_registration"
    SOFTWARE_CERTIFICATE = "software_certificate"
    PLANT_VARIETY = "plant_variety"
    IC_LAYOUT = "ic_layout"
    ACHIEVEMENT_REGISTRATION = "achievement_registration"


_REGISTRATIONS = {
    RegistrationKind.SOFTWARE_REGISTRATION: re.compile(r"(19|20)\d{2}SR\d{6,7}"),
    RegistrationKind.SOFTWARE_CERTIFICATE: re.compile(r"软著登字第\d{7,8}号"),
    RegistrationKind.PLANT_VARIETY: re.compile(r"CNA(19|20)\d{2}(\d{7}|\d{4}\.[0-9X])"),
    RegistrationKind.IC_LAYOUT: re.compile(r"BS\.\d{9}"),
    RegistrationKind.ACHIEVEMENT_REGISTRATION: re.compile(r"[0-9A-Z]{3}(19|20)\d{2}Y\d{4}"),
}
# GB/T 9704: hexagonal brackets, a full year, no leading zero, no 第.
_DOCUMENT_NUMBER = re.compile(r"[\u4e00-\u9fff]{2,}〔(19|20)\d{2}〕[1-9]\d*号")


def registration_kind(text: str) -> RegistrationKind | None:
    """The kind of right that a registration number belongs to by its shape; None where no known shape fits."""
    compact = canonical_text(text)
    return next((kind for kind, shape in _REGISTRATIONS.items() if shape.fullmatch(compact)), None)


def is_document_number(text: str) -> bool:
    """Whether a text is a well-formed 发文字号; brackets of another kind, a padded serial or 第 make it wrong."""
    return _DOCUMENT_NUMBER.fullmatch(text.strip()) is not None
