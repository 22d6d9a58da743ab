"""Code names no province: its rules are packs, its people and data are demo and tests."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOTS = ("services", "tenants", "shared", "deploy")
# What may: the packs themselves, and the demo's people and data.
ALLOWED = ("shared/policy/packs/", "deploy/demo/")
NAMES = (
    "云南|吉林|山东|广东|汕头|北京|上海|天津|重庆|河北|山西|辽宁|黑龙江|江苏|浙江|安徽|福建|江西|河南|湖北|湖南|海南|四川|贵州|陕西|甘肃"
    "|青海|台湾|内蒙古|广西|西藏|宁夏|新疆|昆明|长春"
)
PINYIN = (
    "yunnan|jilin|shandong|guangdong|shantou|beijing|tianjin|chongqing|hebei|shanxi|liaoning|heilongjiang|jiangsu"
    "|zhejiang|anhui|fujian|jiangxi|henan|hubei|hunan|hainan|sichuan|guizhou|shaanxi|gansu|qinghai|guangxi|ningxia|xinjiang"
)
# Asia/Shanghai is the name of the time zone, so the city is looked for in Chinese only.
PROVINCE = re.compile(rf"{NAMES}|\b(?:{PINYIN})\b|\bcn-?[1-8]\d(?:\d\d)?\b", re.IGNORECASE)


def python_files() -> list[str]:
    found = [path.as_posix() for root in ROOTS for path in sorted(Path(root).rglob("*.py"))]
    return [path for path in found if not path.startswith(ALLOWED)]


def test_no_python_file_names_a_province() -> None:
    files = python_files()
    assert len(files) > 30
    named = [
        f"{path}:{number}: {line.strip()}"
        for path in files
        for number, line in enumerate(Path(path).read_text("utf-8").splitlines(), start=1)
        if PROVINCE.search(line)
    ]
    assert named == []


@pytest.mark.parametrize(
    "line", ['region = "cn-53"', "# 云南省", "def yunnan() -> None:", 'if code == "cn-4405":', "JILIN = 1"]
)
def test_the_search_would_find_one(line: str) -> None:
    assert PROVINCE.search(line)


@pytest.mark.parametrize("line", ['ZoneInfo("Asia/Shanghai")', 'load_pack("cn")', "CN201310543019.6", "cn-zh"])
def test_the_search_leaves_other_words_alone(line: str) -> None:
    assert PROVINCE.search(line) is None
