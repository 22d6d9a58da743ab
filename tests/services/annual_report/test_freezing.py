"""Whatever happens to a ledger: opening + first entry + in − out = closing, for every type, and every figure is its rows."""

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.annual_report import queries, workflow
from services.annual_report.standing import standing
from services.ledger import workflow as ledger
from services.ledger.queries import achievement_for_update
from shared.errors import Refusal
from tests.services.annual_report.arranging import REPORT, YEAR, another_unit, deal, entered, imported
from tests.world import World

TYPES = ("patent_right", "software_copyright", "ic_layout")
DAY = st.integers(-400, 500).map(lambda days: date(YEAR, 1, 1) + timedelta(days=days))
ROW = st.tuples(st.sampled_from(["imported", "entered"]), st.sampled_from(TYPES), DAY)
CHANGE = st.tuples(
    st.integers(0, 5), st.sampled_from(["retype", "convert", "revoke", "quarantine"]), st.sampled_from(TYPES), DAY
)


@given(rows=st.lists(ROW, min_size=1, max_size=6), changes=st.lists(CHANGE, max_size=6))
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
async def test_a_year_adds_up(
    world: World, rows: list[tuple[str, str, date]], changes: list[tuple[int, str, str, date]]
) -> None:
    unit = await another_unit(world, f"性质{len(world.people)}")
    began = {}
    async with world.acting(unit) as tx:
        for place, (source, kind, day) in enumerate(rows):
            if source == "imported":
                await imported(tx, [f"成果{place}"], day, type=kind)
            else:
                began[await entered(tx, f"成果{place}", day, type=kind)] = day
    for place, verb, kind, day in changes:
        if not began:
            break
        achievement_id = list(began)[place % len(began)]
        async with world.acting(unit) as tx:
            row = await achievement_for_update(tx, achievement_id)
            assert row is not None
            if row.state != "registered":
                continue
            since = max(day, began[achievement_id])
            if verb == "retype" and since <= tx.today:
                await ledger.correct(tx, achievement_id, {"type": kind}, since=since, reason="类型")
            elif verb == "convert" and since <= tx.today:
                await ledger.record_conversion(tx, achievement_id, replace(deal(since)))
            elif verb in ("revoke", "quarantine"):
                await getattr(ledger, verb)(tx, achievement_id, "测试")
    async with world.acting(unit) as tx:
        report_id = await workflow.freeze(tx, REPORT, YEAR)
        assert not isinstance(report_id, Refusal)
        found = await standing(tx, REPORT, YEAR)
        assert found.frozen is not None
        whole = next((line for line in found.lines if line.dimension == "all"), None)
        for dimension in ("type", "stage", "status", "mode"):
            lines = [line for line in found.lines if line.dimension == dimension]
            assert all(line.balanced for line in lines), lines
            assert sum(line.closing for line in lines) == (whole.closing if whole else 0)
            assert sum(line.opening for line in lines) == (whole.opening if whole else 0)
        for line in found.lines:
            for column, count in line.figures.items():
                if queries.is_figure(line.dimension, column):
                    behind = await queries.rows_behind(
                        tx, report_id, 1, line.dimension, line.value, column, frozen=found.frozen, limit=100
                    )
                    assert len(behind) == count, (line, column)
