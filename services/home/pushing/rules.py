"""How often and when a delivery is tried again; numbers of the platform's own."""

ATTEMPTS_AT_MOST = 8
_FIRST_WAIT, _LONGEST_WAIT = 60, 4 * 3600  # seconds; eight attempts reach over two hours


def wait_after(attempts: int) -> int:
    """Seconds until the next attempt, after so many that failed: twice as long each time."""
    return min(_LONGEST_WAIT, _FIRST_WAIT << (attempts - 1))


def arrived(status: int) -> bool:
    """Whether an answer says that the other side has it."""
    return 200 <= status < 300
