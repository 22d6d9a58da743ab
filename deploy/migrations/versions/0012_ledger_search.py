"""Search by initials and by given names; saved views of the ledger.

Revision ID: 0012
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from alembic import op
from pypinyin import Style, lazy_pinyin
from sqlalchemy import Connection, text

from deploy.migrations.form import for_maintenance, grant, protect, scope

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

TABLES = """
alter table app.achievement_gram alter column gram type VARCHAR(4);
comment on column app.achievement_gram.gram is 'two characters of the name; three initials behind a mark';
alter table app.person add column name_rest VARCHAR(80) GENERATED ALWAYS AS (substr(name, 2)) STORED;
comment on column app.person.name_rest is 'without the first character, to be found by it';
CREATE INDEX person_name_rest_idx ON app.person (tenant_id, name_rest) WHERE name_rest is not null;

CREATE TABLE app.ledger_view (
  tenant_id UUID NOT NULL,
  id UUID NOT NULL,
  person_id UUID NOT NULL,
  name VARCHAR(40) NOT NULL,
  shared BOOLEAN DEFAULT 'false' NOT NULL,
  query JSONB NOT NULL,
  columns TEXT[],
  saved_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  CONSTRAINT ledger_view_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT ledger_view_tenant_id_person_id_name_key UNIQUE (tenant_id, person_id, name),
  CONSTRAINT ledger_view_tenant_id_person_id_fkey FOREIGN KEY(tenant_id, person_id) REFERENCES app.person (tenant_id, id)
);
comment on column app.ledger_view.person_id is 'whose it is';
comment on column app.ledger_view.query is 'filters and order, as an address has them';
comment on column app.ledger_view.columns is 'empty: those of the list';
"""

_NAMED = (
    "select a.tenant_id, a.id, a.name from app.achievement a where a.state <> 'revoked' "
    "and (a.tenant_id, a.id) > (cast(:tenant as uuid), cast(:id as uuid)) order by a.tenant_id, a.id limit 5000"
)
_FILLED = (
    "insert into app.achievement_gram (tenant_id, gram, achievement_id) "
    "select * from unnest(cast(:tenants as uuid[]), cast(:words as text[]), cast(:ids as uuid[]))"
)
_NEW = ("achievement", "achievement_gram")

# How words were made of a name when this was landed; what the product does later is the business of later migrations.
_BLANK_OR_INVISIBLE = re.compile("[\\s\u200b-\u200f\u2060\ufeff\u00ad]+")
_MARK = "\u200b"
_READINGS = 8
_PAIRS = (
    "重cz", "行xh", "长cz", "调td", "传cz", "参cs", "弹dt", "降jx", "率ls", "单ds", "系xj", "校xj", "石sd",
    "藏cz", "解jx", "盛sc", "乐ly", "提td", "壳kq", "给gj", "车cj", "曾zc", "折zs", "厦sx", "仇cq", "召zs",
    "尉wy", "查cz", "洗xs", "尺cz", "省sx", "识sz", "属sz", "朝cz", "畜cx", "会hk", "巷xh", "轧zy",
)  # fmt: skip
_SECOND = {pair[0]: pair[1:] for pair in _PAIRS}


def upgrade() -> None:
    op.execute(TABLES)
    protect("ledger_view")
    scope("ledger_view", "web_institution", "all", "tenant_id")
    grant("select, insert, update, delete", "ledger_view", "web_institution")
    for_maintenance("ledger_view")
    fill(op.get_bind())


@lru_cache(maxsize=30_000)
def _letters(char: str) -> str:
    if char in _SECOND:
        return _SECOND[char]
    if char > "\u2fff":
        char = lazy_pinyin(char, style=Style.FIRST_LETTER)[0]
    return char if len(char) == 1 and char.isascii() and char.isalnum() else ""


def initial_words(name: str) -> set[str]:
    """Every three neighbours of a name's initials behind the mark, and the last two; up to eight ways to read it."""
    readings = [""]
    for char in _BLANK_OR_INVISIBLE.sub("", unicodedata.normalize("NFKC", name).casefold()):
        letters = _letters(char)
        if len(letters) > 1 and len(readings) * len(letters) <= _READINGS:
            readings = [one + letter for one in readings for letter in letters]
        elif letters:
            readings = [one + letters[0] for one in readings]
    return {
        _MARK + reading[place : place + 3]
        for reading in " ".join(readings).split()
        for place in range(max(len(reading) - 1, 0))
    }


def fill(connection: Connection) -> None:
    """Write the initials of every name that is in the ledger: within this transaction its owner sees the rows of all."""
    for table in _NEW:
        op.execute(f"alter table app.{table} no force row level security")
    for rows in _portions(connection):
        found = [(tenant, word, row) for tenant, row, name in rows for word in sorted(initial_words(name))]
        if found:
            tenants, words, ids = zip(*found, strict=True)
            connection.execute(text(_FILLED), {"tenants": list(tenants), "words": list(words), "ids": list(ids)})
    for table in _NEW:
        op.execute(f"alter table app.{table} force row level security")


def _portions(connection: Connection) -> Iterator[list[tuple[str, str, str]]]:
    place = ("00000000-0000-0000-0000-000000000000",) * 2
    while rows := connection.execute(text(_NAMED), {"tenant": place[0], "id": place[1]}).fetchall():
        yield [(str(tenant), str(row), name) for tenant, row, name in rows]
        place = (str(rows[-1][0]), str(rows[-1][1]))
