"""What is wrong is told all at once, with its place, in Chinese; and nothing that follows from it."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from shared.policy import PackError
from shared.policy.cli import policy
from shared.policy.facts import FactError
from shared.policy.loader import PACKS, resolve_pack
from shared.policy.skeleton import new_skeleton
from shared.policy.sources import Problem, Sources
from shared.policy.telling import told, told_fact

RULES = """\
[guidelines.empowerment]
label = "试点"
first_day = 2026-02-30
unit_kinds = ["moon"]
cite = { article = "第一条" }
[notices.empowerment]
label = "公示"
days = "15"
comparator = ">="
[duties.x]
label = "要求"
actor = "nobody"
text = "做好"
dais = 3
cite = { article = "第二条", text_seen = true }
"""


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    for name, text in new_skeleton("cn-35", "试验省").items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    (tmp_path / "cn-35/main/rules.toml").write_text(RULES, "utf-8")
    return tmp_path / "cn-35"


def run(*words: str) -> Result:
    return CliRunner().invoke(policy, list(words))


def test_everything_is_told_at_once_with_its_line(bad: Path) -> None:
    said = run("check", str(bad)).output
    for line, words in (
        (3, "没有这个日期或时间"),
        (4, "代号 moon 没有定义"),
        (7, "没有出处"),
        (8, "应写整数"),
        (12, "代号 nobody 没有定义"),
        (14, "没有这个名称"),
        (15, "须逐字抄录"),
    ):
        assert re.search(rf"rules\.toml:{line}: .*{words}", said), (line, words, said)
    assert "必须填写" not in said
    assert run("show", str(bad)).exit_code == 1


def test_a_region_that_is_not_there_is_one_sentence() -> None:
    assert run("show", "cn-99").output == "Error: 没有政策包 cn-99\n"


def test_a_file_that_cannot_be_read_is_told_once() -> None:
    texts = dict(Sources.of_folder(PACKS).texts)
    texts["cn-53/ledger/document.toml"] = "[oops\n"
    with pytest.raises(PackError) as caught:
        resolve_pack("cn-53", Sources(texts))
    assert [problem.file for problem in caught.value.problems] == ["cn-53/ledger/document.toml"]


@pytest.mark.parametrize(
    "message",
    [
        "inheritance goes in a circle: cn-1 → cn-2 → cn-1",
        "is cn-1, but the folder is cn-2",
        "verdict is refused, expected allowed (notice.too_short)",
        "value end is '2026-03-23', expected '2026-03-17'",
        "cites '第八条(二)', expected '第八条(三)'",
        "drops secrecy of the pack above",
        "is looser than 15 in the pack above",
        "Input should be 'must', 'may' or 'encouraged'",
        "these steps wait for each other: a, b",
    ],
)
def test_messages_are_in_chinese(message: str) -> None:
    words = told(Problem("a.toml", 3, "x", message))
    assert words.startswith("a.toml:3: x: ")
    assert message not in words
    assert re.search("[一-鿿]", words.removeprefix("a.toml:3: x: "))


def test_a_wrong_fact_is_named() -> None:
    assert told_fact(FactError("notice.days", "missing")) == "notice.days：没有给出"
    said = run("explain", "notice.period", "--region", "cn-53", "--facts", '{"published_on": "gestern"}').output
    assert "published_on：应是日期" in said
    assert "事实不是 JSON" in run("explain", "notice.period", "--region", "cn-53", "--facts", "{").output
    assert "公示期" in run("explain", "what", "--region", "cn-53").output
