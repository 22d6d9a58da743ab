"""A province that no code knows: its pack written from the skeleton, checked, loaded, put in force by two people; then an
institution of it at work, with forms, steps, notice, refusals and a yearly report of that province's own.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect

from tests.journeys.browser import DESKTOP, OpenPage
from tests.journeys.demo import Demo, started
from tests.journeys.walking import Walk

WRITTEN = Path(__file__).parent / "packs" / "cn-90"
NAME = "一种丹霞红土陶釉下彩固色工艺"
ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
CLAUSE = "按双方约定，已经逐条确认"


@dataclass
class Opened:
    """An empty demo, and the commands of whoever may reach its server."""

    demo: Demo
    people: list[dict[str, Any]] = field(default_factory=list)

    def chengguo(self, *arguments: str, fails: bool = False) -> str:
        lines = (self.demo.data / "keys" / "command.env").read_text("utf-8").splitlines()
        known = dict(line.split("=", 1) for line in lines)
        command = [str(Path(sys.executable).parent / "chengguo"), *arguments]
        done = subprocess.run(command, env={**os.environ, **known}, capture_output=True, text=True, check=False)
        assert (done.returncode != 0) is fails, done.stdout + done.stderr
        return done.stderr if fails else done.stdout

    def id_of(self, *arguments: str) -> str:
        found = ID.search(self.chengguo(*arguments))
        assert found
        return found[0]

    def tenant(self, province: str, kind: str, alias: str, name: str, *more: str) -> str:
        return self.id_of(
            "tenant", "create", "--province", province, "--kind", kind, "--alias", alias, "--name", name,
            "--short-name", name, *more,
        )  # fmt: skip

    def enrol(self, province: str, alias: str, organisation: str, tenant: str, **people: tuple[str, str]) -> None:
        """Who works there, for the demo's identity provider: username → (name, role)."""
        home = {"alias": alias, "name": organisation, "tenant": tenant}
        for username, (name, role) in people.items():
            self.people.append(
                {
                    "username": username.replace("_", "-"),
                    "name": name,
                    "roles": [role],
                    "province": province,
                    "organisation": home,
                }
            )
        (self.demo.data / "keys" / "identity" / "people.json").write_text(json.dumps(self.people), "utf-8")


Arrive = Callable[[str], Awaitable[Walk]]


@pytest.fixture(scope="module")
def opened() -> Iterator[Opened]:
    with started("demo", "--empty") as demo:
        yield Opened(demo)


@pytest.fixture
def arrive(open_page: OpenPage, opened: Opened) -> Arrive:
    async def make(username: str) -> Walk:
        walk = Walk(await open_page(DESKTOP, opened.demo.address), opened.demo)
        await walk.sign_in(username)
        return walk

    return make


def write_the_pack(opened: Opened, folder: Path) -> Path:
    """As a person who knows the text does it: begin, be told of a mistake with its place, mend it."""
    opened.chengguo("policy", "new", "cn-90", "丹霞省", "--into", str(folder))
    skeleton = {path.relative_to(folder / "cn-90") for path in (folder / "cn-90").rglob("*.toml")}
    assert skeleton == {path.relative_to(WRITTEN) for path in WRITTEN.rglob("*.toml")}
    assert "检查通过" in opened.chengguo("policy", "check", str(folder / "cn-90"))
    shutil.copytree(WRITTEN, folder / "cn-90", dirs_exist_ok=True)
    rules = folder / "cn-90/main/rules.toml"
    good = rules.read_text("utf-8")
    rules.write_text(good.replace('evidence = ["panel_opinion"]', 'evidence = ["panel_paper"]'), "utf-8")
    told = opened.chengguo("policy", "check", str(folder / "cn-90"), fails=True)
    assert re.search(r"cn-90/main/rules\.toml:\d+.*panel_paper", told)
    rules.write_text(good, "utf-8")
    assert "检查通过" in opened.chengguo("policy", "check", str(folder / "cn-90"))
    return folder / "cn-90"


