"""What an operator registers by command: the same checks as on the page, said without a traceback."""

import pytest
from click.testing import CliRunner, Result

from services.cli import cli
from shared.settings import Settings
from tests.tenants.test_calendar import SOURCE, YEAR
from tests.world import World


def run(*words: str) -> Result:
    return CliRunner().invoke(cli, list(words))


@pytest.fixture
def slug(configuration: Settings, world: World) -> str:
    return world.slug


def add(slug: str, first: str, last: str, name: str, *more: str) -> Result:
    return run("calendar", "add", "--province", slug, "--from", first, "--to", last, "--name", name, "--source", SOURCE,
               *more)  # fmt: skip


def test_a_year_is_entered_listed_marked_and_opened_again(slug: str) -> None:
    assert "还缺" in run("calendar", "year", "--province", slug, "2027", "--source", SOURCE).output
    for name, first, last in YEAR:
        assert add(slug, first, last, name).exit_code == 0
    assert run("calendar", "year", "--province", slug, "2027", "--source", SOURCE).exit_code == 0
    listed = run("calendar", "list", "--province", slug, "--year", "2027").output
    assert "2027-02-05\t放假\t春节\t全省" in listed
    assert "2027\t整年安排完毕" in listed
    refused = run("calendar", "remove", "--province", slug, "2027-06-09")
    assert (refused.exit_code, "端午节" in refused.output) == (1, True)
    assert run("calendar", "year", "--province", slug, "2027", "--reopen").exit_code == 0
    assert run("calendar", "remove", "--province", slug, "2027-06-09").exit_code == 0
    assert "2027-06-09" not in run("calendar", "list", "--province", slug).output


def test_every_wrong_field_of_a_day_is_said(slug: str) -> None:
    answer = add(slug, "2027-13-01", "2027-01-02", "节" * 41, "--area", "无此州")
    assert answer.exit_code == 1
    assert "第一日请按" in answer.output
    assert "名称不能超过 40 字" in answer.output
    assert "Traceback" not in answer.output
    assert "没有单位登记在该地区" in add(slug, "2027-01-01", "2027-01-02", "元旦", "--area", "无此州").output


def test_a_unit_is_changed_and_handed_over(slug: str, world: World) -> None:
    unit = world.institute.hex
    assert "已变更" in run("tenant", "change", "--province", slug, unit, "--short-name", "新院", "--unit-kind", "institute",
                        "--area", "示例州").output  # fmt: skip
    assert "没有变化" in run("tenant", "change", "--province", slug, unit, "--short-name", "新院").output
    assert "校验位" in run("tenant", "change", "--province", slug, unit, "--credit-code", "125300004312060200").output
    moved = run("tenant", "move", "--province", slug, unit, "--department", world.other_department.hex,
                "--since", "2026-06-01")  # fmt: skip
    assert moved.exit_code == 0, moved.output
    assert "测试省卫生健康委（2026-06-01 起）" in run("tenant", "show", "--province", slug, unit).output
    again = run("tenant", "move", "--province", slug, unit, "--department", "nobody", "--since", "junk")
    assert "没有单位“nobody”" in again.output
    assert "格式填写" in again.output


def test_a_province_is_changed(slug: str) -> None:
    assert run("province", "change", slug, "--short-name", "新简称", "--mode", "advisory").exit_code == 0
    assert run("province", "change", slug, "--name", "省" * 41).exit_code == 1
