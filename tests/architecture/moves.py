"""Every state × move × audience of each slice as a table, in the slice's README between its marks.

``python -m tests.architecture.moves`` writes the tables anew: read the difference before you commit it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

from services.administration.merging import workflow as merging
from services.annual_report import workflow as annual_report
from services.annual_report.internal import workflow as internal
from services.annual_report.reviewing import workflow as reviewing
from services.empowerment import workflow as empowerment
from services.home.pushing import workflow as pushing
from services.ledger import export, handed
from services.ledger import workflow as ledger
from services.ledger.bulk import workflow as bulk
from services.ledger.claiming import workflow as claiming
from services.ledger.disclosure import workflow as disclosure
from services.ledger.importing import workflow as importing
from services.ledger.losses import workflow as losses
from services.ledger.screening import workflow as screening
from services.negative_list import workflow as negative_list
from services.notices import workflow as notices
from shared.policy import Pack, load_pack
from shared.workflow import Moves
from tenants.packs import article_of

SERVICES = Path(__file__).resolve().parents[2] / "services"
REGIONS = ("cn-53", "cn-22")
BEGIN, END = "<!-- moves: written by python -m tests.architecture.moves -->", "<!-- moves: end -->"
MACHINES: Mapping[str, Sequence[tuple[str, Moves]]] = {
    "ledger": (
        ("成果", ledger.MOVES),
        ("披露", disclosure.MOVES),
        ("导入", importing.MOVES),
        ("完成人认领", claiming.MOVES),
        ("权利丧失移交", losses.MOVES),
        ("筛查轮次", screening.MOVES),
        ("第三方机构协助", handed.MOVES),
        ("批量办理", bulk.MOVES),
        ("导出", export.MOVES),
    ),
    "empowerment": (("赋权申请", empowerment.MOVES),),
    "negative_list": (("负面清单", negative_list.MOVES),),
    "annual_report": (
        ("年度报告", annual_report.MOVES),
        ("汇总报告", reviewing.AGGREGATE_MOVES),
        ("内部报送", internal.MOVES),
    ),
    "administration": (("机构并入", merging.MOVES),),
    "notices": (("公示", notices.MOVES), ("异议", notices.OBJECTION_MOVES)),
    "home": (("推送地址", pushing.TARGETS), ("推送", pushing.DELIVERIES)),
}
# Moves that only the worker makes: nobody has a button for them, and in another state it does nothing.
BY_WORKER = {
    *(("ledger_import", one) for one in ("start_reading", "finish_reading", "apply", "fail", "finish_undo", "keep")),
    ("export", "finish_export"),
    ("organisation_merger", "carry_out"),
    ("notice", "close"),
}
# Moves that come with an act on something else: of a case in another state nobody can ask for them.
BESIDE = {("notice", "publish"), ("asset_report", "supersede")}
# States in which who would make the move does not see the case any more.
HIDDEN: Mapping[tuple[str, str], frozenset[str]] = {
    ("agency_task", "deliver"): frozenset({"accepted", "ended"}),
    **{("notice", one): frozenset({"draft"}) for one in ("change", "interrupt", "withdraw")},
    **{("annual_report", one): frozenset({"draft"}) for one in ("return_for_correction", "accept")},
}
_HEAD = f"""{BEGIN}
有权限者能否办理看“结果”：可以的写到达的状态，不可以的写拒绝的代码（409）和所引条款（{"；".join(REGIONS)}）；
没有括号的是平台自身的步骤，政策没有规定；由后台任务办理的，没有人能办理，不合状态时不做，随另一事项办理的也是；“查无此事”是 404。
同类机构中没有该权限的人 403；其他机构和其他类用户 404；未登录的 401（页面转到登录）。
"""


@cache
def _pack(region: str) -> Pack:
    return load_pack(region)


def article(moves: Moves, name: str) -> str:
    """Where a step is said, province by province; empty where it is nowhere."""
    found = [article_of(_pack(region), moves.articles_of(name)) for region in REGIONS]
    return "；".join(one.article if one else "无" for one in found) if any(found) else ""


def outcome(moves: Moves, name: str, state: str, cited: str) -> str:
    """What becomes of a move from a state, for those who hold its permission."""
    move = moves.named(name)
    if state in HIDDEN.get((moves.case_kind, name), ()):
        return "查无此事"
    if state not in move.sources and (moves.case_kind, name) in BY_WORKER | BESIDE:
        return "不做"
    if state not in move.sources:
        return f"`state.stale`（{cited}）" if cited else "`state.stale`"
    reached = [move.target, *sorted(move.onward - {move.target})]
    return "→ " + "、".join(moves.states[one] for one in reached)


def table(label: str, moves: Moves) -> Iterator[str]:
    """The table of one kind of case."""
    cited = {move.name: article(moves, move.name) for move in moves.moves}
    yield f"\n### {label} `{moves.case_kind}`\n"
    yield "| 状态 | 办理 | 权限 | 结果 | 同类机构其他人 | 其他机构、其他类用户 | 未登录 |"
    yield "|---|---|---|---|---|---|---|"
    for state, name in moves.states.items():
        for move in moves.moves:
            done = outcome(moves, move.name, state, cited[move.name])
            if (moves.case_kind, move.name) in BY_WORKER:
                yield f"| {name} | {move.label} | 后台任务 | {done} | – | – | – |"
            else:
                yield f"| {name} | {move.label} | `{move.permission}` | {done} | 403 | 404 | 401 |"


def tables(slice_: str) -> str:
    """All of a slice, with the marks."""
    lines = [line for label, moves in MACHINES[slice_] for line in table(label, moves)]
    return "\n".join([_HEAD.rstrip(), *lines, "", END])


def written(slice_: str) -> str:
    """What the README says between the marks, with them; empty where there are none."""
    found = re.search(f"{re.escape(BEGIN)}.*?{re.escape(END)}", _readme(slice_).read_text("utf-8"), re.DOTALL)
    return found[0] if found else ""


def write(slice_: str) -> None:
    """Write the tables anew, at the end where there are none yet."""
    readme, made = _readme(slice_), tables(slice_)
    text = readme.read_text("utf-8")
    before = written(slice_)
    readme.write_text(
        text.replace(before, made) if before else f"{text.rstrip()}\n\n## Every state × move × audience\n\n{made}\n",
        "utf-8",
    )


def _readme(slice_: str) -> Path:
    return SERVICES / slice_ / "README.md"


if __name__ == "__main__":
    for one in MACHINES:
        write(one)
