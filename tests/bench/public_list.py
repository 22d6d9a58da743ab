"""The public page of the list in force, over nginx serving the same bytes from a file."""

import shutil
import tempfile
from pathlib import Path

from tests.bench.frame import Row
from tests.bench.installation import Seed, installation
from tests.bench.served import get, nginx, requests_per_second, serving

LIMIT = 0.15
WORKERS = 2


def run(full: bool) -> Row:
    """Both servers have two workers; 16 connections, keep-alive, no compression."""
    # nginx gives up root for its workers, so the files stand where others may read
    folder = Path(tempfile.mkdtemp(prefix="chengguo-bench-"))
    try:
        with installation(Seed(20, 100_000)) as installed:
            path = f"/{installed.slug}/lists/empowerment"
            with serving(installed, WORKERS) as address:
                body = get(address + path)
                assert "第 2 版" in body.decode()
                ours = requests_per_second(address, [path], folder, threads=2)
        (folder / "www").mkdir()
        (folder / "www" / "index.html").write_bytes(body)
        with nginx(folder, WORKERS) as address:
            assert get(f"{address}/") == body
            baseline = requests_per_second(address, ["/"], folder, threads=2)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return Row(
        "public list page", f"{len(body) / 1024:.0f} KB", ours, baseline, "requests/s", ours / baseline, LIMIT, "at least",
        f"{WORKERS} workers each, wrk -t2 -c16; nginx serves the page as a file",
    )  # fmt: skip
