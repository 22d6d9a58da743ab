"""What a few typed letters or characters find in the ledger, today and as of a past day."""

from collections.abc import Iterator
from datetime import date, timedelta
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy import func, select, text, update

from deploy.embedded.postgres import EmbeddedPostgres
from services.ledger import workflow
from services.ledger.entry import Completer, Right
from services.ledger.initials import asked_initials, initial_words, initials_of
from services.ledger.listing import Filters, ledger_page
from services.ledger.stages.workflow import add_proof, withdraw_proof
from shared.clock import real_now
from shared.db.migrating import migrate
from shared.db.transaction import Transaction
from shared.errors import Refusal
from tenants.people import person
from tests.services.ledger.stages.test_stage_workflow import REPORT, SAID, Kept
from tests.services.ledger.test_workflow import DAY, registered
from tests.services.notices.arranging import at
from tests.world import World

NAME = "searching_upgrade"


@pytest.mark.parametrize(
    ("name", "initials"),
    [
        ("蓝藻絮凝装置", "lzxnzz"),
        ("一种基于CNN的图像识别方法", "yzjycnndtxsbff yzjycnndtxzbff"),
        ("重组蛋白", "czdb zzdb"),
        ("Ａ、Ｂ（２号）", "ab2h"),
        ("——", ""),
    ],
)
def test_initials_follow_how_a_name_is_read(name: str, initials: str) -> None:
    assert initials_of(name) == initials


def test_a_name_with_many_readings_keeps_few() -> None:
    assert len(initials_of("重行长调传参弹降率单" * 20).split()) <= 8
    assert max(map(len, initial_words("重行长调传参弹降率单" * 20))) <= 4


@pytest.mark.parametrize("typed", ["l", "12", "蓝藻", "lz絮", "", "l-z"])
def test_what_is_no_initials_asks_for_none(typed: str) -> None:
    assert asked_initials(typed) == []


async def found(tx: Transaction, words: str, as_of: date | None = None) -> list[UUID]:
    return [row["id"] for row in (await ledger_page(tx, Filters(q=words, as_of=as_of), "number")).rows]


async def test_initials_given_names_and_words_find_an_achievement(world: World) -> None:
    async with world.acting(world.university) as tx:
        algae = await registered(tx)
        protein = await registered(tx, "重组蛋白的银行级CNN检测", team=(Completer(name="康浩然"),))
    async with world.acting(world.university) as tx:
        for typed, expected in {
            "lz": [algae], "LZYW": [algae], "gyhp": [algae], "czdb": [protein], "zzdb": [protein], "cnnjc": [protein],
            "cnn": [protein], "yhj": [protein], "浩然": [protein], "思远": [algae], "康浩": [protein], "然": [],
            "yzlz": [], "zzcz": [], "lzx": [],
        }.items():  # fmt: skip
            assert await found(tx, typed) == expected, typed


async def test_a_new_name_is_found_by_its_initials_and_the_old_one_is_not(world: World) -> None:
    async with world.acting(world.university) as tx:
        row_id = await registered(tx)
    async with world.acting(world.university) as tx:
        await workflow.correct(tx, row_id, {"name": "竹基活性炭电极"}, since=DAY, reason="名称有误")
    async with world.acting(world.university) as tx:
        assert await found(tx, "zjhxt") == [row_id]
        assert await found(tx, "lzyw") == []
        await workflow.revoke(tx, row_id, "登记有误")
    async with world.acting(world.university) as tx:
        assert await found(tx, "zjhxt") == []


async def test_a_past_day_is_searched_by_what_the_ledger_said_then(world: World) -> None:
    async with world.acting(world.university) as tx:
        rights = (Right("201810862228.X", "patent_right"),)
        row_id = await registered(tx, rights=rights)
        await registered(tx, "别的成果", team=(Completer(name="康浩然"),))
    later = DAY + timedelta(days=4)
    async with world.acting(world.university) as tx:
        one = uuid4()
        done = await workflow.correct(
            tx, row_id, {"name": "竹基活性炭电极"}, since=later, reason="改进", rights=[], team=[Completer(one)],
            new_people={one: "张大明"},
        )  # fmt: skip
        assert not isinstance(done, Refusal), done
    async with world.acting(world.university) as tx:
        for words in ("蓝藻", "杨思", "思远", "ZL20181086", "CS-0001"):
            assert await found(tx, words, DAY + timedelta(days=1)) == [row_id], words
        assert await found(tx, "活性", DAY + timedelta(days=1)) == []
        assert await found(tx, "思远", later) == []
        assert await found(tx, "大明", later) == [row_id]
        assert await found(tx, "活性", later) == [row_id]


