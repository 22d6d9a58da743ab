"""Registering organisations as an operator types them, on the page or the command line: every wrong field at once."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, select, text, update

from shared.audit.writing import write_audit
from shared.db.transaction import Transaction
from shared.errors import FormInvalid, NotFound
from shared.identifiers import CreditCodeFault, credit_code
from shared.ids import new_id
from tenants.departments import NotProvisioned, move_department, relation_of
from tenants.names import end_name, former_names
from tenants.provisioning import NewTenant, put_directory_province, put_tenant, tenant_named
from tenants.registry import KINDS, UNIT_KINDS, organisation, province

MODES = {"enforced": "执行：不符合规定的不予办理", "advisory": "提示：只作提示，不阻止办理"}
_ALIAS = re.compile(r"[a-z0-9][a-z0-9-]{1,59}")
_PREFIX = re.compile(r"[A-Z0-9]{1,12}")
_FIRST_DAY = date(1949, 10, 1)
AHEAD = timedelta(days=366)
_CODE_FAULTS = {
    CreditCodeFault.LENGTH: "统一社会信用代码应为 18 位",
    CreditCodeFault.CHARACTERS: "统一社会信用代码含有不允许的字符",
    CreditCodeFault.CHECK_DIGIT: "统一社会信用代码的校验位不符，请核对",
    CreditCodeFault.DEPARTMENT: "统一社会信用代码的登记管理部门代码不存在",
}


def is_alias(text_: str) -> bool:
    """Whether something has the form of an organisation's alias at the identity provider."""
    return _ALIAS.fullmatch(text_) is not None


@dataclass(frozen=True, slots=True)
class Registered:
    """An organisation of the province with its alias at the identity provider."""

    row: Row[Any]
    alias: str


async def registered(tx: Transaction, tenant_id: UUID, *, lock: bool = False) -> Registered:
    """:raises NotFound: no such organisation in this province."""
    wanted = select(organisation).where(organisation.c.id == tenant_id, organisation.c.province_id == tx.province_id)
    row = await tx.row(wanted.with_for_update() if lock else wanted)
    listed = await tx.row(text("select alias from app.tenant_of(:id)"), {"id": tenant_id})
    if row is None or listed is None:
        raise NotFound
    return Registered(row, listed.alias or "")


def as_typed(known: Registered) -> dict[str, Any]:
    """What stands, under the names of the form's fields."""
    row = known.row
    return {
        "kind": row.kind,
        "unit_kind": row.unit_kind or "",
        "name": row.name,
        "short_name": row.short_name,
        "alias": known.alias,
        "prefix": row.number_prefix or "",
        "credit_code": row.credit_code or "",
        "area": row.area,
        "authority": row.settings.get("authority", ""),
        "central": "yes" if row.central else "",
    }


async def province_as_typed(tx: Transaction) -> dict[str, Any]:
    """The operator's own province, under the names of the form's fields."""
    row = await tx.row(select(province).where(province.c.province_id == tx.province_id))
    if row is None:
        raise NotFound
    return {"name": row.name, "short_name": row.short_name, "mode": row.mode}


async def register(tx: Transaction, sent: Mapping[str, Any], *, tenant_id: UUID | None = None) -> NewTenant:
    """Open an organisation of the province.

    :raises FormInvalid: every wrong field at once.
    """
    await _one_at_a_time(tx)
    reading = _Reading(tx, sent)
    new = await reading.new(tenant_id or new_id())
    await put_tenant(tx, new)
    return new


async def change(tx: Transaction, tenant_id: UUID, sent: Mapping[str, Any]) -> bool:
    """Change what is registered of an organisation; its kind stays, and its department has a verb of its own.

    A new name with ``renamed_on`` is a rename: until that day the organisation keeps the old one. Without the day it
    corrects what was registered wrongly, and no page says the old name any more.

    :raises FormInvalid: every wrong field at once.
    :raises NotFound: no such organisation in this province.
    """
    await _one_at_a_time(tx)
    known = await registered(tx, tenant_id, lock=True)
    reading = _Reading(tx, sent, known)
    renamed_on = await reading.rename(known)
    new = await reading.changed(known)
    if renamed_on is not None:
        await end_name(tx, known.row, new.name, renamed_on)
    return await put_tenant(tx, new)


