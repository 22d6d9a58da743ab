"""The policy engine against code that knows the answer, and loading against parsing alone."""

import time
import tomllib
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from shared.policy import evaluate, load_pack
from shared.policy.answer import Answer, Finding, Verdict
from shared.policy.commands import check
from shared.policy.schema import Content
from shared.policy.sources import PACKS, Sources
from tests.bench.frame import Row, median

TODAY = date(2026, 3, 16)
FACTS: dict[str, Any] = {
    "kind": "empowerment",
    "published_at": datetime(2026, 3, 2, 2, 0, tzinfo=UTC),
    "days": 15,
    "restarts": [],
    "now": datetime(2026, 3, 16, 1, 0, tzinfo=UTC),
}


def per_second(call: Callable[[], object], seconds: float = 1.0) -> float:
    call()
    done, started = 0, time.perf_counter()
    while time.perf_counter() - started < seconds:
        for _ in range(50):
            call()
        done += 50
    return done / (time.perf_counter() - started)


def question(full: bool) -> Row:
    """Does the notice's period end: the engine over a function that has the answer built in."""
    pack = load_pack("cn-53")
    known = evaluate("notice.period", FACTS, pack, TODAY)
    citation = pack.citation("notices.empowerment.days")

    def built_in() -> Answer:
        published = FACTS["published_at"] + timedelta(hours=8)
        end = published.date() + timedelta(days=15)
        values = {**known.values, "raw_end": end, "end": end, "day": (TODAY - published.date()).days}
        findings = tuple(
            Finding(one.code, one.verdict, one.message, citation, dict(FACTS), one.would_change)
            for one in known.findings
        )
        return Answer("notice.period", Verdict.ALLOWED, findings, values, pack.id, pack.version, False, pack.mode, "")

    ours = median(lambda: per_second(lambda: evaluate("notice.period", FACTS, pack, TODAY)))
    baseline = median(lambda: per_second(built_in))
    return Row("policy: rule 1", "five facts", ours, baseline, "answers/s", ours / baseline, 0.1, "at least")


def loading(full: bool) -> Row:
    """Loading and checking all packs (with their test cases) over tomllib reading them and pydantic building the same objects."""
    regions = Sources.of_folder(PACKS).regions()

    def ours() -> float:
        started = time.process_time()
        assert check(PACKS) == []
        return time.process_time() - started

    built = [load_pack(region).content.model_dump() for region in regions]

    def baseline() -> float:
        started = time.process_time()
        for path in PACKS.rglob("*.toml"):
            tomllib.loads(path.read_text("utf-8"))
        for content in built:
            Content.model_validate(content)
        return time.process_time() - started

    mine, theirs = median(ours), median(baseline)
    return Row("policy: all packs", f"{len(regions)} regions", mine, theirs, "CPU seconds", mine / theirs, 2, "at most")
