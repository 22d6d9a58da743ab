"""Values of the ledger as pages and exports write them; nothing is decided here."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any
from uuid import UUID

from markupsafe import Markup

from services.ledger.entry import FIELDS, RECORDED
from services.ledger.models import ACHIEVEMENT_STATES, SOURCES
from services.ledger.points import NOW, Point
from services.ledger.rules import Vocabulary, vocabulary
from shared.db.transaction import Transaction
from shared.ui.links import with_query
from shared.ui.words import EMPTY, day, money, yuan
from tenants.packs import governing

TONES = {"converted": "green", "converting": "blue", "intended": "orange", "not_converted": "secondary"}
KINDS_OF_VALUE = {"amount": "转化金额", "appraisal": "评估价值"}
RIGHT_STATES = {"granted": "有效", "applied": "申请中", "lapsed": "失效", "transferred": "已转移"}
EVENTS = {
    "registered": ("登记", "green"),
    "corrected": ("更正", "blue"),
    "conversion_recorded": ("登记转化", "green"),
    "quarantined": ("隔离", "red"),
    "released": ("解除隔离", "blue"),
    "revoked": ("撤销", "red"),
    "stage_recorded": ("登记阶段", "blue"),
    "ownership_recorded": ("登记权属", "blue"),
    "paper_added": ("上传佐证材料", "blue"),
    "payment_recorded": ("登记到账", "green"),
    "payment_corrected": ("更正到账", "blue"),
    "exit_listed": ("列入退出清单", "orange"),
    "exit_taken_off": ("移出退出清单", "blue"),
    "asset_marked": ("资产单独标识", "green"),
    "asset_unmarked": ("解除资产标识", "orange"),
    "right_lost": ("权利丧失，移交财务", "orange"),
    "handed_to_screening": ("交办筛查自评", "blue"),
    "self_assessed": ("筛查自评", "blue"),
    "loss_booked": ("登记账务处理", "green"),
    "paper_withdrawn": ("撤下佐证材料", "orange"),
    "handed_to_agency": ("委托第三方机构", "blue"),
}
_CODED = {
    "type": "type",
    "type_group": "type_group",
    "stage_declared": "stage",
    "stage_recognised": "stage",
    "status": "status",
    "mode": "mode",
    "funding": "funding",
}
_OTHERS = {"team": "完成人（团队）", "rights": "权利号", "state": "登记状态"}
_vocabularies: dict[UUID, Vocabulary] = {}


async def words_of(tx: Transaction) -> Vocabulary:
    """The ledger's words under the pack in force; a stored pack version never changes, so it is asked for once."""
    version = tx.pack_version_id
    found = _vocabularies.get(version) if version is not None else None
    if found is None:
        governed = await governing(tx)
        found = _vocabularies[governed.id] = vocabulary(governed.pack)
    return found


def obtained(value: date | None, precision: str | None) -> str:
    """A day, or the month where the ledger knows no day."""
    return day(value)[:7] if value is not None and precision == "month" else day(value)


def shown(name: str, value: Any, words: Vocabulary, people: Mapping[str, str] | None = None) -> str:
    """One value of a field in Chinese; empty stays a dash, never 0. ``people`` names those of a team by id."""
    if value is None or value in ("", [], {}):
        return EMPTY
    if name in _CODED:
        return words.label(_CODED[name], value)
    match name, value:
        case "team", list():
            return "、".join(
                (people or {}).get(one["person"], "（已删除）") + _share(one.get("share")) for one in value
            )
        case "rights", list():
            return "、".join(one["number"] for one in value)
        case "state", str():
            return ACHIEVEMENT_STATES.get(value, value)
        case "value_kind", str():
            return KINDS_OF_VALUE.get(value, value)
        case "source", str():
            return SOURCES.get(value, value)
        case "stage_evidence", list():
            return "、".join(words.labels["proof"].get(code) or words.label("evidence", code) for code in value)
        case "stage_criteria", dict():
            return "；".join(f"{words.label('criterion', code)}：{one}" for code, one in value.items())
        case "owners", list():
            return "、".join(one["name"] + _share(one["share"]) for one in value)
        case "custody", dict():
            named = {"agency": "", "contract": "合同 ", "from": "自 ", "to": "至 "}
            return "　".join(f"{word}{value[name]}" for name, word in named.items() if value.get(name)) or EMPTY
        case "research_basis", dict():
            return _basis(value, words)
        case _, bool():
            return "是" if value else "否"
        case _, Decimal():
            return f"{yuan(value)} 元"
        case _, date():
            return day(value)
        case _, dict():
            return "；".join(f"{key}：{one}" for key, one in value.items())
        case _:
            return str(value)


def _share(share: list[int] | None) -> str:
    return f"（{share[0]}/{share[1]}）" if share else ""


def _basis(basis: Mapping[str, Any], words: Vocabulary) -> str:
    told = [f"{words.label('start', code)}：{one}" for code, one in (basis.get("dates") or {}).items()]
    told += [f"另行确定：{basis['chosen']}（{basis.get('reason') or ''}）"] if basis.get("chosen") else []
    return "；".join(told) or EMPTY


def record_tabs(
    achievement_id: UUID, words: Vocabulary, active: str, point: Point = NOW
) -> list[tuple[str, str, bool, int]]:
    """The pages of one achievement, for the macro ``tabs``; a province whose text knows no stages has no such page.

    The day that is looked at is kept from page to page.
    """
    home = f"/institution/ledger/{achievement_id}"
    tabs = [("台账内容", home), *([("成果阶段", f"{home}/stage")] if words.stages else [])]
    tabs += [("权利和年费", f"{home}/rights"), ("权利丧失", f"{home}/losses"), ("权属", f"{home}/ownership")]
    tabs += [("记账提示", f"{home}/accounting"), ("资产标识", f"{home}/mark"), ("到账", f"{home}/payments")]
    tabs += [("委托服务", f"{home}/agency")] if words.labels.get("agency_service") else []
    return [(label, with_query(href, point.as_query()), label == active, 0) for label, href in tabs]


def label_of(name: str) -> str:
    """The Chinese name of a field of the ledger's history."""
    return FIELDS.get(name) or RECORDED.get(name) or _OTHERS.get(name, name)


@lru_cache(maxsize=512)
def options(choices: tuple[tuple[str, str], ...], chosen: str) -> Markup:
    """The options of a filter, made once per vocabulary and choice."""
    return Markup("").join(
        Markup('<option value="{}"{}>{}</option>').format(code, Markup(" selected") if code == chosen else "", label)
        for code, label in choices
    )


def list_row(row: Any, words: Vocabulary) -> tuple[Any, ...]:
    """A row as the list's template writes it, ready to be unpacked: looking up labels there costs more than the row.

    (code, id, name, people, type, stage, declared stage where it differs, tone, status, times, mode, value, is appraised)
    """
    stages, people, size = words.labels["stage"], row["people"], row["team_size"]
    recognised, declared, status = row["stage_recognised"], row["stage_declared"], row["status"]
    times = row["conversions"]
    return (
        row["code"],
        row["id"],
        row["name"],
        f"{'、'.join(people[:2])}等 {size} 人" if size > 3 else "、".join(people) or EMPTY,
        words.labels["type"].get(row["type"], row["type"]),
        stages.get(recognised, EMPTY),
        stages.get(declared, declared) if declared and declared != recognised else "",
        TONES.get(status, "secondary"),
        words.labels["status"].get(status, status),
        times if times > 1 else 0,
        words.labels["mode"].get(row["mode"], row["mode"] or EMPTY),
        money(row["value"], ""),
        row["value_kind"] == "appraisal",
    )
