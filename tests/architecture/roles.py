"""``docs/roles.md``: every role with what it may do, made from the one table. ``python -m tests.architecture.roles`` prints it."""

from collections.abc import Iterator

from services.administration.permission_words import permission_label
from tenants.permissions import ADMINISTRATORS, APART, ENTERED, PERSONAL, ROLES

_AUDIENCES = {
    "institution": "科研单位",
    "science": "科技主管部门",
    "department": "行政主管部门",
    "finance": "财政部门和其他接收部门",
    "operator": "平台运维",
}
_HEAD = """\
# 角色与权限

本文件由 `python -m tests.architecture.roles > docs/roles.md` 生成，请勿手工修改。
单位内的角色由统一身份认证授予，或者由本单位安全管理员在“人员与角色”中分配。
主管部门和平台运维的角色由统一身份认证授予和收回，一分钟内生效。
“我的权限”页面写明每人有什么、没有什么、为什么；“角色与权限”页面就是下面的表。
"""


def table() -> str:
    """The whole file."""
    return "\n".join([_HEAD, *_roles(), *_apart()]) + "\n"


def _roles() -> Iterator[str]:
    for audience, label in _AUDIENCES.items():
        yield f"## {label}\n"
        yield "| 角色 | 代码 | 可以办理 |\n|---|---|---|"
        for role in ROLES.values():
            if role.audience == audience:
                words = "、".join(sorted(permission_label(one) for one in role.permissions))
                yield f"| {role.label} | `{role.code}` | {words} |"
        yield ""


def _apart() -> Iterator[str]:
    yield "## 分开的职责\n"
    administrators = "、".join(ROLES[code].label for code in ADMINISTRATORS)
    yield f"- {administrators}由不同的人担任，不办理、不查看业务；一人有两个的，都不起作用。"
    for entering, approving in APART:
        yield f"- 有“{permission_label(entering)}”（{_of(entering)}）的，没有“{permission_label(approving)}”（{_of(approving)}）。"
    for permission in ENTERED:
        yield f"- 本人提交、起草或修改过的事项，不能由本人办理“{permission_label(permission)}”。"
    yield f"- 不能委托他人代办的：{'、'.join(sorted({permission_label(one) for one in PERSONAL}))}。"


def _of(permission: str) -> str:
    return "、".join(role.label for role in ROLES.values() if permission in role.permissions)


if __name__ == "__main__":
    print(table(), end="")