def open_the_province(opened: Opened) -> None:
    opened.chengguo(
        "province", "create", "--region", "cn-90", "--slug", "danxia", "--name", "丹霞省", "--short-name", "丹霞"
    )
    science = opened.tenant("danxia", "science", "dx-science", "丹霞省科学技术厅")
    rural = opened.tenant("danxia", "recipient", "dx-rural", "丹霞省乡村振兴局", "--authority", "rural_affairs")
    education = opened.tenant("danxia", "department", "dx-education", "丹霞省教育厅")
    university = opened.tenant(
        "danxia", "institution", "dx-university", "丹霞工艺大学",
        "--unit-kind", "university", "--department", "dx-education", "--prefix", "DX",
    )  # fmt: skip
    enrol = opened.enrol
    enrol(
        "丹霞省", "dx-science", "丹霞省科学技术厅", science,
        dx_officer=("云拂霞", "science_officer"), dx_science_head=("岳含章", "science_head"),
    )  # fmt: skip
    enrol("丹霞省", "dx-rural", "丹霞省乡村振兴局", rural, dx_rural=("田望禾", "finance_officer"))
    enrol("丹霞省", "dx-education", "丹霞省教育厅", education, dx_education=("程知远", "department_officer"))
    enrol(
        "丹霞省", "dx-university", "丹霞工艺大学", university,
        dx_potter=("陶望岭", "completer"), dx_clerk=("段青禾", "clerk"), dx_head=("杨守正", "department_head"),
    )  # fmt: skip


async def put_in_force(opened: Opened, arrive: Arrive, pack: Path) -> None:
    """Loaded by the operator, proposed by one person of the science department, confirmed by another."""
    version = opened.id_of("policy", "load", str(pack), "--province", "danxia")
    officer, head = await arrive("dx-officer"), await arrive("dx-science-head")
    await officer.open(f"/console/policy/versions/{version}", "third-version")
    await officer.fill(effective_on=(await officer.clock())[:10])
    await officer.press("提议启用", "third-proposal")
    proposal = officer.page.url.partition("?")[0].removeprefix(opened.demo.address)
    own = opened.chengguo("policy", "confirm", proposal[-36:], "--province", "danxia", "--by", "云拂霞", fails=True)
    assert "提议人不能确认自己的提议" in own
    await head.open(proposal)
    await head.press("确认启用", "third-confirmed")


async def disclose(potter: Walk, clerk: Walk) -> None:
    await potter.open("/institution/disclosures/new", "third-gate")
    await potter.choose(classified="no", key_technology="no")
    await potter.press("继续填写", "third-disclosure")
    # The fields of this province, and none of the others'.
    await potter.sees("工艺来源地", "先行赋权办法", "第三条")
    for absent in ("technical_field", "stage", "market_prospect", "evidence"):
        assert await potter.page.locator(f"main [name={absent}]").count() == 0
    await potter.fill(name=NAME, team="陶望岭")
    await potter.page.locator("[name=type]").select_option("craft_improvement")
    await potter.press("提交披露", "third-disclosure-refused", status=422)
    await potter.sees("缺少：工艺来源地", "第三条")
    await potter.fill(**{"more-origin": "赤岩县红土镇"})
    await potter.press("提交披露")
    await clerk.open("/institution/disclosures?tab=waiting")
    await clerk.press(NAME)
    await clerk.sees("赤岩县红土镇")
    await clerk.press("核实并登记")
    await clerk.sees("传统工艺改进成果")


async def apply(potter: Walk) -> str:
    await potter.open("/institution/empowerment/new")
    await potter.sees("先行实施权赋权", "收益权赋权")
    await potter.page.get_by_label(NAME).check()
    await potter.choose(grant_type="first_use")
    await potter.press("开始填写", "third-apply")
    assert await potter.page.locator("main [name=unit_share]").count() == 0
    case = re.sub(r"/edit.*", "", potter.page.url.removeprefix(potter.demo.address))
    await potter.fill(
        plan="三县示范点先行试用", explanation="釉下彩固色，烧成率提高两成", term_first_day="2026-04-01",
        term_last_day="2029-03-30", **{"material-cost_statement": "材料费三万元，自筹"},
    )  # fmt: skip
    await potter.choose(
        grant_mode="on_site", **{"condition-craft_source": "yes", "evidence-craft_source": "craft_consent"}
    )
    await potter.page.locator("[name^=confirmed-]").check()
    await potter.page.locator("[name=representative]").select_option(index=1)
    # One day short of three years: refused with this province's article and its words.
    await potter.press("提交申请", "third-apply-refused", status=422)
    await potter.sees("未办理", "第四条", "不少于三年的先行实施权")
    await potter.fill(term_last_day="2029-03-31")
    await potter.press("提交申请", "third-applied")
    await potter.sees("待同行评议", "同行评议", "公布公示结果", "第六条")
    await expect(potter.page.locator("main")).not_to_contain_text("负面清单")
    return case


