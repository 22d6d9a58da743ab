"""The decision file of a case: complete, checked without the platform, and every change of it is found."""

import asyncio
import io
import json
import random
import subprocess
import sys
import zipfile
from pathlib import Path
from uuid import UUID

import pytest
from click.testing import CliRunner
from sqlalchemy import select, update

from services.cli import cli
from services.dossier import queries
from services.dossier.packing import Tree
from services.dossier.verifier import digest, report, root_from, signature_text, zipped
from services.dossier.workflow import make_dossier
from shared.audit.sealing import seal
from shared.audit.tables import audit_entry
from shared.audit.writing import write_audit
from shared.db.records import decision
from shared.db.serialising import canonical_json
from shared.errors import Refusal
from shared.keys.keyring import Keyring
from shared.settings import Settings
from tests.services.empowerment.arranging import announced, is_refused, prepare, sign
from tests.world import World


@pytest.fixture(scope="module")
def keyring(tmp_path_factory: pytest.TempPathFactory) -> Keyring:
    return Keyring.create(tmp_path_factory.mktemp("dossier-keys"))


async def noise(world: World, tenant: UUID) -> None:
    """Something else that the tenant did, which is no part of the case."""
    async with world.acting(tenant) as tx:
        await write_audit(tx, "test.acted", "test", None, details={"secret": "别的事项"})


async def sealed(world: World, tenant: UUID, keyring: Keyring, *, sweep: bool = False) -> None:
    async with world.working(tenant) as tx:
        await seal(tx, keyring, sweep=sweep)


async def made(world: World, tenant: UUID, case_id: UUID, keyring: Keyring) -> bytes | Refusal:
    async with world.acting(tenant, "discipline") as tx:
        case = await queries.find_case(tx, "empowerment", case_id)
        assert case is not None
        return await make_dossier(tx, case, keyring)


async def signed_case(world: World, keyring: Keyring) -> tuple[UUID, UUID]:
    """(tenant, application): a case with a refusal and an agreement, its log sealed under a checkpoint, noise all around."""
    ready = await prepare(world)
    await noise(world, ready.tenant)
    application_id = await announced(world, ready)
    await sealed(world, ready.tenant, keyring, sweep=True)
    await noise(world, ready.tenant)
    is_refused(await sign(world, ready.tenant, application_id, "2026-03-10"), "notice.running")
    assert await sign(world, ready.tenant, application_id, "2026-04-01") is None
    await sealed(world, ready.tenant, keyring)
    return ready.tenant, application_id


async def whole(world: World, keyring: Keyring) -> bytes:
    tenant, application_id = await signed_case(world, keyring)
    content = await made(world, tenant, application_id, keyring)
    assert isinstance(content, bytes)
    return content


