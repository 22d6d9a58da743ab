"""What a permission is called, and why somebody does not have one: for the pages of roles and the table in the docs."""

from collections.abc import Collection

from tenants.permissions import ADMINISTRATORS, APART, ROLES, effective, labels_of

_RESOURCES = {
    "self": "本人账号",
    "home": "工作台与消息",
    "ledger": "单列管理台账",
    "notice": "公示",
    "disclosure": "成果披露",
    "empowerment": "赋权申请",
    "objection": "公示异议",
    "audit": "操作日志",
    "conversion": "转化项目",
    "report": "年度报告",
    "policy": "政策规则",
    "dossier": "决策卷宗",
    "archive": "单位数据档案",
    "secrecy": "保密核实",
    "person": "个人信息",
    "asset": "资产与财务",
    "schedule": "筛查周期与内部报送日期",
    "payment": "到账",
    "delivery": "推送接收地址",
    "account": "人员账号",
    "role": "角色",
    "delegation": "委托",
    "machine": "接口凭据",
    "agency": "受托服务",
    "list": "负面清单",
    "pilot": "试点资格",
    "statistics": "统计",
    "registry": "单位登记",
    "pack": "政策规则",
    "calendar": "日历",
}
_ACTIONS = {
    "read": "查看",
    "write": "填写与修改",
    "import": "导入",
    "export": "导出",
    "judge": "核实、清除",
    "object": "提出异议",
    "apply": "申请",
    "verify": "核实",
    "review": "审核",
    "sign": "签订协议",
    "publish": "发布",
    "answer": "答复",
    "submit": "报送",
    "erase": "删除",
    "receive": "登记账务处理",
    "mark": "单独标识",
    "manage": "管理",
    "work": "办理受托的成果",
    "assign": "分配",
    "close": "停用与交接",
    "give": "委托他人代办",
    "oversee": "监督与结束",
    "detail": "查看业务内容",
    "determine": "共同确定并发布",
    "schedule": "设定截止日期",
    "remind": "催报",
    "forward": "汇总上报",
    "propose": "提议启用",
    "confirm": "确认启用",
    "withdraw": "撤回与撤销",
}


def permission_label(permission: str) -> str:
    """``institution:ledger:read`` → 单列管理台账：查看."""
    _, resource, action = permission.split(":")
    return f"{_RESOURCES.get(resource, resource)}：{_ACTIONS.get(action, action)}"


def why_not(permission: str, roles: Collection[str], audience: str) -> str:
    """Why somebody with these roles does not have a permission, and who does."""
    counted = effective(roles)
    if roles and not counted:
        return "同时有两个管理员角色，都不起作用"
    entering = next((one for one, approving in APART if approving == permission), None)
    held = {one for code in counted if code in ROLES for one in ROLES[code].permissions}
    if permission in held and entering in held:
        return f"同时有“{permission_label(str(entering))}”，同一事项的经办与批准由不同的人办理"
    holders = labels_of(
        code for code, role in ROLES.items() if role.audience == audience and permission in role.permissions
    )
    needed = f"需要角色：{'、'.join(holders)}"
    if any(code in ADMINISTRATORS for code in counted) and not any(code in ADMINISTRATORS for code in _of(permission)):
        return f"管理员不办理、不查看业务；{needed}"
    return needed


def _of(permission: str) -> list[str]:
    return [code for code, role in ROLES.items() if permission in role.permissions]
