"""The demo as `make demo` starts it, for the length of one test session."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploy.embedded.ports import pick

ROOT = Path(__file__).resolve().parents[2]
# A demo that runs already, as "address data-folder": for those who write a journey, not for a proof.
RUNNING = "CHENGGUO_JOURNEYS_DEMO"


@dataclass(frozen=True, slots=True)
class Demo:
    """`address` of the product without a slash at its end, `data` the folder of everything it keeps."""

    address: str
    data: Path

    @property
    def issuer(self) -> str:
        port = json.loads((self.data / "keys" / "demo.json").read_text("utf-8"))["identity_port"]
        return f"http://127.0.0.1:{port}/realms/chengguo"

    def secret_of(self, client: str) -> str:
        """The secret of a client of the client-credentials grant."""
        secrets: dict[str, str] = json.loads((self.data / "keys" / "identity" / "clients.json").read_text("utf-8"))
        return secrets[client]

    def said(self) -> str:
        """The logs of every part."""
        return "\n".join(path.read_text("utf-8", "replace") for path in sorted((self.data / "log").glob("*.log")))


@pytest.fixture(scope="session")
def demo() -> Iterator[Demo]:
    """Set up in a new folder, ready, and stopped by the signal of Ctrl-C at the end."""
    if given := os.environ.get(RUNNING):
        address, folder = given.split()
        yield Demo(address, Path(folder))
        return
    with started("demo") as new:
        yield new


@contextmanager
def started(*arguments: str) -> Iterator[Demo]:
    """A demo in a new folder: ``chengguo`` with arguments that name port and data folder after them."""
    with tempfile.TemporaryDirectory(prefix="chengguo-journeys-") as folder:
        data, port = Path(folder) / "data", pick(1)[0]
        command = [str(Path(sys.executable).parent / "chengguo"), *arguments, "--port", str(port), "--data", str(data)]
        running = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True)
        try:
            _await_ready(running)
            yield Demo(f"http://127.0.0.1:{port}", data)
        finally:
            running.send_signal(signal.SIGINT)
            try:
                running.communicate(timeout=30)
            except subprocess.TimeoutExpired:
                running.kill()
                running.communicate()


def _await_ready(running: subprocess.Popen[str]) -> None:
    assert running.stdout
    said = []
    for line in running.stdout:
        said.append(line)
        if "按 Ctrl-C 停止" in line:
            return
    raise AssertionError("the demo did not start:\n" + "".join(said))