async def move(tx: Transaction, tenant_id: UUID, sent: Mapping[str, Any]) -> None:
    """Hand an institution to another competent department from a day on.

    :raises FormInvalid: every wrong field at once.
    :raises NotFound: no such institution in this province.
    """
    known = await registered(tx, tenant_id, lock=True)
    if known.row.kind != "institution":
        raise NotFound
    reading = _Reading(tx, sent, known)
    department = await reading.department()
    since = reading.day("since", "生效日期", tx.today + AHEAD)
    present = await relation_of(tx, tenant_id)
    if present is not None and department == present.department_id:
        reading.errors["department"] = f"自 {present.since} 起已由该部门主管"
    elif present is not None and since is not None and since <= present.since:
        reading.errors["since"] = f"生效日期须晚于现有主管关系的起始日期 {present.since}"
    reading.refuse()
    assert department is not None
    assert since is not None
    await move_department(tx, tenant_id, department, since)


async def change_province(tx: Transaction, sent: Mapping[str, Any]) -> None:
    """Change name, short name and mode of the operator's own province.

    :raises FormInvalid: every wrong field at once.
    """
    reading = _Reading(tx, sent)
    mode = reading.choice("mode", "执行方式", MODES)
    wanted = {
        "name": reading.line("name", "名称", 40),
        "short_name": reading.line("short_name", "简称", 20),
        "mode": mode,
    }
    reading.refuse()
    before = await tx.row(select(province).where(province.c.province_id == tx.province_id).with_for_update())
    assert before is not None
    changes = {name: [getattr(before, name), value] for name, value in wanted.items() if getattr(before, name) != value}
    if not changes:
        return
    await tx.execute(update(province).where(province.c.province_id == tx.province_id).values(**wanted))
    await put_directory_province(tx, tx.province_id)
    await write_audit(tx, "province.change", "province", tx.province_id, details={"changes": changes})


async def _one_at_a_time(tx: Transaction) -> None:
    """Two operators of a province register one after the other, so that what one took the other is told."""
    await tx.row(select(province.c.province_id).where(province.c.province_id == tx.province_id).with_for_update())


