"""The people of the demo. All names are invented; a subject (`sub`) is the same on every machine."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from deploy.demo.organisations import BY_KEY, Organisation
from shared.ids import named_id


@dataclass(frozen=True, slots=True)
class Person:
    """`organisation` is a key of organisations.BY_KEY, `roles` are codes of tenants.permissions.ROLES.

    `kind` is what the sign-in page says the person is (Chinese); `unit` the college or office within the organisation;
    `tries` what one may try as this person.
    """

    username: str
    name: str
    organisation: str
    roles: tuple[str, ...]
    kind: str
    unit: str = ""
    tries: str = ""

    @property
    def subject(self) -> UUID:
        return named_id("demo", "person", self.username)

    @property
    def email(self) -> str:
        return f"{self.username}@{self.home.domain}"

    @property
    def home(self) -> Organisation:
        return BY_KEY[self.organisation]


_RESEARCH_OFFICE, _LEADERS, _AUDIT = "成果转化办公室", "单位领导班子", "纪检审计处"
_TRIES = {
    "clerk": "导入台账、核实披露、排查与公示、填写年度报告",
    "head": "签署赋权协议、报送年度报告",
    "leader": "对公示提出异议、报送年度报告",
    "audit": "查看办理记录和操作日志",
    "completer": "披露成果、申请赋权",
    "officer": "试点、负面清单、报告截止日期与进度",
    "science_head": "共同确定并发布负面清单、确认政策规则",
    "department": "接收、退回、汇总上报年度报告",
    "finance": "查看收到的报告",
    "operator": "单位与主管部门、政策规则、节假日安排",
    "finance_office": "账务处理、委托他人代办",
    "asset_office": "资产标识、账务处理",
    "system": "停用与交接、接口凭据；看不到业务",
    "security": "分配角色、监督委托；看不到业务",
    "auditing": "操作日志，不含业务内容",
}

# institution: clerk, head, leader, discipline, then researchers with their colleges
_INSTITUTIONS: dict[str, tuple[tuple[str, ...], tuple[tuple[str, str], ...]]] = {
    "dianchi": (
        ("沐云舒", "段承岳", "杨泽霖", "白静姝"),
        (("罗远山", "材料学院"), ("和映雪", "生命科学学院"), ("阿木清扬", "信息学院")),
    ),
    "cangshan": (("赵映川", "尹书衡", "施慕白", "张若汀"), (("寸思齐", "农学院"), ("李听松", "药学院"))),
    "fuxian": (("施云归", "普定邦", "刀明澈", "王疏桐"), (("李湖生", "水生态研究室"), ("尹清漪", "环境工程研究室"))),
    "gaoligong": (("孔望岭", "段砚秋", "马行简", "木惟真"), (("杨铸之", "稀贵金属研究室"), ("杜知微", "粉体研究室"))),
    "jinma": (("陶知夏", "方济川", "顾仁安", "江若谷"), (("林怀瑾", "心血管内科"), ("陆问荆", "药剂科"))),
    "biji": (("钱守拙", "汤冶中", "石振纲", "郑明鉴"), (("马炼之", "技术中心"), ("金求实", "选矿研究所"))),
    "songhuahu": (
        ("佟雪晴", "关志恒", "那景和", "孟知谦"),
        (("赫松年", "汽车工程学院"), ("乌澄霁", "光电学院"), ("穆晚晴", "生物与食品学院")),
    ),
    "changbaishan": (
        ("金听松", "朴望岳", "崔映溪", "李问萍"),
        (("佟参同", "中药材学院"), ("关林海", "林学院")),
    ),
    "chaganhu": (("于水镜", "宫望渔", "孙冬捺", "宁若冰"), (("滕稻香", "水稻研究室"), ("兰玉黍", "玉米研究室"))),
    "xianghai": (("鹿鸣皋", "鹤惊鸿", "苇长风", "白泽川"), (("石碳青", "碳纤维研究室"), ("项云母", "矿物材料研究室"))),
    "yitonghe": (("冉观微", "计量衡", "章准绳", "鲁矩之"), (("光照临", "光学仪器研究室"), ("闻测远", "传感研究室"))),
    "tianchi": (("池清如", "温济世", "岳仁心", "秦问诊"), (("雪见微", "骨科"), ("安当归", "中医科"))),
    "longwan": (("龙行远", "湾启航", "车同轨", "铁铮铮"), (("钟传动", "工程研究院"), ("齐淬锋", "材料工艺部"))),
}


# the offices and the three administrators, at the first institution of each province: finance, asset, system, security, audit
_OFFICES: dict[str, tuple[str, str, str, str, str]] = {
    "dianchi": ("苏明账", "何守物", "邵启机", "严守门", "宁照录"),
    "songhuahu": ("尚算清", "库有数", "齐运维", "关谨行", "史直书"),
}


def _office_people(key: str) -> list[Person]:
    finance, asset, system, security, auditing = _OFFICES[key]
    tries, network = _TRIES, "信息化中心"
    return [
        Person(f"{key}-finance", finance, key, ("finance",), "财务部门", "财务处", tries["finance_office"]),
        Person(f"{key}-asset", asset, key, ("asset",), "资产管理部门", "资产管理处", tries["asset_office"]),
        Person(f"{key}-system", system, key, ("system_admin",), "系统管理员", network, tries["system"]),
        Person(f"{key}-security", security, key, ("security_admin",), "安全管理员", network, tries["security"]),
        Person(f"{key}-auditing", auditing, key, ("audit_admin",), "审计管理员", _AUDIT, tries["auditing"]),
    ]


def _institution_people(key: str) -> list[Person]:
    (clerk, head, leader, discipline), researchers = _INSTITUTIONS[key]
    people = [
        Person(f"{key}-clerk", clerk, key, ("clerk",), "责任部门经办人", _RESEARCH_OFFICE, _TRIES["clerk"]),
        Person(f"{key}-head", head, key, ("department_head",), "责任部门负责人", _RESEARCH_OFFICE, _TRIES["head"]),
        Person(f"{key}-leader", leader, key, ("leadership",), "单位领导", _LEADERS, _TRIES["leader"]),
        Person(f"{key}-audit", discipline, key, ("discipline",), "纪检审计（只读）", _AUDIT, _TRIES["audit"]),
    ]
    for number, (name, college) in enumerate(researchers, start=1):
        username = f"{key}-researcher{number}"
        people.append(Person(username, name, key, ("completer",), "成果完成人", college, _TRIES["completer"]))
    return people


# province: prefix of keys and usernames, then the names of science officer and head, education, health, SASAC, finance, operator
_AUTHORITIES = {
    "": ("云知行", "岳鸣谦", "柳成蹊", "沈杏林", "高衡业", "金伯衡", "宋值更"),
    "jl-": ("林雪松", "江远澜", "程桃李", "苏青囊", "邢立业", "钱谷丰", "夏守夜"),
}


def _authority_people(prefix: str) -> list[Person]:
    officer, head, education, health, sasac, finance, operator = _AUTHORITIES[prefix]
    departments = (
        ("education", education, "科学技术处"), ("health", health, "科技教育处"), ("sasac", sasac, "科技创新处"),
    )  # fmt: skip
    science, tries = f"{prefix}science", _TRIES
    return [
        Person(
            f"{science}-officer", officer, science, ("science_officer",), "科技主管部门经办人", "成果转化处",
            tries["officer"],
        ),
        Person(
            f"{science}-head", head, science, ("science_head",), "科技主管部门负责人", "成果转化处", tries["science_head"]
        ),
        *(
            Person(
                f"{prefix}{key}-officer", name, f"{prefix}{key}", ("department_officer",), "行政主管部门经办人", unit,
                tries["department"],
            )
            for key, name, unit in departments
        ),
        Person(
            f"{prefix}finance-officer", finance, f"{prefix}finance", ("finance_officer",), "财政部门经办人",
            "资产管理处", tries["finance"],
        ),
        Person(
            f"{prefix}operator", operator, f"{prefix}operator", ("operator",), "平台运维", "", tries["operator"]
        ),
    ]  # fmt: skip


_AGENCY = (
    Person(
        "transfer-agent", "施成转", "transfer", ("agency",), "技术转移机构", "项目部", "协助受托的成果；看不到台账"
    ),
)  # fmt: skip
_SECRECY = (
    Person(
        "dianchi-secrecy", "闵守默", "dianchi", ("secrecy",), "保密工作机构", "保密办公室", "核实隔离的成果、下达清除"
    ),
    Person(
        "songhuahu-secrecy", "严知慎", "songhuahu", ("secrecy",), "保密工作机构", "保密办公室", "核实隔离的成果、下达清除"
    ),
)  # fmt: skip
_TRAINING = (
    Person("lianxi-clerk", "练经办", "lianxi", ("clerk",), "练习：责任部门经办人", _RESEARCH_OFFICE, "随便练，随时恢复原样"),
    Person("lianxi-head", "练负责", "lianxi", ("department_head",), "练习：责任部门负责人", _RESEARCH_OFFICE, "签署、报送前的各步"),
    Person("lianxi-researcher1", "练完成", "lianxi", ("completer",), "练习：成果完成人", "材料学院", "披露、申请赋权"),
)  # fmt: skip
PEOPLE: tuple[Person, ...] = (
    *(person for prefix in _AUTHORITIES for person in _authority_people(prefix)),
    *(person for key in _INSTITUTIONS for person in _institution_people(key)),
    *(person for key in _OFFICES for person in _office_people(key)),
    *_SECRECY,
    *_AGENCY,
    *_TRAINING,
)

BY_USERNAME = {person.username: person for person in PEOPLE}


@dataclass(frozen=True, slots=True)
class MachineAccount:
    """A client of the client-credentials grant: an institution's own software, acting for that institution alone."""

    client_id: str
    organisation: str
    roles: tuple[str, ...] = ("integration",)

    @property
    def subject(self) -> UUID:
        return named_id("demo", "machine", self.client_id)


MACHINES: tuple[MachineAccount, ...] = tuple(MachineAccount(f"api-{key}", key) for key in _INSTITUTIONS)
