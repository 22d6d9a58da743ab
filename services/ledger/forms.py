"""Forms of the ledger: filters out of an address, correction, conversion, reasons; every error at once."""

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field, field_validator

from services.ledger.entry import Deal, Right, right_number
from services.ledger.listing import Filters
from services.ledger.models import NAME_LIMIT
from services.ledger.points import point_of
from shared.forms import Form, Line, OptionalBody, OptionalDay, empty_is_none, plain, share_of
from shared.ui.words import share as share_words

_AMOUNT_LIMIT = Decimal("1e14")
_SEPARATORS = re.compile(r"[\n、，,；;]+")
_MEMBER = re.compile(r"^(?P<name>.*?\S)(?:[\s　（(]+(?P<share>[\d.]+(?:/\d+)?%?)[）)]?)?$")
_FILTERS = ("q", "type", "status", "stage", "mode", "college")


def money_of(value: Any) -> Any:
    """Yuan with two places at the most: ``1,000.00`` or ``1000``; empty stays empty, which is not zero."""
    if not isinstance(value, str):
        return value
    words = plain(value).replace(",", "").replace("，", "")
    if not words:
        return None
    try:
        amount = Decimal(words)
    except InvalidOperation as error:
        raise ValueError("金额请填写数字，单位为元，如 1000000.00") from error
    if not amount.is_finite() or amount < 0:
        raise ValueError("金额不能为负数")
    if amount >= _AMOUNT_LIMIT:
        raise ValueError("金额过大，请核对单位（元）")
    if amount != amount.quantize(Decimal("0.01")):
        raise ValueError("金额最多两位小数")
    return amount.quantize(Decimal("0.01"))


def _blank(value: Any) -> Any:
    return empty_is_none(plain(value))


# The limit stands on the text alone: beside a None it is not applied but fails.
Optional_ = Annotated[Annotated[str, Field(max_length=200)] | None, BeforeValidator(_blank)]
Text = Annotated[Annotated[str, Field(max_length=5000)] | None, BeforeValidator(_blank)]
Money = Annotated[Decimal | None, BeforeValidator(money_of)]
Day = Annotated[date, BeforeValidator(plain)]


def _one_line(value: str) -> str:
    return " ".join(value.split())


Name = Annotated[str, BeforeValidator(plain), Field(min_length=1, max_length=NAME_LIMIT), AfterValidator(_one_line)]


class CorrectionForm(Form):
    """更正台账内容."""

    name: Name = Field(title="成果名称")
    type: Line = Field(title="成果类型")
    status: Line = Field(title="转化状态")
    mode: Optional_ = Field(default=None, title="转化方式")
    value: Money = Field(default=None, title="转化价值")
    stage_declared: Optional_ = Field(default=None, title="成果阶段")
    obtained_on: OptionalDay = Field(default=None, title="取得时间")
    funding: Optional_ = Field(default=None, title="经费来源")
    technical_field: Text = Field(default=None, title="技术领域")
    college: Annotated[Annotated[str, Field(max_length=80)] | None, BeforeValidator(_blank)] = Field(
        default=None, title="所属部门"
    )
    agency: Annotated[Annotated[str, Field(max_length=100)] | None, BeforeValidator(_blank)] = Field(
        default=None, title="协助机构"
    )
    core_technology: bool = Field(default=False, title="关键核心技术")
    remark: Text = Field(default=None, title="备注")
    team: OptionalBody = Field(default="", title="完成人（团队）")
    numbers: OptionalBody = Field(default="", title="权利号")
    since: Day = Field(title="变更生效日")
    reason: Line = Field(title="更正理由")
    revision: int = Field(default=0, title="版本")

    @field_validator("core_technology", mode="before")
    @classmethod
    def _ticked(cls, value: Any) -> bool:
        return value in ("yes", True)

    @field_validator("team")
    @classmethod
    def _team(cls, value: str) -> str:
        members_of(value)
        return value

    def changes(self) -> dict[str, Any]:
        """The fields of the ledger that the form states."""
        left_out = {"team", "numbers", "since", "reason", "revision"}
        return {name: getattr(self, name) for name in CorrectionForm.model_fields if name not in left_out}

    def rights(self, present: list[Right]) -> list[Right]:
        """The numbers as rights; those that are known keep what is known of them."""
        known = {right.number: right for right in present}
        wanted = {right_number(one): one.strip() for one in _SEPARATORS.split(self.numbers) if one.strip()}
        return [known.get(number) or Right(number, self.type, raw=raw) for number, raw in wanted.items()]


class ConversionForm(Form):
    """登记一次转化."""

    mode: Line = Field(title="转化方式")
    counterparty: Optional_ = Field(default=None, title="受让方或者合作方")
    contract_number: Annotated[Annotated[str, Field(max_length=80)] | None, BeforeValidator(_blank)] = Field(
        default=None, title="合同编号"
    )
    signed_on: OptionalDay = Field(default=None, title="合同签订日期")
    amount: Money = Field(default=None, title="转化金额")
    terms: Text = Field(default=None, title="合同约定的支付条件")
    remark: Text = Field(default=None, title="备注")

    def deal(self) -> Deal:
        return Deal(**self.model_dump())


class ReasonForm(Form):
    """撤销、隔离、解除隔离."""

    reason: Line = Field(title="理由")


def members_of(words: str) -> list[tuple[str, Fraction | None]]:
    """``姓名 1/3`` per line, or names separated by 、: each with the exact share that is stated.

    :raises ValueError: with the sentence for the form: a share that cannot be read, shares of more than the whole, one
        person twice.
    """
    members = [member_of(part) for part in parts_of(words)]
    names = [name for name, _ in members]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise ValueError(f"{twice}重复填写")
    stated = [share for _, share in members if share is not None]
    total = sum(stated, Fraction(0))
    if total > 1:
        raise ValueError(f"各完成人的比例合计为 {share_words(total)}，超过 100%")
    if stated and len(stated) == len(members) and total != 1:
        raise ValueError(f"各完成人的比例合计为 {share_words(total)}，应当恰为 100%；除不尽的请用分数，如 1/3")
    return members


def parts_of(words: str) -> list[str]:
    """One completer each, as typed."""
    return [part.strip() for part in _SEPARATORS.split(words) if part.strip()]


def member_of(part: str) -> tuple[str, Fraction | None]:
    """One completer's name and exact share.

    :raises ValueError: a name that is too long, a share that cannot be read.
    """
    match = _MEMBER.match(part)
    name = match["name"].strip() if match else part
    if len(name) > 80:
        raise ValueError(f"姓名过长：{name[:20]}…")
    return name, share_of(match["share"]) if match and match["share"] else None


def filters_of(query: Mapping[str, Any], today: date) -> Filters:
    """The filters in an address; what cannot be read is passed over. A day after today is not the past."""
    texts = {name: plain(str(query.get(name) or ""))[:100] for name in _FILTERS}
    year = str(query.get("year") or "")
    point, ids = point_of(query, today), query.get("ids")
    return Filters(
        **texts,
        year=int(year) if re.fullmatch(r"[12]\d{3}", year) else None,
        as_of=point.as_of,
        known_at=point.known_at,
        ids=tuple(one for value in ids if (one := id_of(value)) is not None) if isinstance(ids, list) else (),
    )


def id_of(value: Any) -> UUID | None:
    try:
        return UUID(str(value)) if value else None
    except ValueError:
        return None
