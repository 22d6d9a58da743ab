"""What an application is asked for, as the pack says: which texts, shares or a term, which ways of granting."""

from collections.abc import Mapping
from dataclasses import dataclass

from services.empowerment.rules import COLUMN_OF_MATERIAL
from shared.policy.answer import Citation
from shared.policy.pack import Pack

MATERIAL = "material-"
_HINTS = {
    "explanation": "公示时作为成果基本情况；不得填写国家秘密",
    "team_information": "团队的转化能力和分工；姓名以下表为准，不必重复",
}


@dataclass(frozen=True, slots=True)
class Text:
    """A text of the application: its field in the form, its label and article."""

    name: str
    code: str
    label: str
    required: bool
    hint: str
    citation: Citation | None


@dataclass(frozen=True, slots=True)
class Asked:
    """Everything that an application for one right is asked for. ``modes`` and ``shared_as`` are code → label."""

    texts: tuple[Text, ...]
    shares: bool
    term: bool
    modes: Mapping[str, str]
    shared_as: Mapping[str, str]
    all_to_team: bool


def texts(pack: Pack) -> tuple[Text, ...]:
    """The materials of the pack in its order; what the notice says of an achievement may be filled in anyway."""
    found = [
        Text(
            COLUMN_OF_MATERIAL.get(code, MATERIAL + code),
            code,
            rule.label,
            rule.required and rule.modality == "must",
            rule.note or _HINTS.get(COLUMN_OF_MATERIAL.get(code, ""), "没有专门栏目的，写明文件名称、文号或者内容"),
            pack.citation(f"fields.application.{code}"),
        )
        for code, rule in pack.content.fields.get("application", {}).items()
    ]
    if not any(one.name == "explanation" for one in found):
        found.insert(0, Text("explanation", "achievement_description", "成果说明", False, _HINTS["explanation"], None))
    return tuple(found)


def asked(grant_type: str, pack: Pack) -> Asked:
    """What an application for a right is asked for under a pack."""
    rule = pack.content.grant_types.get(grant_type)
    modes = {code: mode.label for code, mode in pack.content.grant_modes.items() if mode.counts_as_achievement}
    kinds = rule.co_ownership if rule else ()
    return Asked(
        texts(pack),
        bool(rule and rule.asks_shares),
        bool(rule and rule.asks_term),
        modes,
        {code: pack.label("co_ownership", code) for code in kinds},
        bool(rule and rule.full_ownership),
    )
