"""The organisations of the demo: each province's authorities, fictional institutions of all kinds, its operator.

Ids are the same on every machine, so that addresses, exports and tests may name them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from deploy.demo.provinces import BY_REGION, JILIN, YUNNAN, DemoProvince
from shared.ids import named_id


@dataclass(frozen=True, slots=True)
class PilotMembership:
    """`guideline`: "empowerment" (赋权改革试点) or "ledger" (单列管理试点); in it from `selected_on`, still today."""

    guideline: str
    selected_on: date
    document: str


@dataclass(frozen=True, slots=True)
class Organisation:
    """`kind` and `unit_kind` as in tenants.registry; `alias` names it at the identity provider.

    `number_prefix` begins its ledger numbers; `competent` is the key of its competent department (主管部门); `central` is a
    unit of the centre that stands in the province; `unit_rules` are the codes of the rules that it has made for itself.
    """

    key: str
    name: str
    short_name: str
    kind: str
    unit_kind: str | None = None
    number_prefix: str | None = None
    competent: str | None = None
    pilots: tuple[PilotMembership, ...] = ()
    region: str = YUNNAN.region
    central: bool = False
    unit_rules: tuple[str, ...] = ()

    @property
    def alias(self) -> str:
        return self.key

    @property
    def province(self) -> DemoProvince:
        return BY_REGION[self.region]

    @property
    def tenant_id(self) -> UUID:
        return named_id("demo", self.region, "organisation", self.key)

    @property
    def domain(self) -> str:
        """Of its people's mail addresses; `.example` is reserved and reaches nobody."""
        return f"{self.key}.example"


_FIRST = "第一批试点单位遴选结果（演示）"
_LEDGER = PilotMembership("ledger", date(2025, 12, 1), _FIRST)
_EMPOWERMENT = PilotMembership("empowerment", date(2025, 12, 1), _FIRST)
_BOTH = (_EMPOWERMENT, _LEDGER)

_YUNNAN: tuple[Organisation, ...] = (
    Organisation("science", "云南省科学技术厅（演示）", "省科技厅（演示）", "science"),
    Organisation("education", "云南省教育厅（演示）", "省教育厅（演示）", "department"),
    Organisation("health", "云南省卫生健康委员会（演示）", "省卫生健康委（演示）", "department"),
    Organisation("sasac", "云南省国有资产监督管理委员会（演示）", "省国资委（演示）", "department"),
    Organisation("finance", "云南省财政厅（演示）", "省财政厅（演示）", "finance"),
    Organisation("transfer", "红嘴鸥技术转移中心（演示）", "技术转移中心", "agency"),
    Organisation("operator", "平台运维组（演示）", "平台运维", "operator"),
    Organisation("dianchi", "滇池示范大学", "滇池大学", "institution", "university", "DC", "education", _BOTH),
    Organisation("cangshan", "苍山示范学院", "苍山学院", "institution", "university", "CS", "education", (_LEDGER,)),
    Organisation("fuxian", "抚仙湖示范生态研究院", "抚仙院", "institution", "institute", "FX", "education", _BOTH),
    Organisation("gaoligong", "高黎贡示范材料研究所", "高黎贡所", "institution", "institute", "GL", "education", _BOTH),
    Organisation("jinma", "金马示范医院", "金马医院", "institution", "hospital", "JM", "health", _BOTH),
    Organisation("biji", "碧鸡示范冶金集团", "碧鸡集团", "institution", "enterprise", "BJ", "sasac", (_LEDGER,)),
)


_RULES = ("management_rules", "negative_list", "workflow", "decision_mechanism")


def _jilin(
    key: str, name: str, short_name: str, kind: str, unit_kind: str | None = None, prefix: str | None = None,
    competent: str | None = None, rules: tuple[str, ...] = (), *, central: bool = False,
) -> Organisation:  # fmt: skip
    """There nobody is selected: the text names whom it covers, and wants rules of the unit's own."""
    return Organisation(key, name, short_name, kind, unit_kind, prefix, competent, (), JILIN.region, central, rules)


_JILIN: tuple[Organisation, ...] = (
    _jilin("jl-science", "吉林省科学技术厅（演示）", "省科技厅（演示）", "science"),
    _jilin("jl-education", "吉林省教育厅（演示）", "省教育厅（演示）", "department"),
    _jilin("jl-health", "吉林省卫生健康委员会（演示）", "省卫生健康委（演示）", "department"),
    _jilin("jl-sasac", "吉林省国有资产监督管理委员会（演示）", "省国资委（演示）", "department"),
    _jilin("jl-finance", "吉林省财政厅（演示）", "省财政厅（演示）", "finance"),
    _jilin("jl-operator", "吉林平台运维组（演示）", "平台运维", "operator"),
    _jilin("songhuahu", "松花湖示范大学", "松花湖大学", "institution", "university", "SH", "jl-education", _RULES),
    _jilin(
        "changbaishan", "长白山示范农林学院", "长白山学院", "institution", "university", "CB", "jl-education", _RULES
    ),
    _jilin(
        "chaganhu", "查干湖示范农业研究院", "查干湖院", "institution", "institute", "CG", "jl-education", _RULES[:1]
    ),
    _jilin("xianghai", "向海示范材料研究所", "向海所", "institution", "institute", "XH", "jl-education", _RULES),
    _jilin(
        "yitonghe", "伊通河示范仪器研究所", "伊通河所", "institution", "institute", "YT", "jl-education", central=True
    ),
    _jilin("tianchi", "天池示范医院", "天池医院", "institution", "hospital", "TC", "jl-health"),
    _jilin("longwan", "龙湾示范装备集团", "龙湾集团", "institution", "enterprise", "LW", "jl-sasac"),
)

# Worked in as an institution, counted nowhere: it supervises itself, so that no department sees its drafts.
TRAINING = Organisation("lianxi", "练习单位（演示）", "练习单位", "training", "university", "LX", pilots=_BOTH)
ORGANISATIONS = (*_YUNNAN, TRAINING, *_JILIN)
BY_KEY = {organisation.key: organisation for organisation in ORGANISATIONS}
BY_TENANT = {organisation.tenant_id: organisation for organisation in ORGANISATIONS}
INSTITUTIONS = tuple(organisation for organisation in ORGANISATIONS if organisation.kind == "institution")
