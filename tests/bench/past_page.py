"""The ledger page as of a past day over the page of today, in ledgers of which every row has five versions."""

import tempfile
from pathlib import Path

from tests.bench.frame import Row
from tests.bench.installation import Seed, installation
from tests.bench.served import get, requests_per_second, serving

LIMIT = 1.5
VERSIONS = 5
DAY = "2025-06-01"  # within the fourth version
TODAY, PAST = "/institution/ledger", f"/institution/ledger?as_of={DAY}"


def run(full: bool) -> Row:
    seed = Seed(20, 100_000 if full else 20_000, versions=VERSIONS)
    with installation(seed) as installed, serving(installed) as address, tempfile.TemporaryDirectory() as folder:
        for path in (TODAY, PAST):
            body = get(address + path, installed.tokens[0]).decode()
            assert body.count("一种示例成果") >= 20, path
        today = 1 / requests_per_second(address, [TODAY], Path(folder), installed.tokens)
        past = 1 / requests_per_second(address, [PAST], Path(folder), installed.tokens)
    return Row(
        "ledger page of a past day", f"{seed.rows:,} rows of {VERSIONS} versions in {seed.tenants} tenants", past, today,
        "seconds/request", past / today, LIMIT, "at most", "one granian worker, wrk -t1 -c16; baseline: the page of today",
    )  # fmt: skip
