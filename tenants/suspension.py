"""A suspended tenant reads and exports, and writes nothing: held by the database itself, since its transactions are read-only.

The guard here answers before anything is begun; a route that exports says ``"while_suspended": True``. What reading has to
leave in the log all the same is noted right after it, by ``shared.db.transaction.note_afterwards``.
"""

from typing import Any

from litestar import Request

from shared.errors import Suspended

STAYS_OPEN = {"while_suspended": True}
"""The part of a route's ``opt`` by which it stays open: it hands out what is there, or ends a session."""


def regardless(request: Request[Any, Any, Any], suspended: bool, writing: bool) -> bool:
    """Whether a request's transaction is entered as if the tenant were not suspended.

    :raises Suspended: it would write.
    """
    if not suspended or not writing:
        return False
    if not request.route_handler.opt.get("while_suspended"):
        raise Suspended
    return True
