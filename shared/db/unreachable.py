"""What to tell a person at the command line when the database cannot be worked with."""

_BY_STATE = (
    ("28", "数据库拒绝登录：请检查账号和口令"),
    ("3D000", "没有这个数据库：请检查地址，或先建立数据库"),
    ("3F000", "数据库还没有建立结构：请先运行 chengguo migrate"),
    ("42P01", "数据库结构不是最新：请先运行 chengguo migrate"),
    ("42883", "数据库结构不是最新：请先运行 chengguo migrate"),
    ("42501", "数据库账号的权限不足：请检查是否用了规定的账号"),
    ("53100", "数据库所在磁盘已满：请清理后重试"),
    ("53", "数据库资源不足：请稍后重试"),
    ("57P", "数据库正在启动或停止：请稍后重试"),
    ("08", "数据库无法连接：请检查地址，以及数据库是否在运行"),
)


def database_trouble(error: BaseException) -> str | None:
    """A sentence in Chinese for what an administrator can put right; None for a fault of the program's own.

    ``error`` is what a driver (psycopg, or asyncpg behind SQLAlchemy) or the operating system has raised.
    """
    state = getattr(error, "sqlstate", None) or getattr(error, "pgcode", None) or ""
    said = next((words for prefix, words in _BY_STATE if state.startswith(prefix)), None)
    if said is None and not state and _no_connection(error):
        said = "数据库无法连接：请检查地址、账号和口令，以及数据库是否在运行"
    return f"{said}（{_first_line(error)}）" if said else None


def _no_connection(error: BaseException) -> bool:
    """psycopg gives no state while connecting."""
    return isinstance(error, ConnectionError) or type(error).__name__ in ("OperationalError", "ConnectionTimeout")


def _first_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
