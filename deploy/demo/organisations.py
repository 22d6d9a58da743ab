"""The organisations of the demo: three authorities of Yunnan, six fictional institutions of all kinds, the operator.

Ids are the same on every machine, so that addresses, exports and tests may name them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from shared.ids import named_id

REGION = "cn-53"
PROVINCE_SLUG = "yunnan"
PROVINCE_NAME = "云南省"
PROVINCE_SHORT_NAME = "云南"


@dataclass(frozen=True, slots=True)
class PilotMembership:
    """`guideline`: "empowerment" (赋权改革试点) or "ledger" (单列管理试点); in it from `selected_on`, still today."""

    guideline: str
    selected_on: date
    document: str


@dataclass(frozen=True, slots=True)
class Organisation:
    """`kind` and `unit_kind` as in tenants.registry; `alias` names it at the identity provider.

    `number_prefix` begins its ledger numbers; `competent` is the key of its competent department (主管部门).
    """

    key: str
    name: str
    short_name: str
    kind: str
    unit_kind: str | None = None
    number_prefix: str | None = None
    competent: str | None = None
    pilots: tuple[PilotMembership, ...] = ()
    region: str = REGION

    @property
    def alias(self) -> str:
        return self.key

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

ORGANISATIONS: tuple[Organisation, ...] = (
    Organisation("science", "云南省科学技术厅（演示）", "省科技厅（演示）", "science"),
    Organisation("education", "云南省教育厅（演示）", "省教育厅（演示）", "department"),
    Organisation("finance", "云南省财政厅（演示）", "省财政厅（演示）", "finance"),
    Organisation("operator", "平台运维组（演示）", "平台运维", "operator"),
    Organisation("dianchi", "滇池示范大学", "滇池大学", "institution", "university", "DC", "education", _BOTH),
    Organisation("cangshan", "苍山示范学院", "苍山学院", "institution", "university", "CS", "education", (_LEDGER,)),
    Organisation("fuxian", "抚仙湖示范生态研究院", "抚仙院", "institution", "institute", "FX", "education", _BOTH),
    Organisation("gaoligong", "高黎贡示范材料研究所", "高黎贡所", "institution", "institute", "GL", "education", _BOTH),
    Organisation("jinma", "金马示范医院", "金马医院", "institution", "hospital", "JM", "education", _BOTH),
    Organisation("biji", "碧鸡示范冶金集团", "碧鸡集团", "institution", "enterprise", "BJ", "education", (_LEDGER,)),
)

BY_KEY = {organisation.key: organisation for organisation in ORGANISATIONS}
INSTITUTIONS = tuple(organisation for organisation in ORGANISATIONS if organisation.kind == "institution")
PROVINCE_ID = named_id("demo", REGION, "province")
