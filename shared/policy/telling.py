"""What is wrong with a pack or with given facts, in the words of the people who write rules."""

from __future__ import annotations

import re

from shared.policy.facts import FactError
from shared.policy.sources import PackError, Problem

_WORDS: tuple[tuple[str, str], ...] = (
    (r"the file is missing", "没有这个文件"),
    (r"there is no pack\.toml here", "这里没有 pack.toml，不是政策包文件夹"),
    (r"there is no pack (\S+)", r"没有政策包 \1"),
    (r"has no citation \(cite or cites\)", "没有出处（请写 cite 或 cites）"),
    (r"not TOML: Invalid date or datetime", "没有这个日期或时间"),
    (r"not TOML: Cannot overwrite a value", "同一个值写了两次"),
    (r"not TOML: Cannot declare (.*) twice", r"表 \1 写了两次"),
    (r"not TOML: (.*)", r"写法有误，读不懂这一行（\1）"),
    (r"the schema has no such key", "没有这个名称，请对照写法核对拼写"),
    (r"is missing", "必须填写"),
    (r"(.+) is not a code of enumerations\.(\S+)", r"代号 \1 没有定义（enumerations.\2 中没有）"),
    (r"(.+) is not a code of (\S+)", r"代号 \1 没有定义（\2 中没有）"),
    (r"(.+) is not one of the readings", r"口径 \1 没有定义（readings 中没有）"),
    (r"inheritance goes in a circle: (.*)", r"继承关系成环：\1"),
    (r"is (\S+), but the folder is (\S+)", r"代号是 \1，文件夹却是 \2"),
    (r"is before (\S+)", r"早于 \1"),
    (r"is a single value in the pack above and a table here", "上级政策包里是一个值，这里却写成了表"),
    (r"is removed here, but no pack above has it", "这里要删去，但上级政策包没有"),
    (r"is set differently in (.*)", r"与 \1 中的写法不同，请只保留一处"),
    (r"a citation has no (\S+)", r"出处里不能写 \1"),
    (r"a citation is an article, or a table with article and quote", "出处应写条款，或者写有 article 和 quote 的表"),
    (r"a citation needs an article, or the reading that decided it", "出处须写条款 article，或者口径 decision"),
    (r"a quote from a text that was not seen: leave the quote empty", "没有见到原文的，quote 应留空"),
    (r"a text that was seen needs its verbatim quote", "见到原文的，须逐字抄录 quote"),
    (r"cites is a table: the key of a value = its citation", "cites 应是一个表：值的名称 = 它的出处"),
    (r"cites names (\S+), which is not set here", r"cites 提到 \1，但这里没有写这个值"),
    (r"there is no situation (\S+)", r"没有名为 \1 的情形（situation）"),
    (r"there is no question '?([^']+)'?", r"没有这个问题：\1"),
    (r"days and comparator belong together", "天数 days 和要求 comparator 须一并填写"),
    (r"needs a day, or month_end = true", "须写 day，或者写 month_end = true"),
    (r"has more than one step that does (\S+)", r"有多个步骤都办理 \1"),
    (r"these steps wait for each other: (.*)", r"这些步骤互相等待：\1"),
    (r"has no step that does screen, though there is a section screening", "写了 screening 一节，却没有排查步骤（screen）"),
    (r"has no step that does (\S+)", r"没有办理 \1 的步骤"),
    (r"no step of (\S+) does announce", r"\1 中没有公示步骤（announce）"),
    (r"verdict is (\S+), expected (\S+) \((.*)\)", r"答复是 \1，测试写的是 \2（\3）"),
    (r"finding (\S+) is missing", r"答复里没有 \1"),
    (r"finding (\S+) is not expected", r"答复里不应有 \1"),
    (r"value (\S+) is (.*), expected (.*)", r"结果值 \1 是 \2，测试写的是 \3"),
    (r"cites (.*), expected (.*)", r"答复引用 \1，测试写的是 \2"),
    (r"the cited quote does not hold (.*)", r"引文里没有 \1"),
    (r"facts: (.*)", r"测试的事实有误：\1"),
    (r"drops a demand of the pack above", "放弃了上级的要求；单位制度只能更严"),
    (r"drops (.*) of the pack above", r"去掉了上级的 \1；单位制度只能更严"),
    (r"is looser than (.*) in the pack above", r"比上级的 \1 更宽；单位制度只能更严"),
    (r"a unit may not set this", "单位制度不能规定这一项"),
    (r"a unit may not change this", "单位制度不能更改这一项"),
    (r"a unit may not weaken what the text above demands", "单位制度不能减弱上级的“应当”"),
    (r"a unit may not remove (.*) of the pack above", r"单位制度不能去掉上级的 \1"),
    (r"Input should be a valid (?:string|str)", "应写成文字（加引号）"),
    (r"Input should be a valid integer", "应写整数（不加引号）"),
    (r"Input should be a valid boolean", "应写 true 或 false"),
    (r"Input should be a valid date.*", "应写日期，如 2026-01-01（不加引号）"),
    (r"Input should be a valid (?:tuple|list)", "应写成列表，如 [\"甲\", \"乙\"]"),
    (r"Input should be a valid (?:dictionary|mapping).*", "应写成表"),
    (r"Input should be (?:greater than or equal to|less than or equal to) (.*)", r"超出范围（\1）"),
    (r"Input should be (.*)", r"只能写 \1 之一"),
    (r"String should match pattern .*", "写法不对：比例写成文字，如 \"0.7\" 或 \"1/3\"；代号只用小写字母、数字和连字符"),
)  # fmt: skip
_TABLE = tuple((re.compile(f"^{pattern}$", re.DOTALL), words) for pattern, words in _WORDS)
_FACTS = {
    "missing": "没有给出",
    "not text": "应是文字",
    "not yes or no": "应是 true 或 false",
    "not a whole number": "应是整数",
    "money is a Decimal, an int or text": "金额应写成整数或文字，不能是小数",
    "not an amount": "不是金额",
    "not a date": "应是日期，如 \"2026-03-17\"",
    "not an instant": "应是带时区的时刻，如 \"2026-03-17T16:00:00+08:00\"",
    "not an aware instant": "应是带时区的时刻，如 \"2026-03-17T16:00:00+08:00\"",
    "not a time of day": "应是时刻，如 \"17:00\"",
    "not an object": "应是一个对象 { … }",
}  # fmt: skip


def told(problem: Problem) -> str:
    """One problem with its place, in Chinese; a message that is not known here stays as it is."""
    message = problem.message
    for pattern, words in _TABLE:
        found = pattern.match(message)
        if found:
            message = found.expand(words)
            break
    where = f"{problem.file}:{problem.line}" if problem.line else problem.file
    return f"{where}: {problem.path}: {message}" if problem.path else f"{where}: {message}"


def told_all(error: PackError) -> str:
    """Every problem of a pack, one a line, and how many there are."""
    missing = [
        one.file for one in error.problems if one.file.endswith("/pack.toml") and one.message == "the file is missing"
    ]
    if missing and all(one.file == missing[0] for one in error.problems):
        return f"没有政策包 {missing[0].removesuffix('/pack.toml')}"
    return "\n".join([*(told(one) for one in error.problems), f"共 {len(error.problems)} 处问题"])


def told_fact(error: FactError) -> str:
    """What is wrong with a fact, by its name."""
    name, _, message = str(error).partition(": ")
    return f"{name}：{_FACTS.get(message, message)}"
