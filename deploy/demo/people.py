"""The people of the demo. All names are invented; a subject (`sub`) is the same on every machine."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from deploy.demo.organisations import BY_KEY, Organisation
from shared.ids import named_id


@dataclass(frozen=True, slots=True)
class Person:
    """`organisation` is a key of organisations.BY_KEY, `roles` are codes of tenants.permissions.ROLES.

    `kind` is what the sign-in page says the person is (Chinese); `unit` the college or office within the organisation.
    """

    username: str
    name: str
    organisation: str
    roles: tuple[str, ...]
    kind: str
    unit: str = ""

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
}


def _institution_people(key: str) -> list[Person]:
    (clerk, head, leader, discipline), researchers = _INSTITUTIONS[key]
    people = [
        Person(f"{key}-clerk", clerk, key, ("clerk",), "责任部门经办人", _RESEARCH_OFFICE),
        Person(f"{key}-head", head, key, ("department_head",), "责任部门负责人", _RESEARCH_OFFICE),
        Person(f"{key}-leader", leader, key, ("leadership",), "单位领导", _LEADERS),
        Person(f"{key}-audit", discipline, key, ("discipline",), "纪检审计（只读）", _AUDIT),
    ]
    for number, (name, college) in enumerate(researchers, start=1):
        people.append(Person(f"{key}-researcher{number}", name, key, ("completer",), "成果完成人", college))
    return people


PEOPLE: tuple[Person, ...] = (
    Person("science-officer", "云知行", "science", ("science_officer",), "科技主管部门经办人", "成果转化处"),
    Person("science-head", "岳鸣谦", "science", ("science_head",), "科技主管部门负责人", "成果转化处"),
    Person("education-officer", "柳成蹊", "education", ("department_officer",), "行政主管部门经办人", "科学技术处"),
    Person("finance-officer", "金伯衡", "finance", ("finance_officer",), "财政部门经办人", "资产管理处"),
    Person("operator", "宋值更", "operator", ("operator",), "平台运维", ""),
    *(person for key in _INSTITUTIONS for person in _institution_people(key)),
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
