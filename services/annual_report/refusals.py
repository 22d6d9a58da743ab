"""Why a report is not written, handed over or added up, where no question of the pack is asked: each names what the text says."""

from collections.abc import Sequence

from services.annual_report.rules import Form
from shared.errors import Refusal, stale


def not_frozen(form: Form, verb: str) -> Refusal:
    """Nothing is written or handed over before the year's figures stand."""
    told = f"须先冻结年末数据，再{verb}。"
    return Refusal("report.not_frozen", told, form.citation, inputs={"year": form.year, "as_of": form.as_of})


def not_open(form: Form, state: str, verb: str) -> Refusal:
    """A report that was handed over is not written any more; ``state`` in words."""
    told = f"报告当前为“{state}”，不能{verb}；请刷新页面查看最新进展"
    return stale(told, f"reports.{form.code}", year=form.year, state=state)


def already_submitted(form: Form, name: str, state: str) -> Refusal:
    """A year's report is handed over once, and again only after a return; ``name`` and ``state`` in words."""
    told = f"{name}已经报送（{state}），同一年度不能再次报送。"
    inputs = {"year": form.year, "state": state}
    return Refusal("report.already_submitted", told, form.citation, kind="state", inputs=inputs)


def not_a_recipient(form: Form, wanted: Sequence[str]) -> Refusal:
    """Somebody whom the text does not name gets no report."""
    inputs = {"wanted": list(wanted), "recipients": list(form.unit_stage.recipients)}
    return Refusal("report.not_a_recipient", "该报告没有这一接收单位。", form.citation, inputs=inputs)


def unlike_the_ledger(form: Form, lines: Sequence[str], reason: str) -> Refusal:
    """Other figures than the frozen ones say why; ``lines`` are their keys."""
    told = "报送数与台账冻结数不一致的，须写明原因。"
    inputs = {"lines": list(lines), "reason": reason.strip()}
    return Refusal("report.stated_reason", told, form.citation, inputs=inputs)


def only_practised(form: Form) -> Refusal:
    """A unit for practising has nothing that the law asks it to report; everything but the hand-over can be tried."""
    told = "练习单位的报告不报送；其他步骤都可以练习。"
    return Refusal("report.training", told, form.citation, kind="state", inputs={"unit": "练习单位"})


def without_reason(report: str, fields: Sequence[str]) -> Refusal:
    """A report is given back for a reason that its unit can act on; ``fields`` are the labels that one may be tied to."""
    told = "退回须至少写明一处原因，并对应到报告的栏目。"
    return Refusal("report.no_reason", told, inputs={"field": list(fields)}, articles=(f"reports.{report}",))


def nothing_accepted(form: Form) -> Refusal:
    """A department adds up what it accepted."""
    told = "还没有已接收而尚未上报的单位报告，无可汇总。"
    return Refusal("report.nothing_accepted", told, form.citation, inputs={"year": form.year, "lines": 0})


def no_aggregate(form: Form) -> Refusal:
    """Where the text has units report to each recipient themselves, nobody adds up."""
    told = "条文没有规定主管部门汇总上报：单位直接报送各接收单位。"
    inputs = {"report": form.code, "recipients": list(form.unit_stage.recipients)}
    return Refusal("report.no_aggregate", told, form.citation, inputs=inputs)


def added_up_before(form: Form, changed: int) -> Refusal:
    """What was added up must still be what stands; ``changed`` is how many of it do not."""
    told = "汇总之后有单位的报告已退回或重新报送，请重新汇总后再上报"
    return stale(told, f"reports.{form.code}", year=form.year, changed=changed)
