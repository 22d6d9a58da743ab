"""What a person reads first in a decision file: every decision with its grounds, every step, in order."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from shared.policy.answer import Verdict
from shared.ui.words import moment

QUESTIONS = {
    "empowerment.may_apply": "能否申请赋权",
    "screening.result": "负面清单排查结果",
    "feasibility.recorded": "可行性评估是否完整",
    "notice.content": "公示内容是否完整",
    "notice.period": "公示期",
    "objection.effect": "异议的影响",
    "agreement.may_sign": "能否签署协议",
    "agreement.clauses": "协议条款是否完整",
    "agreement.formalities": "应办手续",
    "step.may_take": "步骤的先后",
    "pilot.covers": "是否在试点范围内",
    "secret.gate": "是否涉密",
    "disclosure.fields": "披露内容是否完整",
    "disclosure.evidence": "披露的证明材料",
    "ledger.fields": "登记内容是否完整",
    "ledger.enumerations": "登记内容的取值",
    "ledger.name": "成果名称是否重复",
    "ledger.stage": "成果所处阶段",
    "ledger.research_start": "研发起始时间",
}


README = """决策卷宗说明

本文件由成果平台为一个事项签发，内容自签发起不能改动而不被发现。

summary.txt             可读的摘要：每项决定的结论、理由、条款和原文，每一步的时间和人员
case/                   事项现有的数据（申请、团队、排查、评估、公示及其逐时核对、异议、协议、手续等）
decisions/              每项决定的全文：所问、事实、结论、理由、条款、政策规则版本、负面清单版本
events.json             办理过程
people.json             办理人员的姓名
packs/                  决定所依据的政策规则全文，文件名为其 SHA-256
lists/                  决定所依据的负面清单全文，文件名为其 SHA-256
audit/entries.jsonl     该事项的全部操作日志，及每条在封存链上的位置证明
audit/checkpoints.jsonl 平台按日签名的封存检查点
keys.json               签名公钥
manifest.json           全部文件的 SHA-256；signature.json 是对它的签名（Ed25519）

核验：不需要平台，需要 Python 3.9 以上和 cryptography 程序包。
  python verify.py 卷宗.zip --key 公钥
公钥请向平台运维单位另行索取（chengguo keys list），不要只用卷宗里的 keys.json。verify.py 也请从可信来源取得。

证明的方法：每条操作日志的哈希 = SHA-256（前一条的哈希 + 该条内容）；办理时的日志记有各项决定的 SHA-256；
从本事项最早一条到签发时最新一条，全部哈希组成一棵默克尔树（RFC 6962），树根在清单里；每条日志和每个检查点都能算到树根。
其他事项的日志不在卷宗里，只有它们的哈希参与计算。
"""


def summary(
    head: Mapping[str, Any],
    decisions: Sequence[Row[Any]],
    events: Sequence[Row[Any]],
    people: Mapping[UUID, str],
) -> str:
    """The text of ``summary.txt``."""
    lines = [
        f"{head['case']['label']}：{head['case']['title']}",
        f"单位：{head['tenant']}",
        f"事项编号：{head['case']['id']}",
        f"签发时间：{head['made_at']}",
        "",
        f"一、决定（{len(decisions)} 项）",
    ]
    for number, one in enumerate(decisions, 1):
        lines += ["", *_decision(number, one, people)]
    lines += ["", f"二、办理过程（{len(events)} 步）", ""]
    for event in events:
        states = f"　{event.from_state or '—'} → {event.to_state}" if event.to_state else ""
        reason = f"　{event.reason}" if event.reason else ""
        lines.append(f"{moment(event.at)}　{people.get(event.actor_id, '系统')}　{event.event}{states}{reason}")
    return "\n".join(lines) + "\n"


def _decision(number: int, one: Row[Any], people: Mapping[UUID, str]) -> list[str]:
    verdict = Verdict(one.verdict).label
    who = people.get(one.actor_id, "系统")
    lines = [
        f"{number}. {moment(one.decided_at)}　{who}　{QUESTIONS.get(one.question, one.question)}　{verdict}",
        f"   编号 {one.id}　{one.question}",
    ]
    for finding in one.answer.get("findings") or ():
        cited = finding["citation"]
        words = f"“{cited['quote']}”" if cited["quote"] else "（原文待核）" if not cited["text_seen"] else ""
        lines += [f"   · {finding['message']}", f"     《{cited['document']}》{cited['article']}{words}"]
    against = f"　负面清单 {one.list_hash}" if one.list_hash else ""
    lines.append(f"   政策规则 {one.answer.get('pack')} {one.answer.get('pack_version')}　{one.pack_hash}{against}")
    return lines
