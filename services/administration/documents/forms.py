"""The form of a new version of a unit's own rules."""

from datetime import date

from pydantic import Field

from services.ledger.forms import Day, Optional_, Text
from shared.forms import Form, Line


class DocumentForm(Form):
    """登记单位制度."""

    kind: Line = Field(title="制度种类")
    title: Line = Field(title="文件名称")
    number: Optional_ = Field(default=None, title="文号")
    decided_by: Line = Field(title="决定机构")
    decided_on: Day = Field(title="决定日期")
    in_force_on: Day = Field(title="施行日期")
    changes: Text = Field(default=None, title="本次修订内容")

    def faults(self, kinds: frozenset[str], before: date | None, today: date) -> dict[str, str]:
        """What one look at the form cannot tell, by field; ``before`` is the day on which the last version came into force."""
        found: dict[str, str] = {}
        if self.kind not in kinds:
            found["kind"] = "不是本省规定的种类，请重新选择"
        if self.number and len(self.number) > 80:
            found["number"] = "文号不能超过 80 字"
        if len(self.decided_by) > 100:
            found["decided_by"] = "决定机构不能超过 100 字"
        if self.decided_on > today:
            found["decided_on"] = "决定日期晚于今天，请在决定之后登记"
        if self.in_force_on < self.decided_on:
            found["in_force_on"] = f"施行日期早于决定日期 {self.decided_on}，请核对"
        elif before is not None and self.in_force_on <= before:
            found["in_force_on"] = f"上一版自 {before} 起施行，新的一版应当晚于该日"
        return found
