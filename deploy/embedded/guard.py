"""The guard of a run: a small process that waits for its supervisor to die, however it dies, and then tidies up.

The parent-death signal reaches the children alone; what they have started themselves (web and queue workers) is ended
here. Should the guard be killed too, the next start does the same from the same register.
"""

from __future__ import annotations

import signal
import sys
from contextlib import suppress
from pathlib import Path

from deploy.embedded.errors import PartFailureError
from deploy.embedded.leftovers import RunLock, clear_leftovers


def main(run_dir: Path) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    sys.stdin.buffer.read()  # returns when the supervisor's end of the pipe is gone
    lock = RunLock(run_dir)
    with suppress(PartFailureError):  # a new run has the lock and has cleared for itself
        lock.acquire("guard", seconds=2.0)  # the dying holder may have closed our pipe before its lock
        clear_leftovers(run_dir)
        lock.release()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
