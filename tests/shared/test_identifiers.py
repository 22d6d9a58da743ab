"""Credit codes and patent numbers: all known answers, and the texts that clerks write."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from shared.identifiers import (
    CreditCodeFault,
    PatentFault,
    RegistrationKind,
    credit_code,
    is_document_number,
    patent_number,
    registration_kind,
)

VECTORS: dict[str, Any] = json.loads(Path("tests/data/vectors.json").read_text(encoding="utf-8"))


def cases(key: str) -> list[Any]:
    return [pytest.param(case, id=case["id"]) for case in VECTORS[key]]


@pytest.mark.parametrize("case", cases("uscc"))
def test_credit_codes(case: dict[str, Any]) -> None:
    code = credit_code(case["input"])
    assert code.raw == case["input"]
    assert code.canonical == case["normalized"]
    assert code.valid is not (case["expected_outcome"] == "reject")
    if "embedded_org_code_valid_gb11714" in case:
        assert code.organisation_check_fits is case["embedded_org_code_valid_gb11714"]
        assert code.department_category == case["dept_category"]
    if case.get("must_reject_on") == "dept_category":
        assert code.fault is CreditCodeFault.DEPARTMENT


@pytest.mark.parametrize("case", cases("patent"))
def test_patent_numbers(case: dict[str, Any]) -> None:
    number = patent_number(case["input"])
    assert (number.well_formed, number.valid) == (case["well_formed"], case["valid"])
    if not case["well_formed"]:
        return
    assert (number.prefix, number.year, number.kind_digit) == (case["prefix"], case["year"], case["kind_digit"])
    assert (number.kind.label if number.kind else None) == case["kind"]
    assert (number.expected_check, number.given_check) == (case["expected_check"], case["given_check"])
    assert number.application_number == case["canonical_application_no"]
    assert number.patent_number == case["canonical_patent_no"]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("CN109988888B", PatentFault.PUBLICATION_NUMBER),
        ("CN 109988888 U", PatentFault.PUBLICATION_NUMBER),
        ("ZL2018XXXXXXXX", PatentFault.PLACEHOLDER),
        ("办理中", PatentFault.PLACEHOLDER),
        ("ZL201922011455", PatentFault.MALFORMED),
        ("", PatentFault.MALFORMED),
        ("ZL201810123456.7", PatentFault.CHECK_DIGIT),
        ("ZL201840862228.6", PatentFault.KIND_DIGIT),
    ],
)
def test_what_is_wrong_is_said(text: str, fault: PatentFault) -> None:
    assert patent_number(text).fault is fault


@pytest.mark.parametrize(
    "text",
    [
        "专利号：ZL201810862228.X",
        "ＺＬ２０１８１０８６２２２８.Ｘ",
        "zl201810862228x",
        "ZL 2018 1 0862228\u200b.X",
        "申请号:201810862228.X",
    ],
)
def test_one_number_in_many_spellings(text: str) -> None:
    assert patent_number(text).application_number == "201810862228.X"


KINDS = {
    "软件著作权登记号": RegistrationKind.SOFTWARE_REGISTRATION,
    "软件著作权证书号": RegistrationKind.SOFTWARE_CERTIFICATE,
    "植物新品种权号": RegistrationKind.PLANT_VARIETY,
    "集成电路布图设计登记号": RegistrationKind.IC_LAYOUT,
}


@pytest.mark.parametrize("case", [case for case in VECTORS["other_identifiers"] if case["kind"] in KINDS])
def test_registration_numbers_by_their_shape(case: dict[str, Any]) -> None:
    assert registration_kind(case["input"]) is KINDS[case["kind"]]
    assert registration_kind(f" {case['input'].lower()} ") is KINDS[case["kind"]]
    assert registration_kind(case["input"] + "9" * 4) is None


@pytest.mark.parametrize("case", [case for case in VECTORS["other_identifiers"] if case["kind"] == "发文字号"])
def test_document_numbers(case: dict[str, Any]) -> None:
    assert is_document_number(case["input"]) is (case["observed_shape"] == "valid")
