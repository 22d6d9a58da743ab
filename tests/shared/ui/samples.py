"""Invented pages in every frame: what the preview shows and the browser tests look at."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from shared.errors import Refusal
from shared.policy.answer import Citation, Finding, Verdict
from shared.ui.page import Crumb, Flash, FormState, MenuItem, MenuSection, Page, PageClock, Province, Viewer
from shared.ui.rendering import make_environment, template_directories

DATA: dict[str, dict[str, Any]] = json.loads((Path(__file__).parent / "preview.json").read_bytes())
NOW = datetime(2026, 3, 16, 1, 0, tzinfo=UTC)
TODAY = date(2026, 3, 16)
PROVINCE = Province("云南省", "云南", "yunnan")
CLERK = Viewer(
    "林晓芸", "滇池示范大学", "成果转化中心（责任部门）", "institution", frozenset({"institution:ledger:read"}), 5, "林"
)
OFFICER = Viewer("张敏", "云南省科学技术厅", "成果转化与区域创新处", "console", frozenset(), 8, "张")
FOOTNOTE = (
    "滇池示范大学 · 单列管理与赋权改革试点单位 · 试点有效期 2025-11-09 至 2028-11-08（另一读法 2028-11-09，存疑）"
)
ENVIRONMENT = make_environment([Path(__file__).parent / "templates", *template_directories()])


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One row of the ledger as a page gets it."""

    no: str
    name: str
    team: str
    type: str
    stage: str
    state: str
    mode: str | None
    value: Decimal | None
    claim: bool
    estimated: bool
    times: int | None


def _section(
    heading: str, *items: tuple[str, str, str], active: str = "", badges: Mapping[str, int] | None = None
) -> MenuSection:
    return MenuSection(
        heading,
        tuple(MenuItem(label, href, icon, href == active, (badges or {}).get(href)) for icon, label, href in items),
    )


INSTITUTION_MENU = (
    _section(
        "",
        ("layout-dashboard", "工作台", "/institution/"),
        ("checklist", "待办中心", "/institution/todo"),
        active="/institution/",
        badges={"/institution/todo": 7},
    ),
    _section(
        "单列管理",
        ("bulb", "成果披露", "/institution/disclosures"),
        ("database", "单列管理台账", "/institution/ledger"),
        ("table-import", "导入与导出", "/institution/imports"),
    ),
    _section(
        "赋权与转化",
        ("certificate", "赋权申请", "/institution/empowerment"),
        ("speakerphone", "单位内部公示", "/institution/notices"),
        ("arrows-exchange", "转化项目", "/institution/conversions"),
    ),
    _section(
        "报告与留痕",
        ("report-analytics", "年度报告", "/institution/reports"),
        ("shield-check", "尽职免责档案", "/institution/dossiers"),
        ("history", "操作日志", "/institution/audit"),
        ("settings", "单位设置", "/institution/settings"),
    ),
)
CONSOLE_MENU = (
    _section(
        "",
        ("layout-dashboard", "工作台", "/console/"),
        ("checklist", "待办中心", "/console/todo"),
        ("report-analytics", "年度报告", "/console/reports"),
        ("chart-bar", "统计汇总", "/console/statistics"),
        active="/console/",
        badges={"/console/todo": 7},
    ),
    _section(
        "试点", ("building-community", "试点单位", "/console/pilots"), ("hourglass", "试点有效期", "/console/validity")
    ),
    _section(
        "负面清单",
        ("list-details", "清单与版本", "/console/lists"),
        ("speakerphone", "征求意见与公示", "/console/consultations"),
    ),
    _section(
        "服务与监督",
        ("message-question", "政策咨询答复", "/console/questions"),
        ("scale", "政策与读法", "/console/policy"),
        ("history", "操作日志", "/console/audit"),
        ("settings", "系统设置", "/console/settings"),
    ),
)
PUBLIC_MENU = (
    MenuSection(
        "",
        (
            MenuItem("负面清单", "/yunnan/lists/empowerment", active=True),
            MenuItem("征求意见", "/yunnan/consultations", badge=1),
            MenuItem("试点单位", "/yunnan/pilots"),
            MenuItem("政策依据", "/yunnan/policy"),
            MenuItem("数据下载", "/yunnan/data"),
        ),
    ),
)

_GUIDE = "云南省职务科技成果赋权改革试点操作指引（试行）"
ARTICLE = Citation(
    _GUIDE, "第七条（一）", "科研单位可赋予科研人员职务科技成果所有权或长期使用权", True, "cn-53/empowerment", "1.0.0"
)
NOTICE = Citation(_GUIDE, "第八条（三）", "公示期满且无异议后", True, "cn-53/empowerment", "1.0.0")
READING = Citation(
    _GUIDE,
    "第十三条",
    "自2025年11月9日起施行，有效期3年",
    True,
    "cn-53/empowerment",
    "1.0.0",
    "decision",
    "validity.last_day",
)
UNSEEN = Citation("省级成果转化条例", "第二十二条", "", False, "cn-37/act", "0.1.0")