@pytest.mark.requirement("R202")
async def test_an_achievement_is_found_by_its_papers_names_and_numbers(world: World) -> None:
    async with world.acting(world.university, at=at("2026-03-02")) as tx:
        row_id = await registered(tx)
    before = real_now()
    async with world.acting(world.university, at=at("2026-03-10")) as tx:
        paper_id = await add_proof(tx, Kept(), row_id, REPORT, SAID)
        assert isinstance(paper_id, UUID)
    async with world.acting(world.university) as tx:
        for typed in ("评估报告", "报告.PDF", "评字〔2026〕3号"):
            assert await found(tx, typed) == [row_id], typed
        assert await found(tx, "没有的报告") == []
        assert await found(tx, "评估报告", date(2026, 3, 9)) == [], "it came on the 10th"
        unknown = Filters(q="评估报告", known_at=before)
        assert (await ledger_page(tx, unknown, "number")).rows == [], "nobody knew of it"
        masked = Filters(q="评估报告", masked=True)
        assert (await ledger_page(tx, masked, "number")).rows == [], "a file may be called by a person's name"
        assert [
            row["id"] for row in (await ledger_page(tx, Filters(q="评估报告", known_at=real_now()), "number")).rows
        ] == [row_id]
    async with world.acting(world.institute) as tx:
        assert await found(tx, "评估报告") == []
    async with world.acting(world.university, at=at("2026-03-12")) as tx:
        await withdraw_proof(tx, row_id, paper_id, "出具有误")
    async with world.acting(world.university, at=at("2026-03-13")) as tx:
        assert await found(tx, "评估报告") == []
        assert await found(tx, "评估报告", date(2026, 3, 11)) == [row_id]
        assert await found(tx, "评估报告", date(2026, 3, 12)) == []


async def test_another_institution_finds_nothing_of_it(world: World) -> None:
    async with world.acting(world.university) as tx:
        await registered(tx)
    async with world.acting(world.institute) as tx:
        for words in ("lzyw", "思远", "蓝藻", "CS-0001"):
            assert await found(tx, words) == []


@pytest.fixture
def earlier(server: EmbeddedPostgres) -> Iterator[str]:
    server.drop_database(NAME)
    server.create_database(NAME)
    migrate(server.dsn("postgres", NAME), "0011")
    yield server.dsn("postgres", NAME)
    server.drop_database(NAME)


def test_names_that_were_registered_before_are_found_by_initials_too(earlier: str) -> None:
    tenant, live, gone = uuid4(), uuid4(), uuid4()
    with psycopg.connect(earlier) as connection:
        connection.execute("set session_replication_role = replica")
        for place, (row, name, state) in enumerate([(live, "重组蛋白", "quarantined"), (gone, "旧的", "revoked")], 1):
            connection.execute(
                "insert into app.achievement (tenant_id, id, province_id, number, code, state, name, name_key, sort_key, "
                "type, status, source, obtained_on, held_from, began_on, recorded_at, created_at) values (%s, %s, %s, %s, '1', "
                "%s, %s, %s, 'x', 'patent_right', 'converted', 'entered', '2025-03-09', '2026-01-01', '2026-01-01', now(), "
                "now())",
                [tenant, row, tenant, place, state, name, name],
            )
    migrate(earlier)
    with psycopg.connect(earlier) as connection:
        kept = connection.execute("select gram, achievement_id from app.achievement_gram order by gram").fetchall()
        placed = connection.execute("select distinct obtained_key, number from app.achievement_gram").fetchall()
        forced = connection.execute(
            "select bool_and(relforcerowsecurity) from pg_class where relname in ('achievement', 'achievement_gram')"
        ).fetchone()
    assert kept == [(word, live) for word in sorted(initial_words("重组蛋白"))]
    assert placed == [(date(2025, 3, 9), 1)]
    assert forced == (True,)


