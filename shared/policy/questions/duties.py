"""What the text asks of somebody without a procedure of its own: a duty that is done, a mark that has its ground."""

from __future__ import annotations

from shared.policy.inquiry import Decide, Inquiry


def done(inquiry: Inquiry) -> None:
    """Whether what a duty asks was done: facts duties [codes, the first that the pack has counts], missing [words].

    A province whose text knows none of these duties asks for nothing.
    """
    wanted, missing = inquiry.facts.raw("duties", ()), [str(one) for one in inquiry.facts.raw("missing", ())]
    code = next((one for one in wanted if one in inquiry.content.duties), None)
    inquiry.values.update(duty=code, missing=missing)
    if code is None or not missing:
        return
    inquiry.refuse(
        "duty.not_done",
        f"{inquiry.content.duties[code].label}尚未完成：{'；'.join(missing)}。",
        f"duties.{code}",
        inputs=("missing",),
        would_change="办完后再结束",
    )


def asset_mark(inquiry: Inquiry) -> None:
    """Whether an achievement may carry the mark of a formed intangible: facts unit_kind, situations [codes], ground.

    ``values["hint"]`` is the pack's own word for an intangible of such a unit, if it has one. Finance decides: where the
    text books none, the mark wants finance's ground.
    """
    facts = inquiry.facts
    kind, situations = facts.text("unit_kind"), facts.codes("situations")
    fitting = {
        code: hint
        for code, hint in inquiry.content.accounting.items()
        if hint.situation in situations and (not hint.unit_kinds or kind in hint.unit_kinds)
    }
    formed = next((code for code, hint in fitting.items() if hint.result == "intangible"), None)
    inquiry.values["hint"] = formed
    inquiry.values["treatment"] = fitting[formed].treatment if formed else ""
    if formed is not None:
        inquiry.note(
            f"accounting.{formed}",
            f"提示：{fitting[formed].treatment}。",
            f"accounting.{formed}",
            inputs=("situations",),
        )
        return
    if facts.text("ground", ""):
        return
    for code, hint in fitting.items():
        inquiry.refuse(
            "asset_mark.not_formed",
            f"按条文，{hint.label}：{hint.treatment}，没有形成无形资产。财务部门另有认定的，请写明依据。",
            f"accounting.{code}",
            inputs=("unit_kind", "situations"),
            would_change="写明财务部门认定形成无形资产的依据",
        )
    if not fitting:
        at = "duties.asset_mark" if "asset_mark" in inquiry.content.duties else "accounting"
        inquiry.refuse(
            "asset_mark.no_ground",
            "条文没有写明本单位此类支出是否形成无形资产，请写明财务部门认定的依据。",
            at,
            inputs=("unit_kind", "situations"),
            would_change="写明财务部门认定形成无形资产的依据",
        )


def may_erase(inquiry: Inquiry) -> None:
    """Whether a person's values may go: not while a notice, or a case that ends in one, has to name the person.

    Facts: kind of notice, posted (a running one says the name), open_case (of a team whose case is under way).
    """
    facts = inquiry.facts
    kind = facts.text("kind", "empowerment")
    if kind not in inquiry.content.notices:
        return
    path = f"notices.{kind}.content"
    if facts.flag("posted", False):
        message = "正在公示的文本中写有该姓名，公示结束后再删除。"
        inquiry.refuse("person.in_notice", message, path, inputs=("posted",), would_change="公示结束")
    elif facts.flag("open_case", False):
        message = "该人是在办申请的团队成员，公示须载明其姓名，办结或者撤回后再删除。"
        inquiry.refuse("person.in_case", message, path, inputs=("open_case",), would_change="办结或者撤回")


QUESTIONS: dict[str, Decide] = {"duty.done": done, "asset.mark": asset_mark, "person.may_erase": may_erase}
