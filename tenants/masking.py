"""Who sees which personal value: one table, shown on a page, generated into ``docs/who-sees-what.md``, kept by the queries.

``python -m tenants.masking`` writes the document anew.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from shared.db.transaction import Transaction
from tenants.permissions import ROLES, Role

NAMES = "institution:person:read"
_DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "who-sees-what.md"
_STAR = "＊"
SEEN = ("全文", "遮盖", "仅本人", "不显示")


@dataclass(frozen=True, slots=True)
class Value:
    """A personal value: shown in full to who holds ``full``, masked to who holds ``masked``; ``own`` is what the rest sees."""

    label: str
    where: str
    full: str
    masked: str = ""
    own: bool = False

    def seen_by(self, role: Role) -> str:
        """One of ``SEEN``."""
        full, hidden, own, nothing = SEEN
        if self.full in role.permissions:
            return full
        if self.masked in role.permissions:
            return hidden
        return own if self.own else nothing


VALUES: tuple[Value, ...] = (
    Value("完成人姓名", "台账、成果、历史、查找、导出、打印、接口", NAMES, "institution:ledger:read"),
    Value("完成人内部分配比例", "成果页和接口", NAMES),
    Value("公示中的完成人姓名", "单位内部公示", "institution:notice:read"),
    Value("经办人姓名", "办理记录", "institution:ledger:read"),
    Value("披露人和披露的完成人", "成果披露", "institution:disclosure:verify", own=True),
    Value("赋权申请的团队", "赋权申请、决策卷宗", "institution:empowerment:read"),
    Value("异议人姓名", "单位内部公示的异议", "institution:objection:answer", own=True),
    Value("操作人姓名和网络地址", "操作日志", "institution:audit:read", own=True),
    Value("电子邮箱、登录账号和设备", "本人信息、登录管理", "", own=True),
    Value("隔离成果的全部内容", "保密核实", "institution:secrecy:judge"),
)


def names_shown(tx: Transaction) -> bool:
    """Whether who acts sees the names of completers in full; a task works for nobody's eyes."""
    return tx.scope.role != "web_institution" or NAMES in tx.actor.permissions


def masked(name: str) -> str:
    """A name by its first character: enough to tell people of one team apart, not enough to know them."""
    return name if name.startswith("（") else name[:1] + _STAR * max(len(name) - 1, 1)


def table(roles: Iterable[Role]) -> list[tuple[Value, list[str]]]:
    """Each value with what each of the roles sees of it."""
    shown = list(roles)
    return [(value, [value.seen_by(role) for role in shown]) for value in VALUES]


def institution_roles() -> list[Role]:
    """The roles of an institution; authorities and operators see none of these values."""
    return [role for role in ROLES.values() if role.audience == "institution"]


def document() -> str:
    """The table as the document has it."""
    roles = institution_roles()
    lines = [
        "# Who sees which personal value",
        "",
        "Generated from `tenants/masking.py` by `python -m tenants.masking`. 全文 in full, 遮盖 by the first character, 仅本人",
        "one's own alone, 不显示 not at all. Authorities and operators see none of these; of several roles, the most.",
        "",
        "| 内容 | 在哪里 | " + " | ".join(role.label for role in roles) + " |",
        "|---|---|" + "---|" * len(roles),
        *(f"| {value.label} | {value.where} | {' | '.join(seen)} |" for value, seen in table(roles)),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    _DOCUMENT.write_text(document(), "utf-8")
