"""A disclosure in words, as its page has it today and of a past day; nothing is decided here."""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any
from uuid import UUID

from services.ledger.disclosure import forms, queries
from services.ledger.rules import Vocabulary
from shared.ui.words import share as share_words

TONES = {
    "draft": "secondary",
    "submitted": "blue",
    "returned": "orange",
    "registered": "green",
    "withdrawn": "secondary",
}
# The fields of the form in its order, as the page of one disclosure shows them.
SHOWN = (
    ("name", "成果名称"),
    ("type", "成果类型"),
    ("technical_field", "技术领域"),
    ("form", "成果形式"),
    ("stage", "成果所属阶段"),
    ("market_prospect", "市场应用前景"),
    ("funding", "经费来源"),
    ("evidence", "佐证材料"),
    ("evidence_elsewhere", "未上传的材料"),
    ("right_number", "权利号"),
    ("obtained_on", "取得时间"),
    ("college", "所属部门"),
    ("remark", "备注"),
    ("team", "完成人（团队）"),
)


# Fields that stand in the form where the province asks for them, and nowhere else.
ONLY_IF_ASKED = frozenset({"technical_field", "form", "stage", "market_prospect"})


def exact(one: queries.DisclosedMember) -> str | None:
    return str(one.share) if one.share is not None else None


def told(
    said: Mapping[str, Any], further: Iterable[str], words: Vocabulary, names: Mapping[UUID, str]
) -> dict[str, str]:
    """What a disclosure says in words, by field of the form."""
    told = {name: str(said.get(name) or "") for name, _ in SHOWN}
    told |= {forms.MORE + code: said.get("more", {}).get(code, "") for code in further}
    told |= {name: words.label(name, told[name]) for name in ("type", "stage", "funding")}
    told["evidence"] = "、".join(words.labels["evidence"].get(one, one) for one in said.get("evidence") or ())
    team = [(names.get(UUID(one), "（已删除）"), Fraction(share) if share else None) for one, share in said["team"]]
    told["team"] = "、".join(f"{name} {share_words(share)}" if share is not None else name for name, share in team)
    return told
