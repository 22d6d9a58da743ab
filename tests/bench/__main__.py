"""``make bench``: every row, or ``--only`` some; small sizes by default, ``--full`` the sizes that the limits name."""

import argparse
import sys

from tests.bench import (
    console,
    export_rows,
    import_rows,
    keyset,
    ledger_page,
    one_change,
    past_page,
    policy,
    public_list,
    word_search,
)
from tests.bench.frame import Row, show


def imported(full: bool) -> Row:
    """The import's row, with its memory as a note; more memory than the limit counts as not holding."""
    measured = import_rows.run(full)
    fits = measured["memory_mb"] <= measured["memory_limit_mb"]
    return Row(
        import_rows.NAME,
        f"{import_rows.ROWS[full]:,} rows",
        measured["ours"],
        measured["baseline"],
        "seconds",
        measured["ratio"] if fits else float("inf"),
        measured["limit"],
        "at most",
        f"{measured['memory_mb']} MB of at most {measured['memory_limit_mb']} MB",
    )


ROWS = {
    "ledger_page": ledger_page.run,
    "import": imported,
    "export": export_rows.run,
    "one_change": one_change.run,
    "past_page": past_page.run,
    "public_list": public_list.run,
    "console_totals": console.run,
    "keyset": keyset.run,
    "word_search": word_search.run,
    "policy_question": policy.question,
    "policy_loading": policy.loading,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--only", nargs="*", choices=sorted(ROWS), default=sorted(ROWS))
    chosen = parser.parse_args()
    rows: list[Row] = []
    for name in chosen.only:
        print(f"measuring {name} …", file=sys.stderr, flush=True)
        rows.append(ROWS[name](chosen.full))
    show(rows, chosen.json)
    return 0 if all(row.holds for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
