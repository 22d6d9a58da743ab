"""A session's tokens are renewed while it lives, by one request at a time.

Revision ID: 0022
"""

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

FUNCTIONS = """
drop function app.touch_session(bytea);
-- holds the row until the transaction ends: the other requests of the same session wait, and then see what this one did
create function app.hold_session(token_hash bytea)
  returns table (tokens bytea, seen_at timestamptz)
  language sql volatile security definer set search_path = pg_catalog, pg_temp
  as $$ select s.tokens, s.seen_at from app.session s where s.token_hash = hold_session.token_hash for update $$;
create function app.renew_session(token_hash bytea, tokens bytea) returns void language sql volatile
  security definer set search_path = pg_catalog, pg_temp
  as $$ update app.session s set tokens = renew_session.tokens, seen_at = clock_timestamp()
        where s.token_hash = renew_session.token_hash $$;
"""


def upgrade() -> None:
    op.execute(FUNCTIONS)
    op.execute("grant execute on function app.hold_session(bytea), app.renew_session(bytea, bytea) to web")