def _finding(code: str, verdict: Verdict, message: str, citation: Citation, change: str) -> Finding:
    return Finding(code, verdict, message, citation, {}, change)


_RUNNING = _finding(
    "agreement.notice_running",
    Verdict.REFUSED,
    "公示尚未期满：2026-03-02 发布，公示至 2026-03-17，今天是第 14/15 天",
    NOTICE,
    "2026-03-18 00:00 起，且没有未办结的异议，即可签订协议",
)
_DISPUTED = _finding(
    "pilot.last_day",
    Verdict.PERSON_MUST_DECIDE,
    "2028-11-09 是否仍在试点有效期内，原文可作两种理解",
    READING,
    "省科技厅作出解释后按解释办理",
)
REFUSED = Refusal(
    _RUNNING.code,
    _RUNNING.message,
    NOTICE,
    (_RUNNING,),
    told=(
        ("公示", "公示种类 赋权信息公示；发布时间 2026-03-09 09:00；天数 15；中断 （无）"),
        ("办理时间", "2026-03-16 09:00"),
    ),
)
UNDECIDED = Refusal(_DISPUTED.code, _DISPUTED.message, READING, (_DISPUTED,), needs_person=True)
ADVICE = [
    _finding("notice.longer", Verdict.ADVISED, "公示期 20 天，长于规定的 15 天", NOTICE, "改为 15 天"),
    _finding("report.due", Verdict.ADVISED, "该条原文尚未见到，按转述提示", UNSEEN, ""),
]
EVENTS = [
    {
        "at": NOW,
        "actor": "林晓芸",
        "label": "修改",
        "tone": "orange",
        "text": "按退回意见修改了 2 项",
        "changes": [("完成人", "田清扬、陈平", "田清扬、陈平等 4 人"), ("评估价值", None, "100.00 万元")],
    },
    {
        "at": datetime(2026, 3, 13, 8, 20, tzinfo=UTC),
        "actor": "王雪",
        "label": "退回",
        "tone": "red",
        "text": "完成人与披露表不一致，请核对",
        "changes": (),
    },
    {
        "at": datetime(2026, 3, 9, 1, 0, tzinfo=UTC),
        "actor": "田清扬",
        "label": "提交",
        "tone": "green",
        "text": "",
        "changes": (),
    },
]
FORM = FormState(
    {
        "title": "",
        "kind": "use_right",
        "type": "software",
        "value": "1000000.50",
        "evidence": ["report"],
        "reason": "面向茶叶加工企业许可使用",
    },
    {
        "title": "请填写成果名称",
        "disclosed_on": "请填写披露日期",
        "evidence": "请上传检测报告的扫描件",
        "attachment": "附件为 23.4 MB，超过 20 MB 的限制",
        "agreed": "请确认全体完成人已经书面确认",
    },
)