async def review(clerk: Walk, case: str) -> None:
    await clerk.open(f"{case}/step", "third-panel")
    await clerk.press("登记办理结果", "third-panel-refused", status=422)
    await clerk.sees("缺少材料：同行评议意见", "第六条")
    await clerk.fill(**{"paper-panel_opinion": "评议字〔2026〕1号"}, note="三名同行一致同意")
    await clerk.press("登记办理结果")
    await clerk.open(f"{case}/notice", "third-announce")
    await clerk.fill(
        days="6", **{"content-panel_conclusion": "同意先行实施", "content-venue_unit_website": "https://dx.example/1"}
    )
    await clerk.press("发布公示", "third-announce-refused", status=422)
    await clerk.sees("还应在村务公开栏公示", "第七条")
    await clerk.fill(**{"content-venue_village_board": "照片12号"})
    await clerk.press("发布公示", status=422)
    await clerk.sees("不少于7个工作日", "公示期不少于七个工作日")
    await clerk.fill(days="7")
    await clerk.press("发布公示")
    await clerk.sees("2026-03-25")


async def sign(clerk: Walk, head: Walk, case: str) -> None:
    await head.open(f"{case}/step")
    await head.press("登记办理结果", status=422)
    await head.sees("公示期未满", "第八条")
    await head.open(f"{case}/agreement")
    await head.sees("该申请现在不能签署协议")
    await head.open("/institution/")
    await head.move_clock("2026-03-26T09:00")
    await head.open(f"{case}/step")
    await head.fill(done_on="2026-03-26")
    await head.press("登记办理结果", "third-result")
    await head.open(f"{case}/agreement", "third-agreement")
    for clause in await head.page.locator("[name^=clause-]").all():
        await clause.fill(CLAUSE)
    assert await head.page.locator("[name^=clause-]").count() == 3
    await head.press("登记已签署的协议")
    await clerk.open(f"{case}/formality", "third-formality")
    await clerk.fill(**{"evidence-first_use_filing": "回执7号", "done_on-first_use_filing": "2026-03-26"})
    await clerk.press("登记办理结果")
    await clerk.sees("手续办结")


async def report(clerk: Walk, head: Walk) -> None:
    """To this province's recipients, until its day, with its contents."""
    here = "/institution/reports/2025/harvest_report"
    await clerk.open("/institution/reports", "third-reports")
    await clerk.sees("成果收成报告", "省乡村振兴局")
    await clerk.open(here)
    await clerk.sees("2026-02-28", "第十二条")
    await clerk.press("冻结 2025 年末数据")
    await clerk.open(f"{here}/narrative", "third-narrative")
    await clerk.fill(**{"part:households": "带动农户 126 户"})
    await clerk.press("保存")
    await head.open(f"{here}/submit", "third-submit")
    await head.press("确认报送", "third-submitted")
    await head.sees("已报送")


@pytest.mark.requirement("R033")
async def test_a_third_province_works_under_its_own_pack(opened: Opened, arrive: Arrive, tmp_path: Path) -> None:
    open_the_province(opened)
    await put_in_force(opened, arrive, write_the_pack(opened, tmp_path))
    potter, clerk, head = await arrive("dx-potter"), await arrive("dx-clerk"), await arrive("dx-head")
    await disclose(potter, clerk)
    case = await apply(potter)
    await review(clerk, case)
    await sign(clerk, head, case)
    await report(clerk, head)
    for who in ("dx-rural", "dx-education"):
        authority = await arrive(who)
        await authority.open("/console/reports", f"third-received-{who}")
        await authority.sees("丹霞工艺大学")


