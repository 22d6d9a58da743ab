"""The product's web server and nginx as the bench runs them, and wrk, which asks them."""

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from deploy.embedded.ports import pick
from tests.bench.frame import median
from tests.bench.installation import Installation

SECONDS, WARM_UP = 10, 3


@contextmanager
def serving(installed: Installation, workers: int = 1) -> Iterator[str]:
    """The product, answering; its address."""
    (port,) = pick(1)
    command = [sys.executable, "-m", "services.cli", "serve", "--port", str(port), "--workers", str(workers)]
    log = (installed.keys.parent / "serve.log").open("wb")
    server = subprocess.Popen(command, env=installed.environment(), stdout=log, stderr=log)
    try:
        address = f"http://127.0.0.1:{port}"
        _wait(f"{address}/healthz", server)
        yield address
    finally:
        _stop(server)
        log.close()


@contextmanager
def nginx(folder: Path, workers: int = 2) -> Iterator[str]:
    """nginx serving the files of a folder; its address."""
    (port,) = pick(1)
    (folder / "nginx.conf").write_text(
        f"daemon off; worker_processes {workers}; pid {folder}/nginx.pid; error_log {folder}/error.log;\n"
        + ("user root;\n" if os.geteuid() == 0 else "")
        + "events { worker_connections 256; }\n"
        "http { access_log off; sendfile on; tcp_nopush on; gzip off; keepalive_requests 100000000;\n"
        "  open_file_cache max=100; default_type 'text/html; charset=utf-8';\n"
        f"  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;\n"
        f"  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;\n"
        f"  server {{ listen 127.0.0.1:{port}; root {folder}/www; }} }}\n"
    )
    server = subprocess.Popen(["nginx", "-e", folder / "error.log", "-p", folder, "-c", folder / "nginx.conf"])
    try:
        _wait(f"http://127.0.0.1:{port}/", server)
        yield f"http://127.0.0.1:{port}"
    finally:
        _stop(server)


def _stop(server: "subprocess.Popen[bytes]") -> None:
    server.terminate()
    try:
        server.wait(10)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def _wait(address: str, server: "subprocess.Popen[bytes]") -> None:
    for _ in range(300):
        if server.poll() is not None:
            break
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError(f"{address} did not answer")


def get(address: str, token: str = "") -> bytes:
    """The body of a page, as whoever holds the session's token; anything but 200 is an error."""
    request = urllib.request.Request(address, headers={"Cookie": f"chengguo={token}"} if token else {})
    with urllib.request.urlopen(request, timeout=60) as answer:
        body: bytes = answer.read()
    return body


def requests_per_second(
    address: str, paths: Sequence[str], folder: Path, tokens: Sequence[str] = (), threads: int = 1
) -> float:
    """wrk with 16 connections, keep-alive, asking for the paths in turn, as the sessions in turn; median of three."""
    script = folder / "ask.lua"
    script.write_text(_script([quote(path, safe="/?&=-_.~") for path in paths], tokens), "utf-8")
    _wrk(script, address, WARM_UP, threads)
    return median(lambda: _wrk(script, address, SECONDS, threads))


def _script(paths: Sequence[str], tokens: Sequence[str]) -> str:
    if not tokens and len(paths) == 1:
        # the request is made once, so that wrk itself costs as little as it can
        return f'wrk.path = "{paths[0]}"\n'
    cookies = ", ".join(f'"chengguo={token}"' for token in tokens) or '""'
    return (
        f"local cookies = {{{cookies}}}\nlocal paths = {{{', '.join(repr(path) for path in paths)}}}\nlocal n = 0\n"
        "request = function()\n  n = n + 1\n"
        '  return wrk.format("GET", paths[n % #paths + 1], {["Cookie"] = cookies[n % #cookies + 1]})\nend\n'
        "response = function(status)\n  if status ~= 200 then wrk.thread:stop() end\nend\n"
    )


def _wrk(script: Path, address: str, seconds: int, threads: int) -> float:
    command = ["wrk", f"-t{threads}", "-c16", f"-d{seconds}s", "-s", str(script), address]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in said or "Socket errors" in said:
        raise RuntimeError(said)
    return float(next(line.split(":")[1] for line in said.splitlines() if line.startswith("Requests/sec")))
