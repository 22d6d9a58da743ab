"""The site's scanner: asked about every upload before it is kept, believed, and missed when it does not answer."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from services.ledger.importing.command import CommandRefused, import_for_tenant
from shared.documents.scanner import Scanner
from shared.errors import Unavailable, UploadRefused
from shared.settings import Settings, settings
from tests.uploads.clamd import EICAR, Clamd, listening
from tests.uploads.hostile import LEDGER, pdf
from tests.uploads.places import PLACES, routes_with_files
from tests.uploads.test_hostile_files import kept
from tests.web import Site
from tests.world import World

INFECTED = pdf(b"<<>>\n% " + EICAR)
CLEAN = pdf(b"<<>>")


def fault_of(error: pytest.ExceptionInfo[UploadRefused]) -> str:
    return error.value.refusal.code


@pytest.fixture
def scanned(site: Site, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def by(address: str, seconds: float = 5) -> None:
        monkeypatch.setattr(site.app.state, "scanner", Scanner(address, seconds), raising=False)

    return by


def test_every_route_that_takes_a_file_is_tried(site: Site) -> None:
    assert set(PLACES) == routes_with_files(site)


@pytest.mark.requirement("R184")
@pytest.mark.parametrize("place", PLACES)
async def test_no_route_keeps_what_the_scanner_finds(
    site: Site,
    world: World,
    scanned: Callable[..., None],
    account: Any,
    place: str,
) -> None:
    sending = await PLACES[place](site, world)
    clamd, ledger = Clamd(), place.endswith("imports")
    good, name = (LEDGER, "台账.xlsx") if ledger else (CLEAN, "合同.pdf")
    bad = LEDGER + EICAR if ledger else INFECTED
    async with listening(clamd) as address:
        scanned(address)
        answer = await sending(name, bad)
        assert answer.status_code == 422, answer.text[:300]
        assert "发现病毒或恶意代码（Eicar-Test-Signature）" in answer.text
        assert await kept(world) == 0
        taken = await sending(name, good)
        assert taken.status_code in (201, 202, 303), taken.text[:300]
        assert clamd.seen == [bad, good]
    # The address stands, and nobody is there any more.
    dead = await sending(name, good + b"\n")
    assert dead.status_code == 503
    assert "病毒查杀程序没有应答" in dead.text
    assert await kept(world) == 1
    async with world.maintenance.connect() as connection:
        asked = (
            "select outcome, details->>'code' from app.audit_entry where action = 'upload.examine' and tenant_id = :t"
        )
        assert (await connection.execute(text(asked), {"t": world.university})).all() == [
            ("refused", "upload.infected")
        ]


@pytest.mark.requirement("R184")
async def test_a_machine_is_told_by_code(
    site: Site,
    world: World,
    scanned: Callable[..., None],
    account: Any,
) -> None:
    sending = await PLACES["/api/imports"](site, world)
    async with listening(Clamd()) as address:
        scanned(address)
        assert (await sending("a.xlsx", LEDGER + EICAR)).json()["code"] == "upload.infected"
    assert (await sending("a.xlsx", LEDGER)).json()["code"] == "upload.not_examined"


@pytest.mark.requirement("R184")
async def test_without_a_scanner_the_gap_is_named(site: Site, world: World, scanned: Callable[..., None]) -> None:
    operator = await site.signed_in(world, world.operator, "operator", kind="operator")
    said = {}
    async with listening(Clamd()) as address:
        for state, where in (("off", ""), ("ok", address), ("unreachable", "tcp://127.0.0.1:9")):
            scanned(where)
            assert (await site.anonymous().get("/readyz")).json()["checks"]["scanner"] == state
            said[state] = (await operator.get("/operator/")).text
    assert "上传的文件未经病毒查杀" in said["off"]
    assert "病毒查杀程序没有应答" in said["unreachable"]
    assert "病毒查杀" not in said["ok"]


async def test_both_kinds_of_socket_and_files_of_all_sizes(tmp_path: Path) -> None:
    clamd = Clamd()
    for socket in ("", str(tmp_path / "c")):
        async with listening(clamd, socket) as address:
            scanner = Scanner(address, 10)
            for content in (b"", b"x", b"x" * 131_072, b"x" * 131_073, b"x" * 5_000_000):
                await scanner.examine(content)
                assert clamd.seen[-1] == content
            with pytest.raises(UploadRefused) as refused:
                await scanner.examine(b"y" * 200_000 + EICAR)
            assert fault_of(refused) == "upload.infected"


@pytest.mark.parametrize("socket", [True, False])
async def test_a_file_beyond_the_scanners_own_limit_is_not_kept(tmp_path: Path, *, socket: bool) -> None:
    async with listening(Clamd(at_most=1_000), str(tmp_path / "c") if socket else "") as address:
        with pytest.raises(UploadRefused) as refused:
            await Scanner(address, 10).examine(b"x" * 100_000)
        assert fault_of(refused) == "upload.too_large_to_examine"
        # It hangs up while most of the file is still to be sent.
        with pytest.raises((UploadRefused, Unavailable)):
            await Scanner(address, 10).examine(b"x" * 20_000_000)


@pytest.mark.parametrize(
    "clamd",
    [
        Clamd(silent=True),
        Clamd(answer=b"stream: Can't allocate memory ERROR"),
        Clamd(answer=b"UNKNOWN COMMAND"),
        Clamd(answer=b"stream: OK stream: OK"),
        Clamd(answer=b"x" * 200_000),
    ],
    ids=["silent", "error", "unknown", "twice", "endless"],
)
async def test_what_is_not_called_clean_is_not_kept(clamd: Clamd) -> None:
    async with listening(clamd) as address:
        with pytest.raises(Unavailable):
            await Scanner(address, 0.3).examine(b"x")


async def test_a_file_on_the_command_line_is_examined_too(
    configuration: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "台账.xlsx"
    file.write_bytes(LEDGER + EICAR)
    async with listening(Clamd()) as address:
        for where, told in ((address, "发现病毒"), ("tcp://127.0.0.1:9", "没有应答")):
            monkeypatch.setenv("CHENGGUO_SCANNER_URL", where)
            settings.cache_clear()
            with pytest.raises(CommandRefused, match=told):
                await asyncio.to_thread(import_for_tenant, file, "nobody", None, print, confirm=False)
    settings.cache_clear()
