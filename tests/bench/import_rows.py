"""Importing a ledger from xlsx, against the least that could be done: calamine reading the file, and the same rows written
from a staging table into the same tables with the same indexes, policies, history and audit.

Both sides run in processes of their own, so that memory is each one's own; every round has tenants of its own.
``python -m tests.bench.import_rows [--full]`` prints the row.
"""

import argparse
import asyncio
import json
import resource
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

from python_calamine import CalamineWorkbook

from deploy.embedded.object_store import ObjectStore as EmbeddedObjectStore
from deploy.embedded.postgres import EmbeddedPostgres
from services.ledger.importing import staging, workflow
from services.ledger.intake import register_intake
from shared.audit.writing import write_audit
from shared.db.engine import make_engine
from shared.db.migrating import migrate
from shared.documents.uploads import Upload
from shared.documents.workbook_writing import WrittenSheet, write_workbook
from shared.errors import Refusal
from shared.settings import Settings
from shared.storage.objects import ObjectStore
from tests.world import World, make_world

NAME = "import of rows from xlsx"
LIMIT = 2.0
MEMORY_LIMIT_MB = 400
ROWS = {False: 20_000, True: 100_000}
FOLDER = Path(__file__).resolve().parents[2] / ".data" / "bench" / "import"
AS_OF = date(2025, 12, 31)
_ROUNDS = 3
_WEIGHTS = (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)
_HEAD = (
    "序号", "成果名称", "完成人（团队）", "成果类型", "授权号/登记号", "授权日期", "成果阶段", "转化状态", "转化方式", "受让方",
    "转化金额（万元）", "转化频次", "备注",
)  # fmt: skip
_SUBJECTS = (
    "烟草青枯病",
    "橡胶割胶机",
    "咖啡脱皮装置",
    "高原湖泊藻类",
    "铝合金熔炼",
    "普洱茶发酵",
    "铜尾矿浸出",
    "滇重楼组培",
    "马铃薯贮藏",
    "桥梁支座",
)
_KINDS = ("的检测方法", "控制系统及其应用", "复合材料及制备方法", "智能监测装置", "高效栽培技术", "回收利用工艺")
_SURNAMES, _GIVEN = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨", "文博丽娟宏图佳怡子涵铁成克俭景行思远雪梅志强"


def patent_number(serial: int, year: int = 2015) -> str:
    """A ZL number whose check digit fits."""
    digits = f"{year}1{serial:07d}"
    remainder = sum(int(digit) * weight for digit, weight in zip(digits, _WEIGHTS, strict=True)) % 11
    return f"ZL{digits}.{'X' if remainder == 10 else remainder}"


