"""Whether an agreement may be signed, what it must hold, and what follows it (赋权协议、办理手续)."""

from __future__ import annotations

from shared.clock import local_day
from shared.policy.inquiry import Decide, Inquiry
from shared.policy.procedure import Agreement
from shared.policy.questions.notice import check_has_run, check_length, put_values, run_of
from shared.policy.questions.pilot import check_continuation, check_cover
from shared.policy.questions.screening import check_list
from shared.policy.questions.shares import check_ownership, check_shares
from shared.policy.questions.terms import check_term


def may_sign(inquiry: Inquiry) -> None:
    """Whether an agreement may be signed now: see README.md under `agreement.may_sign`."""
    facts, grant_type = inquiry.facts, inquiry.facts.text("grant_type")
    rule = inquiry.content.agreements.get(grant_type)
    if rule is None:
        inquiry.refuse("agreement.no_rule", "本地政策没有规定此类协议。", "agreements", inputs=("grant_type",))
        return
    now = facts.instant("now")
    signed_on = facts.day("signed_on", local_day(now))
    if "unit_kind" in facts:
        check_cover(inquiry, "empowerment", signed_on)
    _check_notice(inquiry, grant_type, rule)
    if rule.no_objection:
        check_objections(inquiry, rule.after_notice or "", f"agreements.{grant_type}.no_objection", "签署协议")
    if "list_in_force" in facts and inquiry.content.screening and inquiry.content.screening.rescreen_at_signing:
        inquiry.read(inquiry.content.screening.reading)
        check_list(inquiry)
    if "clauses" in facts:
        check_clauses(inquiry, grant_type, rule)
    if rule.opinions_heard and facts.raw("opinions_heard", None) is not True:
        inquiry.refuse(
            "agreement.opinions_not_heard",
            "签署前应当充分听取完成人（团队）的意见，没有记录。",
            f"agreements.{grant_type}.opinions_heard",
            inputs=("opinions_heard",),
            would_change="记录完成人（团队）的意见",
        )
    check_term(inquiry, grant_type)
    check_ownership(inquiry, grant_type)
    if "shares" in facts:
        check_shares(inquiry, "shares", "application")
    if "empowerment" in inquiry.content.guidelines:
        check_continuation(inquiry, "empowerment", in_effect=False)


def _check_notice(inquiry: Inquiry, grant_type: str, rule: Agreement) -> None:
    facts, kind = inquiry.facts, rule.after_notice
    mode = inquiry.content.grant_modes.get(str(facts.raw("grant_mode", None)))
    if kind is None or (mode is not None and not mode.needs_notice):
        return
    at = f"agreements.{grant_type}.after_notice"
    notice = facts.part("notice")
    if "published_at" not in notice and "published_on" not in notice:
        inquiry.refuse(
            "notice.missing", "尚未公示，不能签署协议。", at, inputs=("notice",), would_change="公示期满且无异议"
        )
        return
    now = facts.instant("now")
    run = run_of(inquiry, notice, kind, inquiry.content.notices[kind], now)
    check_length(inquiry, run)
    put_values(inquiry, run, now)
    check_has_run(inquiry, run, local_day(now), at, "签署协议")


def check_objections(inquiry: Inquiry, kind: str, at: str, act: str) -> None:
    """Refuse an act while an objection of the period is open or upheld, or its result unpublished where it must be."""
    # Where the end is unknown (no calendar yet), no objection is too late.
    end = inquiry.values.get("end")
    notice = inquiry.content.notices.get(kind)
    for objection in inquiry.facts.parts("objections"):
        received = local_day(objection.instant("received_at"))
        late = end is not None and received > end
        state = objection.text("state")
        if state == "open" and late:
            inquiry.advise("objection.late", f"公示期满后（{received}）收到异议，已登记，不影响{_short(act)}。", at)
        elif state == "open":
            inquiry.read("objection_procedure")
            inquiry.refuse(
                "objection.open",
                f"公示期内（{received}）收到的异议尚未处理完毕，不能{act}。",
                at,
                inputs=("objections",),
                would_change="异议处理完毕",
            )
        elif state == "upheld":
            inquiry.refuse("objection.upheld", f"异议成立，不能{act}。", at, inputs=("objections",))
        elif state == "withdrawn" or late:
            continue
        elif notice and notice.result_published and not objection.flag("result_published", False):
            inquiry.refuse(
                "objection.result_not_published",
                "异议的调查结果尚未公布。",
                f"notices.{kind}.result_published",
                inputs=("objections",),
                would_change="公布调查结果",
            )


def _short(act: str) -> str:
    return act.removesuffix("协议")


def check_clauses(inquiry: Inquiry, grant_type: str, rule: Agreement) -> None:
    """Refuse an agreement that lacks a required clause."""
    given = inquiry.facts.codes("clauses")
    missing = [code for code, clause in rule.clauses.items() if clause.required and code not in given]
    inquiry.values["missing_clauses"] = missing
    for code in missing:
        clause = rule.clauses[code]
        inquiry.refuse(
            f"clause.{code}",
            f"协议缺少条款：{clause.label}。",
            f"agreements.{grant_type}.clauses.{code}",
            inputs=("clauses",),
            would_change=f"补充{clause.label}条款",
            modality=clause.modality,
        )


def clauses(inquiry: Inquiry) -> None:
    """The clauses that an agreement of a kind must hold; those missing, where the fact `clauses` is given."""
    grant_type = inquiry.facts.text("grant_type")
    rule = inquiry.content.agreements.get(grant_type)
    if rule is None:
        inquiry.refuse("agreement.no_rule", "本地政策没有规定此类协议。", "agreements", inputs=("grant_type",))
        return
    inquiry.values["clauses"] = [
        {
            "code": code,
            "label": clause.label,
            "required": clause.required,
            "citation": inquiry.pack.citation(f"agreements.{grant_type}.clauses.{code}"),
        }
        for code, clause in rule.clauses.items()
    ]
    if "clauses" in inquiry.facts:
        check_clauses(inquiry, grant_type, rule)


def formalities(inquiry: Inquiry) -> None:
    """What must be handled after signing and which papers prove it; missing ones where `provided` is given."""
    grant_type = inquiry.facts.text("grant_type")
    rule = inquiry.content.agreements.get(grant_type)
    papers = rule.formalities if rule else {}
    given = inquiry.facts.codes("provided")
    inquiry.values["formalities"] = [
        {"code": code, "label": paper.label, "evidence": list(paper.any_of), "required": paper.required}
        for code, paper in papers.items()
    ]
    missing = [code for code, paper in papers.items() if paper.required and not given & {code, *paper.any_of}]
    inquiry.values["missing"] = missing
    if "provided" in inquiry.facts:
        for code in missing:
            inquiry.refuse(
                f"formality.{code}",
                f"尚未办理或缺少证明：{papers[code].label}。",
                f"agreements.{grant_type}.formalities.{code}",
                inputs=("provided",),
                would_change=f"补充{papers[code].label}的证明",
                modality=papers[code].modality,
            )


QUESTIONS: dict[str, Decide] = {
    "agreement.may_sign": may_sign,
    "agreement.clauses": clauses,
    "agreement.formalities": formalities,
}