async def test_people_are_found_by_how_their_names_sound_and_not_once_erased(world: World) -> None:
    async with world.acting(world.university) as tx:
        row_id = await registered(tx, team=(Completer(name="曾淑媛"), Completer(name="单于·浩然")))
        other = await registered(tx, "另一种装置", team=(Completer(name="Li Wei"),))
    async with world.acting(world.university) as tx:
        for typed in ("zsy", "ZS", "syhr", "sy"):
            assert await found(tx, typed) == [row_id], typed
        assert await found(tx, "liw") == [other]
        for typed in ("sya", "csy", "hr"):
            assert await found(tx, typed) == [], typed
        yesterday = (tx.today - timedelta(days=1), "zsy")
        assert await found(tx, yesterday[1], yesterday[0]) == [row_id]
        listed = await ledger_page(tx, Filters(q="zsy", masked=True))
        assert listed.rows == [], "who may not see names finds nobody by them"
    async with world.acting(world.institute) as tx:
        assert await found(tx, "zsy") == []
    async with world.acting(world.university) as tx:
        who = select(person.c.id).where(person.c.tenant_id == tx.tenant_id, person.c.name == "曾淑媛")
        await tx.execute(
            update(person)
            .where(person.c.tenant_id == tx.tenant_id, person.c.id == await tx.scalar(who))
            .values(name=None)
        )
        left = await tx.scalar(
            select(func.count()).where(person.c.tenant_id == tx.tenant_id, person.c.name_initials == "zsy")
        )
        assert left == 0, "how a name sounds goes with it"
        assert await found(tx, "zsy") == []


async def by_date(tx: Transaction, words: str, sort: str) -> list[UUID]:
    """What is found, in pages of two, forwards to the end; each page but the first is reached backwards too."""
    page = await ledger_page(tx, Filters(q=words), sort, limit=2)
    rows = [row["id"] for row in page.rows]
    while page.next is not None:
        earlier = [row["id"] for row in page.rows]
        page = await ledger_page(tx, Filters(q=words), sort, after=page.next, limit=2)
        rows += [row["id"] for row in page.rows]
        assert page.previous is not None
        back = await ledger_page(tx, Filters(q=words), sort, before=page.previous, limit=2)
        assert [row["id"] for row in back.rows] == earlier
    return rows


async def test_a_search_by_date_gives_page_after_page_and_follows_a_corrected_date(world: World) -> None:
    async with world.acting(world.university) as tx:
        days = [date(2024, 5, 1), date(2024, 5, 1), date(2021, 1, 8), None, date(2025, 7, 30)]
        first, second, old, undated, newest = [
            await registered(tx, f"琥珀装置{place}", obtained_on=day, team=(Completer(name="康浩然"),))
            for place, day in enumerate(days)
        ]
        named = await registered(tx, "另一种", obtained_on=date(2023, 2, 2), team=(Completer(name="琥珀"),))
        hidden = await registered(tx, "琥珀的秘密", obtained_on=date(2026, 1, 1))
        await workflow.quarantine(tx, hidden, "疑似涉密")
    async with world.acting(world.university) as tx:
        order = [newest, second, first, named, old, undated]
        assert await by_date(tx, "琥珀", "-obtained") == order
        assert await by_date(tx, "琥珀", "obtained") == order[::-1]
        changes = {"obtained_on": date(2025, 12, 1), "obtained_precision": "day"}
        done = await workflow.correct(tx, old, changes, since=DAY, reason="日期有误")
        assert not isinstance(done, Refusal), done
    async with world.acting(world.university) as tx:
        order = [old, newest, second, first, named, undated]
        assert await by_date(tx, "琥珀", "-obtained") == order
        assert await by_date(tx, "琥珀", "obtained") == order[::-1]
        apart = await tx.scalar(
            text(
                "select count(*) from app.achievement_gram g join app.achievement a on a.tenant_id = g.tenant_id "
                "and a.id = g.achievement_id where g.tenant_id = :tenant "
                "and (g.obtained_key, g.number) is distinct from (a.obtained_key, a.number)"
            ),
            {"tenant": tx.tenant_id},
        )
        assert apart == 0, "initials and longer words moved too"