def ledger_rows(count: int) -> list[list[Any]]:
    """Rows as a clerk keeps them: one in six converted, three completers each."""
    rows: list[list[Any]] = []
    for n in range(count):
        converted = n % 6 == 0
        team = "、".join(
            _SURNAMES[(n * 7 + k * 5) % 16] + _GIVEN[(n + k * 3) % 20] + _GIVEN[(n // 20 + k) % 20] for k in range(3)
        )
        patent = n % 4 != 3
        rows.append(
            [
                n + 1,
                f"{_SUBJECTS[n % 10]}{_KINDS[n % 6]}第{n:06d}号",
                team,
                "发明专利" if patent else "非专利技术",
                patent_number(n) if patent else "",
                date(2010 + n % 15, 1 + n % 12, 1 + n % 28),
                "研究阶段" if n % 3 else "开发阶段",
                "已转化" if converted else ("意向转化" if n % 5 == 1 else "未转化"),
                ("许可", "转让", "作价投资")[n % 3] if converted else "",
                f"示例科技有限公司{n % 900}" if converted else "",
                float(n % 500 + 1) if converted else "",
                1 if converted else "",
                "批量数据" if n % 10 == 0 else "",
            ]
        )
    return rows


def ledger_file(count: int) -> Path:
    """The workbook of so many rows, made once."""
    file = FOLDER / f"ledger-{count}.xlsx"
    if not file.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        numbered = enumerate([["截至2025年12月31日"], list(_HEAD), *ledger_rows(count)], 1)
        file.write_bytes(write_workbook([WrittenSheet("台账", list(numbered))]))
    return file


class Clock:
    """Seconds by what was done."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def part(self, name: str) -> Any:
        started = time.perf_counter()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - started


async def _ours(world: World, configuration: Settings, file: Path) -> Clock:
    """The product's own verbs, as web server and worker call them."""
    clock, objects, tenant = Clock(), ObjectStore(configuration), world.university
    content = file.read_bytes()
    with clock.part("receive"):
        async with world.acting(tenant) as tx:
            import_id = await workflow.receive(tx, objects, Upload(file.name, content))
    del content
    assert not isinstance(import_id, Refusal), import_id
    more = True
    with clock.part("read and stage"):
        while more:
            async with world.working(tenant) as tx:
                more = await workflow.read_chunk(tx, objects, import_id)
    with clock.part("apply"):
        async with world.acting(tenant) as tx:
            refused = await workflow.confirm(tx, import_id, AS_OF)
        assert refused is None, refused
        async with world.working(tenant) as tx:
            await workflow.apply(tx, import_id)
    return clock


async def _baseline(world: World, configuration: Settings, file: Path) -> Clock:
    """What cannot be spared; the staging table was filled before."""
    clock, tenant = Clock(), world.university
    import_id = await _staged(world, configuration, file)
    with clock.part("calamine"), CalamineWorkbook.from_filelike(file.open("rb")) as book:
        for name in book.sheet_names:
            for _ in book.get_sheet_by_name(name).iter_rows():
                pass
    async with world.working(tenant) as tx:
        await staging.fill_from_staging(tx, import_id)
        with clock.part("insert"):
            await register_intake(tx, held_from=AS_OF, source="imported", import_id=import_id)
            await write_audit(tx, "bench", "ledger_import", import_id)
        await tx.driver.execute("set constraints all immediate")
    return clock


async def _staged(world: World, configuration: Settings, file: Path) -> UUID:
    objects = ObjectStore(configuration)
    async with world.acting(world.university) as tx:
        import_id = await workflow.receive(tx, objects, Upload(file.name, file.read_bytes()))
    assert not isinstance(import_id, Refusal)
    more = True
    while more:
        async with world.working(world.university) as tx:
            more = await workflow.read_chunk(tx, objects, import_id, size=10_000)
    return import_id


_SIDES: dict[str, Callable[[World, Settings, Path], Awaitable[Clock]]] = {"ours": _ours, "baseline": _baseline}


async def _child(side: str, file: Path, addresses: dict[str, str]) -> None:
    configuration = Settings(mode="test", **addresses)  # type: ignore[arg-type]
    logins = ("maintenance", "web", "tasks")
    engines = [make_engine(str(addresses[f"database_{login}_url"]), pool_size=4) for login in logins]
    world = await make_world(*engines)
    clock = await _SIDES[side](world, configuration, file)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": clock.seconds, "memory_mb": round(peak)}))
    for engine in engines:
        await engine.dispose()


def _measure(side: str, file: Path, addresses: dict[str, str]) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.bench.import_rows", "--child", side, str(file), json.dumps(addresses)]
    done = subprocess.run(command, capture_output=True, check=False, text=True, cwd=FOLDER.parents[2])
    if done.returncode:
        raise RuntimeError(done.stderr[-3000:])
    return dict(json.loads(done.stdout.splitlines()[-1]))


@contextmanager
def _parts() -> Any:
    """A database and an object store of this run's own."""
    home = FOLDER / "run"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    database, store = EmbeddedPostgres(home / "postgres"), EmbeddedObjectStore(home / "objects")
    try:
        database.start()
        database.apply_roles()
        database.create_database("bench")
        migrate(database.dsn("postgres", "bench"))
        store.start()
        addresses = {f"database_{login}_url": database.dsn(login, "bench") for login in ("web", "tasks", "maintenance")}
        addresses |= {
            "object_store_url": store.endpoint,
            "object_store_access_key": store.access_key,
            "object_store_secret_key": store.secret_key,
        }
        ObjectStore(Settings(mode="test", **addresses)).prepare()  # type: ignore[arg-type]
        yield addresses
    finally:
        store.stop()
        database.stop()
        shutil.rmtree(home, ignore_errors=True)


def run(full: bool) -> dict[str, Any]:
    """The bench's row: name, ratio and its limit, seconds of both sides (medians), peak memory of ours in MB."""
    file = ledger_file(ROWS[full])
    rounds: dict[str, list[dict[str, Any]]] = {"ours": [], "baseline": []}
    with _parts() as addresses:
        for _ in range(_ROUNDS):
            for side, done in rounds.items():
                done.append(_measure(side, file, addresses))
    seconds = {side: statistics.median(sum(one["seconds"].values()) for one in done) for side, done in rounds.items()}
    return {
        "name": f"{NAME} ({ROWS[full]:,})",
        "ratio": round(seconds["ours"] / seconds["baseline"], 2),
        "limit": LIMIT,
        "ours": round(seconds["ours"], 2),
        "baseline": round(seconds["baseline"], 2),
        "memory_mb": max(one["memory_mb"] for one in rounds["ours"]),
        "memory_limit_mb": MEMORY_LIMIT_MB,
        "parts": {side: done[-1]["seconds"] for side, done in rounds.items()},
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--child", nargs=3)
    given = parser.parse_args()
    if given.child:
        side, file, addresses = given.child
        asyncio.run(_child(side, Path(file), json.loads(addresses)))
    else:
        print(json.dumps(run(given.full), ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