def _todos(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [item | {"due": date.fromisoformat(item["due"]) if item["due"] else None} for item in items]


def ledger_rows(count: int = 10) -> list[LedgerRow]:
    """The rows of the picture, repeated to ``count``."""
    rows = DATA["institution"]["rows"]
    return [
        LedgerRow(
            r["no"],
            r["name"],
            r["team"],
            r["type"],
            r["stage"],
            r["state"],
            r["mode"],
            Decimal(r["v"].replace(",", "")) * 10_000 if r["v"] else None,
            r["claim"],
            r["est"],
            r["times"],
        )
        for r in (rows[index % len(rows)] for index in range(count))
    ]


def ledger_context(count: int = 10) -> dict[str, Any]:
    """What the ledger table needs."""
    return {
        "rows": ledger_rows(count),
        "path": "/institution/ledger",
        "query": {"q": "茶", "sort": "-number"},
        "sort": "-number",
        "previous": None,
        "next": "/institution/ledger?after=x",
        "shown": f"第 1–{count} 条　没有证据确认为开发阶段的，按研究阶段认定（第九条（四））；“未评估”不作零计算",
    }


def _frame(viewer: Viewer | None, menu: tuple[MenuSection, ...], page: Page, **more: Any) -> dict[str, Any]:
    return {
        "viewer": viewer,
        "province": PROVINCE,
        "clock": PageClock(NOW, demo=True),
        "training": False,
        "suspended": False,
        "menu": menu,
        "form_key": lambda: "k-1",
        "page": page,
        "today": TODAY,
        **more,
    }


def _console() -> dict[str, Any]:
    data: dict[str, Any] = DATA["console"]
    charts = data["charts"]
    page = Page(
        "工作台",
        "/console/",
        search_href="/console/search",
        search_hint="查找试点单位、年度报告、清单条目",
        footnote="主办：云南省科学技术厅",
    )
    return (
        _frame(OFFICER, CONSOLE_MENU, page)
        | data
        | {
            "todos": _todos(data["todos"]),
            "state_columns": [(name, True) for name in [*data["states"], "合计", "占比"]],
            "progress_chart": {
                "kind": "bar-horizontal",
                "stacked": True,
                "whole": True,
                "unit": "家",
                "categories": charts["kinds"],
                "series": [
                    {"name": "已报送", "tone": "ok", "data": charts["ok"]},
                    {"name": "退回修改", "tone": "ret", "data": charts["ret"]},
                    {"name": "未报送", "tone": "none", "data": charts["none"]},
                ],
            },
            "amount_chart": {
                "kind": "bar",
                "stacked": True,
                "unit": "万元",
                "categories": charts["years"],
                "series": [
                    {"name": g["name"], "data": [Decimal(str(v)) for v in g["data"]], "pale": [4]}
                    for g in charts["groups"]
                ],
                "totals": [round(sum(v), 0) for v in zip(*(g["data"] for g in charts["groups"]), strict=True)],
            },
        }
    )


def _institution() -> dict[str, Any]:
    data: dict[str, Any] = DATA["institution"]
    page = Page(
        "工作台",
        "/institution/",
        search_href="/institution/search",
        search_hint="查找成果、申请、公示、报告",
        footnote=FOOTNOTE,
    )
    return _frame(CLERK, INSTITUTION_MENU, page) | data | {"todos": _todos(data["todos"])} | ledger_context()


def _public() -> dict[str, Any]:
    page = Page(
        "职务科技成果赋权负面清单",
        "/yunnan/lists/empowerment/2",
        subtitle="列入本清单的成果不纳入赋权改革 · 现行 9 条 · "
        "依据《云南省职务科技成果赋权改革试点操作指引（试行）》第五条（云科规〔2025〕5号）",
        crumbs=[
            Crumb("云南省", "/yunnan"),
            Crumb("负面清单", "/yunnan/lists"),
            Crumb("赋权负面清单", "/yunnan/lists/empowerment"),
            Crumb("第 2 版"),
        ],
        footnote="主办：云南省科学技术厅　解释：云南省科学技术厅（第十四条）　"
        "政策有效期 2025-11-09 至 2028-11-08（另一读法 2028-11-09，存疑）",
    )
    return _frame(None, PUBLIC_MENU, page) | DATA["public"]


def _form() -> dict[str, Any]:
    page = Page(
        "赋权申请",
        "/institution/empowerment/new",
        crumbs=[Crumb("赋权申请", "/institution/empowerment"), Crumb("新申请")],
    )
    return _frame(CLERK, INSTITUTION_MENU, page, form=FORM, article=ARTICLE, unseen=UNSEEN)


def _states() -> dict[str, Any]:
    page = Page("办理情况", "/institution/states", subtitle="一种余热循环的茶叶杀青机")
    province = Province("云南省", "云南", "yunnan", "规则为征求意见稿，可能已有正式文本：以下结论只作提示")
    more = {
        "refusal": REFUSED,
        "undecided": UNDECIDED,
        "advice": ADVICE,
        "unseen": UNSEEN,
        "events": EVENTS,
        "published": date(2026, 3, 9),
        "ends": date(2026, 3, 24),
        "rolled": date(2026, 3, 30),
        "flash": Flash("已保存"),
    }
    return _frame(CLERK, INSTITUTION_MENU, page, **more) | {"province": province}


def _error(status: int, viewer: Viewer | None, province: Province | None, **more: Any) -> dict[str, Any]:
    menu = (
        {"institution": INSTITUTION_MENU, "console": CONSOLE_MENU}[viewer.audience]
        if viewer
        else PUBLIC_MENU
        if province
        else ()
    )
    return _frame(viewer, menu, Page("出错了", "/x"), status=status, **more) | {"province": province}


def pages() -> dict[str, tuple[str, dict[str, Any]]]:
    """Every sample: name → template and context."""
    errors = {
        f"error-{status}": ("error.html", _error(status, CLERK, PROVINCE, request_id="7f3a9c2e"))
        for status in (400, 401, 403, 404, 409, 413, 422, 429, 500, 503)
    }
    return {
        "console": ("preview/console.html", _console()),
        "institution": ("preview/institution.html", _institution()),
        "public": ("preview/public.html", _public()),
        "form": ("preview/form.html", _form()),
        "states": ("preview/states.html", _states()),
        "refusal": (
            "refusal.html",
            _frame(CLERK, INSTITUTION_MENU, Page("没有办理"), refusal=REFUSED, back="/institution/"),
        ),
        **errors,
        "error-public": ("error.html", _error(404, None, PROVINCE)),
        "error-console": ("error.html", _error(403, OFFICER, PROVINCE, message="试点有效期内的台账明细不对省级开放")),
        "error-bare": ("error.html", _error(503, None, None, request_id="7f3a9c2e")),
    }


def sample(name: str) -> str:
    """One sample page as HTML."""
    template, context = pages()[name]
    return ENVIRONMENT.get_template(template).render(context)
