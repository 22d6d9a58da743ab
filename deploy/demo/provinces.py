"""The provinces of the demo: one whose text is in force, and one whose text is a draft and enforced all the same."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from shared.ids import named_id


@dataclass(frozen=True, slots=True)
class DemoProvince:
    """`mode` is enforced or advisory; organisations and the pack stand from `since` on.

    `officer`, `head` and `operator` are the usernames of its science department's people and of its operator.
    """

    region: str
    slug: str
    name: str
    short_name: str
    mode: str
    position: int
    since: date
    officer: str
    head: str
    operator: str

    @property
    def id(self) -> UUID:
        return named_id("demo", self.region, "province")


YUNNAN = DemoProvince(
    "cn-53", "yunnan", "云南省", "云南", "enforced", 0, date(2025, 11, 9), "science-officer", "science-head", "operator"
)
# Its text is a draft, which by default only advises: the demo shows what it is like when a province decides by it.
JILIN = DemoProvince(
    "cn-22", "jilin", "吉林省", "吉林", "enforced", 1, date(2025, 1, 6),
    "jl-science-officer", "jl-science-head", "jl-operator",
)  # fmt: skip
PROVINCES = (YUNNAN, JILIN)
BY_REGION = {province.region: province for province in PROVINCES}
