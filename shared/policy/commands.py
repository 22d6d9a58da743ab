"""What the command line and the console do with packs: check, show, explain, compare, dry run, begin a new one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from shared.policy.answer import Answer, Citation, Verdict, as_json
from shared.policy.cases import merged
from shared.policy.evaluator import evaluate, failing_cases
from shared.policy.loader import PACKS, overlaps, resolve_pack
from shared.policy.pack import Pack
from shared.policy.schema import PackHeader
from shared.policy.sources import PackError, Problem, Sources


@dataclass(frozen=True, slots=True)
class Row:
    """One value of a pack as people read it: path, value, and where it is written."""

    path: str
    value: str
    citations: tuple[Citation, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """One value that two packs give differently; None where one of them does not give it."""

    path: str
    before: Row | None
    after: Row | None


@dataclass(frozen=True, slots=True)
class Recorded:
    """A decision as it was recorded: question, facts, day, and how it came out."""

    id: str
    question: str
    facts: Mapping[str, Any]
    today: date
    verdict: str
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """A recorded decision that another pack would decide differently."""

    recorded: Recorded
    verdict: str
    codes: tuple[str, ...]


def sources_of(path: Path, base: Path = PACKS) -> tuple[Sources, list[str]]:
    """The packs at a path and the regions meant: a folder of packs, or one region's folder (its parents from `base`)."""
    if (path / "pack.toml").is_file():
        texts = dict(Sources.of_folder(base).texts)
        texts = {name: text for name, text in texts.items() if not name.startswith(f"{path.name}/")}
        own = Sources.of_folder(path).texts
        texts.update({f"{path.name}/{name}": text for name, text in own.items()})
        return Sources(texts), [path.name]
    sources = Sources.of_folder(path)
    return sources, sources.regions()


def check(path: Path, base: Path = PACKS) -> list[Problem]:
    """Everything that is wrong with the packs at a path: schema, citations, codes, versions, their own test cases."""
    sources, regions = sources_of(path, base)
    if not regions:
        return [Problem(str(path), 0, "", "there is no pack.toml here")]
    found: set[Problem] = set()
    for region in regions:
        try:
            found.update(failing_cases(resolve_pack(region, sources)))
        except PackError as error:
            found.update(error.problems)
    return sorted(found)


def check_versions(headers: Iterable[PackHeader]) -> list[str]:
    """Versions of one region that are effective on the same day."""
    return overlaps(headers)


def show(pack: Pack, under: str = "") -> list[Row]:
    """Every value of a pack, or those under a path, with their citations."""
    rows = []
    for path in pack.paths():
        value = pack.value(path)
        inside = not under or path == under or path.startswith(f"{under}.")
        if inside and not isinstance(value.value, Mapping):
            rows.append(Row(path, _text(value.value), value.citations))
    return rows


def search(pack: Pack, words: str) -> list[Row]:
    """The values whose path, text, article or quote holds every one of the words."""
    wanted = words.casefold().split()
    found = []
    for row in show(pack):
        cited = " ".join(f"{one.document}{one.article}{one.quote}" for one in row.citations)
        text = f"{row.path} {row.value} {cited}".casefold()
        if all(word in text for word in wanted):
            found.append(row)
    return found


def diff(before: Pack, after: Pack) -> list[Difference]:
    """What two packs give differently, value by value, in the order of the second one."""
    old = {row.path: row for row in show(before)}
    new = {row.path: row for row in show(after)}
    changed = [
        Difference(path, old.get(path), row)
        for path, row in new.items()
        if path not in old or old[path].value != row.value or _quotes(old[path]) != _quotes(row)
    ]
    return changed + [Difference(path, row, None) for path, row in old.items() if path not in new]


def explain(question: str, facts: Mapping[str, Any], pack: Pack, today: date) -> list[str]:
    """An answer as lines of text: verdict, each reason with article, quote, inputs, and what would change it."""
    answer = evaluate(question, facts, pack, today)
    lines = [f"{answer.verdict.label}（{question}，{pack.title} {pack.version}，{today}）"]
    if answer.banner:
        lines.append(answer.banner)
    for number, finding in enumerate(answer.findings, start=1):
        cited = finding.citation
        lines.append(f"{number}. {finding.verdict.label}：{finding.message}（{finding.code}）")
        lines.append(f"   依据：{cited.place}{quoted(cited)}")
        if finding.inputs:
            lines.append(f"   所用事实：{json.dumps(as_json(finding.inputs), ensure_ascii=False)}")
        if finding.would_change:
            lines.append(f"   如何改变：{finding.would_change}")
    values = {key: value for key, value in answer.values.items() if key != "readings"}
    if values:
        lines.append(f"结果值：{json.dumps(as_json(values), ensure_ascii=False)}")
    for reading in answer.values.get("readings", []):
        lines.append(
            f"口径：{reading['question']} 采用：{reading['used']}；另一读法：{reading['other']}（{reading['effect']}）"
        )
    return lines


def what_if(question: str, facts: Mapping[str, Any], changes: Mapping[str, Any], pack: Pack, today: date) -> Answer:
    """The answer if some facts were different."""
    return evaluate(question, merged(facts, changes), pack, today)


def dry_run(pack: Pack, recorded: Iterable[Recorded]) -> list[Outcome]:
    """Which recorded decisions this pack would decide differently: another verdict, or other findings."""
    found = []
    for one in recorded:
        try:
            answer = evaluate(one.question, one.facts, pack, one.today)
            verdict, codes = answer.verdict.value, tuple(finding.code for finding in answer.findings)
        except (KeyError, ValueError) as error:
            verdict, codes = "not_answered", (str(error),)
        if (verdict, sorted(codes)) != (one.verdict, sorted(one.codes)):
            found.append(Outcome(one, verdict, codes))
    return found


def told(verdict: str, codes: Sequence[str]) -> str:
    """How a decision came out, in words: the verdict and its findings."""
    words = Verdict(verdict).label if verdict in set(Verdict) else "不能回答"
    return f"{words}（{'、'.join(codes)}）" if codes else words


def quoted(citation: Citation) -> str:
    """The quote in Chinese marks, or why there is none."""
    if citation.quote:
        return f"“{citation.quote}”"
    return (
        "（原文待核）" if not citation.text_seen else "（条文未写明，按口径）" if citation.basis == "decision" else ""
    )


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, list | tuple):
        return "、".join(_text(one) for one in value)
    return str(as_json(value))


def _quotes(row: Row) -> list[tuple[str, str, str]]:
    return [(one.document, one.article, one.quote) for one in row.citations]