def open_shandong(opened: Opened) -> None:
    """A province whose pack comes with the platform: a regulation, no pilot, no negative list."""
    opened.chengguo(
        "province", "create", "--region", "cn-37", "--slug", "shandong", "--name", "山东省", "--short-name", "山东"
    )
    science = opened.tenant("shandong", "science", "sd-science", "山东省科学技术厅（演示）")
    opened.tenant("shandong", "finance", "sd-finance", "山东省财政厅（演示）")
    people = opened.tenant(
        "shandong", "recipient", "sd-people", "山东省人社厅（演示）", "--authority", "human_resources"
    )
    education = opened.tenant("shandong", "department", "sd-education", "山东省教育厅（演示）")
    university = opened.tenant(
        "shandong", "institution", "sd-university", "岱岳示范大学",
        "--unit-kind", "university", "--department", "sd-education", "--prefix", "DY",
    )  # fmt: skip
    enrol = opened.enrol
    enrol(
        "山东省", "sd-science", "山东省科学技术厅（演示）", science,
        sd_officer=("岳青岱", "science_officer"), sd_science_head=("孔沂蒙", "science_head"),
    )  # fmt: skip
    enrol("山东省", "sd-people", "山东省人社厅（演示）", people, sd_people=("齐安民", "finance_officer"))
    enrol("山东省", "sd-education", "山东省教育厅（演示）", education, sd_education=("鲁树人", "department_officer"))
    enrol(
        "山东省", "sd-university", "岱岳示范大学", university,
        sd_researcher=("颜子路", "completer"), sd_clerk=("曾求实", "clerk"), sd_head=("孟博文", "department_head"),
    )  # fmt: skip


async def test_shandong_has_two_stages_a_third_recipient_and_no_pilot(opened: Opened, arrive: Arrive) -> None:
    open_shandong(opened)
    version = opened.id_of("policy", "load", "cn-37", "--province", "shandong")
    officer, confirmer = await arrive("sd-officer"), await arrive("sd-science-head")
    await officer.open(f"/console/policy/versions/{version}")
    await officer.fill(effective_on=(await officer.clock())[:10])
    await officer.press("提议启用")
    await confirmer.open(officer.page.url.partition("?")[0].removeprefix(opened.demo.address))
    await confirmer.press("确认启用")

    researcher, clerk, head = await arrive("sd-researcher"), await arrive("sd-clerk"), await arrive("sd-head")
    await researcher.open("/institution/empowerment/new", "shandong-no-pilot")
    await researcher.sees("现在不能申请赋权")
    await researcher.open("/institution/disclosures/new")
    await researcher.choose(classified="no", key_technology="no")
    await researcher.press("继续填写", "shandong-disclosure")
    assert await researcher.page.locator("main [name=stage]").count() == 0
    await researcher.fill(name="一种盐碱地耐盐牧草选育方法", team="颜子路")
    await researcher.page.locator("[name=type]").select_option(index=1)
    await researcher.press("提交披露")

    here = "/institution/reports/2025/annual_report"
    await clerk.open(here, "shandong-report")
    await clerk.sees("主管部门", "2026-03-31", "第十五条", "原文待核")
    await clerk.press("冻结 2025 年末数据")
    await head.open(f"{here}/submit")
    await head.press("确认报送")
    department = await arrive("sd-education")
    await department.open("/console/reports")
    await department.page.locator("tr", has_text="岱岳示范大学").locator("a[href^='/console/reports/']").first.click()
    await department.press("接收")
    await department.open("/console/reports/aggregate/2025/annual_report", "shandong-accepted")
    # The second stage has a day and recipients of its own.
    await department.sees("2026-04-30")
    await department.press("汇总这 1 家")
    await department.press("报省科技厅、省财政厅、人力资源社会保障部门", "shandong-passed-on")
    await department.sees("已上报")
    received = await arrive("sd-people")
    await received.open("/console/reports", "shandong-third-recipient")
    await received.sees("山东省教育厅")
