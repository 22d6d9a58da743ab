"""Search words stand in the order of the list by date: the first rows with a word are read without the others.

Revision ID: 0027
"""

from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

# The key is taken off before the rows are written anew and made once afterwards, over all of them.
WIDER = """
alter table app.achievement_gram drop constraint achievement_gram_pkey;
alter table app.achievement_gram add column obtained_key DATE, add column number INTEGER;
comment on column app.achievement_gram.obtained_key is 'as the achievement has it';
comment on column app.achievement_gram.number is 'as the achievement has it';
"""
FILLED = (
    "update app.achievement_gram g set obtained_key = a.obtained_key, number = a.number from app.achievement a "
    "where a.tenant_id = g.tenant_id and a.id = g.achievement_id"
)
# Nothing referred to words; one that belongs to no achievement finds nothing.
KEYED = """
delete from app.achievement_gram where number is null;
alter table app.achievement_gram alter column obtained_key set not null, alter column number set not null,
  add constraint achievement_gram_pkey PRIMARY KEY (tenant_id, gram, obtained_key, number, achievement_id);
"""
_READ = ("achievement", "achievement_gram")


def upgrade() -> None:
    """Give every word its achievement's date and number; within this transaction the owner sees the rows of all."""
    op.execute(WIDER)
    for table in _READ:
        op.execute(f"alter table app.{table} no force row level security")
    op.execute(FILLED)
    op.execute(KEYED)
    for table in _READ:
        op.execute(f"alter table app.{table} force row level security")
