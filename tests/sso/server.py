"""One real Keycloak for the session, and its master administrator's hands."""

import asyncio
import json
import os
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx

from deploy.embedded.ports import pick
from deploy.embedded.processes import log_tail, spawn
from deploy.setup.keycloak import ensure_keycloak

READY_SECONDS = 180
# A server that runs already, as its address: for those who write a test here, not for a proof. Its realms are made anew.
RUNNING = "CHENGGUO_TEST_KEYCLOAK"
_MASTER = "master-of-the-tests"


class Keycloak:
    """``url`` without a slash at its end; ``call`` asks the administration interface as the master administrator."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._token, self._until = "", 0.0

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        """JSON or None; an answer that names a place gives the last part of it. Anything but success fails the test."""
        async with httpx.AsyncClient(timeout=60) as http:
            if time.monotonic() > self._until:
                login = {"grant_type": "password", "client_id": "admin-cli", "username": "admin", "password": _MASTER}
                answer = await http.post(f"{self.url}/realms/master/protocol/openid-connect/token", data=login)
                self._token, self._until = answer.json()["access_token"], time.monotonic() + 30
            answer = await http.request(
                method,
                f"{self.url}/admin/realms{path}",
                headers={"authorization": f"Bearer {self._token}", "content-type": "application/json"},
                content=None if body is None else json.dumps(body),
            )
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        if place := answer.headers.get("location"):
            return place.rpartition("/")[2]
        return answer.json() if answer.content else None


@contextmanager
def running_keycloak() -> Iterator[Keycloak]:
    """Started on a free port with a database in its memory, ready, and gone afterwards, however the session ends."""
    if given := os.environ.get(RUNNING):
        yield Keycloak(given)
        return
    home, port = ensure_keycloak(), pick(1)[0]
    with tempfile.TemporaryDirectory(prefix="chengguo-keycloak-") as folder:
        log = Path(folder) / "keycloak.log"
        environment = {
            **os.environ,
            "KC_BOOTSTRAP_ADMIN_USERNAME": "admin",
            "KC_BOOTSTRAP_ADMIN_PASSWORD": _MASTER,
            "JAVA_OPTS_APPEND": "-XX:TieredStopAtLevel=1",
            "JAVA_OPTS_KC_HEAP": "-Xms64m -Xmx512m",
        }
        words = ["start", "--optimized", "--cache", "local", "--http-enabled", "true", "--hostname-strict", "false"]
        words += ["--http-host", "127.0.0.1", "--http-port", str(port)]
        # kc.sh passes TERM on to the server that it starts; KILL would leave the server behind
        process = spawn([home / "bin" / "kc.sh", *words], cwd=Path(folder), env=environment, log=log,
                        death_signal=signal.SIGTERM)  # fmt: skip
        try:
            url = f"http://127.0.0.1:{port}"
            _await_ready(url, process, log)
            yield Keycloak(url)
        finally:
            process.terminate()
            with suppress(Exception):
                process.wait(20)
            with suppress(ProcessLookupError):  # whatever is left of its session
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(5)


def _await_ready(url: str, process: Any, log: Path) -> None:
    until = time.monotonic() + READY_SECONDS
    while time.monotonic() < until:
        assert process.poll() is None, f"Keycloak 未能启动：\n{log_tail(log, 30)}"
        with suppress(httpx.HTTPError):
            if httpx.get(f"{url}/realms/master/.well-known/openid-configuration", timeout=5).status_code == 200:
                return
        time.sleep(0.3)
    raise AssertionError(f"Keycloak 在 {READY_SECONDS} 秒内没有就绪：\n{log_tail(log, 30)}")


async def in_thread(work: Any, *arguments: Any) -> Any:
    """A command has an event loop of its own."""
    return await asyncio.to_thread(work, *arguments)
