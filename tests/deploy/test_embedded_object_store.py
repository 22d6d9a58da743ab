"""The embedded object store: what was acknowledged is there after a kill, and nothing is open without credentials."""

from __future__ import annotations

import itertools
import socket
import stat
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from deploy.embedded import object_store
from deploy.embedded.object_store import ObjectStore
from deploy.embedded.ports import COMPANION, is_free, pick


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStore]:
    with ObjectStore(tmp_path_factory.mktemp("store"), durable=False) as running:
        yield running


def test_an_object_is_written_once_and_survives_a_kill_and_other_ports(store: ObjectStore) -> None:
    store.client().put_object(Bucket=store.bucket, Key="甲/一", Body=b"first", IfNoneMatch="*")
    with pytest.raises(ClientError) as refused:
        store.client().put_object(Bucket=store.bucket, Key="甲/一", Body=b"second", IfNoneMatch="*")
    assert refused.value.response["Error"]["Code"] == "PreconditionFailed"
    store.stop()  # SIGKILL, since not durable
    (store.home / "ports.json").unlink()
    store.start()
    assert store.client().get_object(Bucket=store.bucket, Key="甲/一")["Body"].read() == b"first"


def test_neither_the_gateway_nor_the_services_behind_it_answer_without_credentials(store: ObjectStore) -> None:
    store.client().put_object(Bucket=store.bucket, Key="secret", Body=b"x")
    filer = store._ports[2]
    for address in (
        f"{store.endpoint}/{store.bucket}/secret",
        f"http://127.0.0.1:{filer}/buckets/{store.bucket}/secret",
    ):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(address)
        assert refused.value.code in (401, 403)
    assert stat.S_IMODE((store.home / "keys").stat().st_mode) == 0o700
    for name in ("credentials.json", "s3.json"):
        assert stat.S_IMODE((store.home / "keys" / name).stat().st_mode) == 0o600


def test_ports_stay_below_the_limit_and_leave_room_for_the_companion() -> None:
    ports = pick(8, companion=True)
    assert len(set(ports)) == 8
    assert all(port + COMPANION < 32_768 and is_free(port) and is_free(port + COMPANION) for port in ports)


def test_no_companion_is_anybodys_first_port() -> None:
    paired = {port for _ in range(40) for port in pick(8, companion=True)}
    companions = {port + COMPANION for port in paired}
    single = {port for _ in range(40) for port in pick(8)}
    assert not paired & companions
    assert not single & (paired | companions)


def test_a_port_that_was_taken_at_the_last_moment_is_left_to_its_taker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", pick(1)[0])) as taker:
        lost = [*pick(3, companion=True), taker.getsockname()[1]]
        answers = itertools.chain([lost], (pick(4, companion=True) for _ in itertools.count()))
        monkeypatch.setattr(object_store, "pick", lambda *_, **__: next(answers))
        with ObjectStore(tmp_path / "late", durable=False) as running:
            assert running._ports != lost
            assert running.is_ready()


def test_a_taken_port_is_not_reused(store: ObjectStore, tmp_path: Path) -> None:
    taken = store._ports
    assert set(pick(4, companion=True, wanted=taken)).isdisjoint(taken)
