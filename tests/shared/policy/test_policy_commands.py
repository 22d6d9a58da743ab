"""What the command line does with packs."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from shared.policy import Pack, load_pack
from shared.policy.cli import policy
from shared.policy.commands import Recorded, check, diff, dry_run, search, show, what_if
from shared.policy.guide import keys_of, sections
from shared.policy.loader import PACKS

FACTS = {
    "grant_type": "ownership",
    "now": "2026-03-17T16:00:00+08:00",
    "notice": {"published_at": "2026-03-02T10:00:00+08:00"},
}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(PACKS, tmp_path / "packs"))


def test_a_new_pack_loads_as_it_is_and_tells_how_to_go_on(tmp_path: Path) -> None:
    result = CliRunner().invoke(policy, ["new", "cn-35", "试验省", "--into", str(tmp_path)])
    assert result.exit_code == 0
    assert check(tmp_path / "cn-35") == []
    assert "cite = {" in (tmp_path / "cn-35/main/rules.toml").read_text("utf-8")
    again = CliRunner().invoke(policy, ["new", "cn-35", "试验省", "--into", str(tmp_path)])
    assert again.exit_code == 1
    assert "已经存在" in again.output


def test_check_names_the_case_that_does_not_come_out(copy: Path) -> None:
    rules = copy / "cn-37/regulation/rules.toml"
    rules.write_text(rules.read_text("utf-8").replace("days = 15", "days = 14", 1), "utf-8")
    found = [str(problem) for problem in check(copy)]
    assert len(found) == 3
    assert all("cn-37/regulation/cases.toml:" in one for one in found)
    result = CliRunner().invoke(policy, ["check", str(copy)])
    assert result.exit_code == 1
    assert "共 3 处问题" in result.output


def test_check_of_one_region_finds_its_parents(copy: Path) -> None:
    assert check(copy / "cn-4405") == []
    assert [problem.message for problem in check(copy / "cn")] == []
    assert check(copy / "cn/civil_code")[0].message == "there is no pack.toml here"


def test_show_and_search_give_value_and_article(yunnan: Pack) -> None:
    rows = {row.path: row for row in show(yunnan, "notices.empowerment")}
    assert rows["notices.empowerment.days"].value == "15"
    assert all(path.startswith("notices.empowerment") for path in rows)
    assert "notices.empowerment.days" in [row.path for row in search(yunnan, "公示期为15天")]
    assert search(yunnan, "没有这样的话") == []
    result = CliRunner().invoke(policy, ["show", "cn-37", "--under", "rewards.equity"])
    assert "《山东省促进科技成果转化条例》第三十四条（原文待核）" in result.output


def test_diff_goes_value_by_value(copy: Path) -> None:
    rules = copy / "cn-37/regulation/rules.toml"
    rules.write_text(rules.read_text("utf-8").replace("days = 15", "days = 20", 1), "utf-8")
    changed = diff(load_pack("cn-37"), load_pack("cn-37", copy))
    assert [(one.path, one.before and one.before.value, one.after and one.after.value) for one in changed] == [
        ("notices.pricing.days", "15", "20")
    ]
    result = CliRunner().invoke(policy, ["diff", "cn-37", str(copy / "cn-37")])
    assert "- 15" in result.output
    assert "+ 20" in result.output


def test_explain_gives_article_quote_and_what_would_change_it() -> None:
    args = ["explain", "agreement.may_sign", "--region", "cn-53", "--today", "2026-03-17", "--facts", json.dumps(FACTS)]
    result = CliRunner().invoke(policy, args)
    assert result.exit_code == 0
    for part in ("不予办理", "第八条(三)", "公示期满且无异议后", "如何改变：2026-03-18起"):
        assert part in result.output
    unknown = CliRunner().invoke(policy, ["explain", "no.such", "--region", "cn-53", "--today", "2026-03-17"])
    assert unknown.exit_code == 1
    assert "没有这个问题" in unknown.output
    missing = CliRunner().invoke(
        policy, ["explain", "agreement.may_sign", "--region", "cn-53", "--today", "2026-03-17"]
    )
    assert "事实有误" in missing.output


def test_a_dry_run_lists_only_what_would_come_out_differently(yunnan: Pack, jilin: Pack, tmp_path: Path) -> None:
    day = date(2026, 3, 2)
    long_notice = {"published_at": "2026-03-02T09:00:00+08:00", "days": 20}
    recorded = [
        Recorded("1", "notice.period", long_notice, day, "advised", ("notice.longer",)),
        Recorded("2", "notice.period", {**long_notice, "days": 15}, day, "allowed", ()),
    ]
    assert dry_run(yunnan, recorded) == []
    assert [(one.recorded.id, one.verdict) for one in dry_run(jilin, recorded)] == [("1", "allowed")]
    lines = tmp_path / "decisions.jsonl"
    line = {"id": 1, "question": "notice.period", "facts": long_notice, "today": "2026-03-02"}
    lines.write_text(json.dumps({**line, "verdict": "advised", "codes": ["notice.longer"]}) + "\n", "utf-8")
    result = CliRunner().invoke(policy, ["dry-run", "cn-22", "--decisions", str(lines)])
    assert "1 notice.period: 可以办理，请注意（notice.longer） → 可以办理" in result.output
    assert "1 项决定，1 项结果不同" in result.output


def test_what_if_some_facts_were_different(yunnan: Pack) -> None:
    later = what_if("agreement.may_sign", FACTS, {"now": "2026-03-18T00:00:00+08:00"}, yunnan, date(2026, 3, 18))
    assert later.allowed


def test_what_may_be_written_in_a_table_is_listed_from_the_schema() -> None:
    run = CliRunner()
    assert "notices    公示" in run.invoke(policy, ["keys"]).output
    listed = run.invoke(policy, ["keys", "notices"]).output
    assert "<代号>.days    天数    整数" in listed
    assert '<代号>.unit    时间单位    "day" 自然日 | "working_day" 工作日' in listed
    assert "<代号>.venues    公示地点    列表 [ 代号，见 enumerations.venue, … ]" in listed
    assert (
        "<代号>.stages.<代号>.sender    报送人    代号，见 enumerations.actor，必填"
        in run.invoke(policy, ["keys", "reports"]).output
    )
    assert "chengguo policy keys" in run.invoke(policy, ["keys", "nix"]).output


def test_every_table_can_be_listed() -> None:
    for section, _ in sections():
        assert keys_of(section), section