def opened(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def keys_of(keyring: Keyring) -> list[str]:
    return list(keyring.public_keys("audit").values())


def resigned(files: dict[str, bytes], keyring: Keyring) -> bytes:
    """Files that were changed, listed and signed anew by whoever holds these keys."""
    key = keyring.signing("audit")
    public = keyring.public_keys("audit")[key.key_id]
    manifest = json.loads(files["manifest.json"])
    manifest["files"] = {
        name: digest(text) for name, text in files.items() if name not in ("manifest.json", "signature.json")
    }
    raw = canonical_json(manifest)
    return zipped({**files, "manifest.json": raw, "signature.json": signature_text(public, key.sign(raw))})


def test_every_seal_of_a_tree_of_any_size_is_proved_and_no_other() -> None:
    seals = [bytes([number]) * 32 for number in range(21)]
    for size in range(1, len(seals) + 1):
        tree = Tree(7, seals[:size])
        for index in range(size):
            path = [bytes.fromhex(step) for step in tree.path(7 + index)]
            assert root_from(seals[index], index, size, path) == tree.root
            assert root_from(b"\xff" * 32, index, size, path) != tree.root
            assert root_from(seals[index], index, size, [*path, b"\x00" * 32]) is None


async def test_the_file_holds_what_was_decided_why_and_by_which_text(world: World, keyring: Keyring) -> None:
    files = opened(await whole(world, keyring))
    decisions = [json.loads(text) for name, text in files.items() if name.startswith("decisions/")]
    refused = next(one for one in decisions if one["verdict"] == "refused")
    assert refused["facts"]
    assert refused["answer"]["findings"][0]["citation"]["article"] == "第八条(三)"
    assert {f"packs/{one['pack_hash']}.json" for one in decisions} <= files.keys()
    summary = files["summary.txt"].decode()
    assert "第八条(三)" in summary
    assert "不予办理" in summary
    assert json.loads(files["case/notice.json"])[0]["state"] == "running"
    assert [one["signed_on"] for one in json.loads(files["case/empowerment_agreement.json"])] == ["2026-04-01"]
    assert files["audit/checkpoints.jsonl"]
    events = [one["event"] for one in json.loads(files["events.json"])]
    assert events.index("submitted") < events.index("agreed")


async def test_what_else_the_unit_did_is_not_in_the_file(world: World, keyring: Keyring) -> None:
    content = await whole(world, keyring)
    assert "别的事项".encode() not in content
    assert b"test.acted" not in content


async def test_it_is_checked_by_its_own_script_without_the_platform(
    world: World, keyring: Keyring, tmp_path: Path
) -> None:
    content = await whole(world, keyring)
    file, script = tmp_path / "case.zip", tmp_path / "verify.py"
    file.write_bytes(content)
    script.write_bytes(opened(content)["verify.py"])
    words = [sys.executable, "-I", str(script), str(file), "--key", keys_of(keyring)[0]]
    run = await asyncio.to_thread(subprocess.run, words, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.rstrip().endswith("结论：完好")


async def test_a_change_of_any_byte_is_found(world: World, keyring: Keyring) -> None:
    content = await whole(world, keyring)
    known = keys_of(keyring)
    assert report(content, known)[1] == []
    small = {"manifest.json", "signature.json", "keys.json", "audit/checkpoints.jsonl"}
    places = random.Random(206).sample(range(len(content)), 150)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for entry in archive.infolist():
            places += [entry.header_offset + step for step in range(0, 30, 3)]
            if entry.filename in small:
                start = entry.header_offset + 30 + len(entry.filename)
                places += range(start, start + entry.file_size, 17)
    for place in [*places, *range(len(content) - 60, len(content))]:
        changed = bytearray(content)
        changed[place] ^= 0x20
        assert report(bytes(changed), known)[1], f"byte {place}"
    assert report(content + b"\n", known)[1]
    assert report(content[:-1], known)[1]
    assert report(b"", known)[1]


async def test_who_signs_anew_with_other_keys_is_found_by_the_published_key(
    world: World, keyring: Keyring, tmp_path: Path
) -> None:
    content = await whole(world, keyring)
    forged = Keyring.create(tmp_path / "forged")
    files = {**opened(content), "keys.json": canonical_json(forged.public_keys("audit"))}
    faults = report(resigned(files, forged), keys_of(keyring))[1]
    assert any("不在给出的公钥之中" in fault for fault in faults)


async def test_not_even_the_holder_of_the_key_rewrites_a_decision_or_drops_one(world: World, keyring: Keyring) -> None:
    files = opened(await whole(world, keyring))
    name = next(name for name in files if name.startswith("decisions/") and b'"verdict":"refused"' in files[name])
    rewritten = files[name].replace(b'"verdict":"refused"', b'"verdict":"allowed"')
    assert any("封存的哈希" in one for one in report(resigned({**files, name: rewritten}, keyring))[1])
    dropped = {one: text for one, text in files.items() if one != name}
    assert any("文件缺失" in one for one in report(resigned(dropped, keyring))[1])


async def test_a_log_that_was_rewritten_in_the_database_is_found(world: World, keyring: Keyring) -> None:
    tenant, application_id = await signed_case(world, keyring)
    async with world.maintenance.begin() as connection:
        await connection.execute(
            update(audit_entry)
            .where(audit_entry.c.tenant_id == tenant, audit_entry.c.action == "empowerment.screen")
            .values(outcome="failed")
        )
    content = await made(world, tenant, application_id, keyring)
    assert isinstance(content, bytes)
    assert any("内容与封存哈希不符" in fault for fault in report(content, keys_of(keyring))[1])


async def test_a_decision_that_was_rewritten_in_the_database_is_found(world: World, keyring: Keyring) -> None:
    tenant, application_id = await signed_case(world, keyring)
    async with world.maintenance.begin() as connection:
        await connection.execute(
            update(decision).where(decision.c.tenant_id == tenant, decision.c.verdict == "refused").values(facts={})
        )
    content = await made(world, tenant, application_id, keyring)
    assert isinstance(content, bytes)
    assert any("与操作日志封存的哈希不符" in fault for fault in report(content, keys_of(keyring))[1])


async def test_while_the_log_waits_to_be_sealed_there_is_no_file(world: World, keyring: Keyring) -> None:
    ready = await prepare(world)
    application_id = await announced(world, ready)
    is_refused(await made(world, ready.tenant, application_id, keyring), "dossier.unsealed")
    await sealed(world, ready.tenant, keyring)
    assert isinstance(await made(world, ready.tenant, application_id, keyring), bytes)


async def test_taking_it_out_is_logged_under_the_case(world: World, keyring: Keyring) -> None:
    tenant, application_id = await signed_case(world, keyring)
    await made(world, tenant, application_id, keyring)
    async with world.acting(tenant, "discipline") as tx:
        rows = await tx.rows(
            select(audit_entry.c.object_id, audit_entry.c.outcome).where(
                audit_entry.c.tenant_id == tenant, audit_entry.c.action == "dossier.export"
            )
        )
    assert [tuple(row) for row in rows] == [(application_id, "read")]


async def test_the_command_verifies_a_file_with_the_installations_keys(
    world: World, configuration: Settings, tmp_path: Path
) -> None:
    content = await whole(world, Keyring(configuration.key_directory))
    file = tmp_path / "case.zip"
    file.write_bytes(content)
    done = CliRunner().invoke(cli, ["audit", "verify-file", str(file)])
    assert (done.exit_code, done.output.rstrip().endswith("完好")) == (0, True), done.output
    file.write_bytes(content.replace("滇池".encode(), "洱海".encode(), 1))
    assert CliRunner().invoke(cli, ["audit", "verify-file", str(file)]).exit_code == 1