class _Reading:
    """Reads the fields of one form; what is wrong gathers in ``errors``."""

    def __init__(self, tx: Transaction, sent: Mapping[str, Any], known: Registered | None = None) -> None:
        self.tx = tx
        self.sent = {name: str(value or "").strip() for name, value in sent.items()}
        self.known = known
        self.errors: dict[str, str] = {}

    def refuse(self) -> None:
        """:raises FormInvalid: when anything was wrong."""
        if self.errors:
            raise FormInvalid(self.errors, dict(self.sent))

    def line(self, name: str, label: str, at_most: int, *, required: bool = True) -> str:
        value = self.sent.get(name, "")
        if required and not value:
            self.errors[name] = f"请填写{label}"
        elif len(value) > at_most:
            self.errors[name] = f"{label}不能超过 {at_most} 字，现有 {len(value)} 字"
        elif any(ord(character) < 32 for character in value):
            self.errors[name] = f"{label}含有不能显示的字符"
        return value

    def choice(self, name: str, label: str, of: Mapping[str, str]) -> str:
        value = self.sent.get(name, "")
        if value not in of:
            self.errors[name] = f"请选择{label}"
        return value

    def day(self, name: str, label: str, last: date) -> date | None:
        value = self.sent.get(name, "")
        try:
            day = date.fromisoformat(value)
        except ValueError:
            self.errors[name] = f"{label}请按 2026-03-16 的格式填写" if value else f"请填写{label}"
            return None
        if not _FIRST_DAY <= day <= last:
            self.errors[name] = f"{label}须在 {_FIRST_DAY} 至 {last} 之间"
        return day

    async def new(self, tenant_id: UUID) -> NewTenant:
        kind = self.choice("kind", "类别", {code: label for code, label in KINDS.items() if code != "operator"})
        read = await self._fields(tenant_id, kind)
        department = await self.department() if kind == "institution" else None
        since = self.day("since", "主管关系起始日期", self.tx.today) if kind == "institution" else self.tx.today
        if kind == "science" and await self._other(organisation.c.kind == "science", tenant_id):
            self.errors["kind"] = "本省已有科技主管部门"
        self.refuse()
        assert since is not None
        return replace(read, department_id=department, since=since)

    async def rename(self, known: Registered) -> date | None:
        """The day of a rename; None where the name is only corrected, or stays."""
        if not self.sent.get("renamed_on"):
            return None
        day = self.day("renamed_on", "更名日期", self.tx.today)
        last = next(iter(await former_names(self.tx, known.row.id)), None)
        if self.sent.get("name") == known.row.name:
            self.errors["renamed_on"] = "名称没有变化；没有更名的，不填更名日期"
        elif day is not None and last is not None and day <= last.until:
            self.errors["renamed_on"] = f"更名日期须晚于上一次更名的日期 {last.until}"
        return day

    async def changed(self, known: Registered) -> NewTenant:
        read = await self._fields(known.row.id, known.row.kind)
        self.refuse()
        department = known.row.department_id if known.row.kind == "institution" else None
        return replace(read, department_id=department)

    async def _fields(self, tenant_id: UUID, kind: str) -> NewTenant:
        institution = kind == "institution"
        name = self.line("name", "名称", 100)
        if "name" not in self.errors and await self._other(organisation.c.name == name, tenant_id):
            self.errors["name"] = f"本省已有名为“{name}”的单位"
        return NewTenant(
            id=tenant_id,
            kind=kind,
            name=name,
            short_name=self.line("short_name", "简称", 40),
            alias=await self._alias(tenant_id),
            since=self.tx.today,
            unit_kind=self.choice("unit_kind", "单位类型", UNIT_KINDS) if institution else None,
            number_prefix=await self._prefix(tenant_id, required=institution),
            credit_code=await self._credit_code(tenant_id),
            central=bool(self.sent.get("central")),
            area=self.line("area", "所在地区", 40, required=False),
            authority=self.line("authority", "接收部门代号", 40, required=kind == "recipient"),
        )

    async def _alias(self, tenant_id: UUID) -> str:
        alias = self.line("alias", "组织别名", 60)
        if "alias" in self.errors or (self.known is not None and alias == self.known.alias):
            return alias
        if not is_alias(alias):
            self.errors["alias"] = "组织别名只能用小写字母、数字和连字符，2 至 60 位，以字母或者数字开头"
        elif await self.tx.scalar(text("select app.tenant_with_alias(:alias)"), {"alias": alias}) not in (
            None,
            tenant_id,
        ):
            self.errors["alias"] = f"组织别名“{alias}”已被另一单位使用"
        return alias

    async def _prefix(self, tenant_id: UUID, *, required: bool) -> str | None:
        prefix = self.sent.get("prefix", "").upper()
        if not prefix:
            if required:
                self.errors["prefix"] = "请填写台账编号前缀"
            return None
        if self.known is not None and prefix == self.known.row.number_prefix:
            return prefix
        if not _PREFIX.fullmatch(prefix):
            self.errors["prefix"] = "台账编号前缀只能用字母和数字，最多 12 位"
        elif await self._other(organisation.c.number_prefix == prefix, tenant_id):
            self.errors["prefix"] = f"编号前缀“{prefix}”已被本省另一单位使用"
        return prefix

    async def _credit_code(self, tenant_id: UUID) -> str | None:
        value = self.sent.get("credit_code", "")
        if not value:
            return None
        read = credit_code(value)
        if read.fault is not None:
            self.errors["credit_code"] = _CODE_FAULTS[read.fault]
        elif await self._other(organisation.c.credit_code == read.canonical, tenant_id):
            self.errors["credit_code"] = "本省另一单位已登记该统一社会信用代码"
        return read.canonical

    async def department(self) -> UUID | None:
        """The competent department, by id or alias."""
        named = self.sent.get("department", "")
        if not named:
            self.errors["department"] = "请选择行政主管部门"
            return None
        try:
            found = (await registered(self.tx, await tenant_named(self.tx, named))).row
        except (NotProvisioned, NotFound):
            self.errors["department"] = f"本省没有单位“{named}”"
            return None
        if found.kind != "department" or found.state != "active":
            self.errors["department"] = f"“{found.name}”不是使用中的行政主管部门"
        return UUID(str(found.id))

    async def _other(self, condition: ColumnElement[bool], tenant_id: UUID) -> bool:
        """Whether another organisation of the province fits."""
        found = select(organisation.c.id).where(
            organisation.c.province_id == self.tx.province_id, organisation.c.id != tenant_id, condition
        )
        return bool(await self.tx.scalar(select(found.exists())))
