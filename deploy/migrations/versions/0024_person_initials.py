"""People are found by the initials of their names: kept by the database beside the name, gone with it.

Revision ID: 0024
"""

from alembic import op
from pypinyin import Style, lazy_pinyin

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

# As family names, where the dictionary of single characters knows the commoner reading first.
FAMILY = {"单": "s", "曾": "z", "解": "x", "仇": "q", "查": "z", "盖": "g", "乐": "y", "朴": "p", "区": "o", "冼": "x"}
WRITERS = "web_public, web_institution, web_science, web_department, web_finance, web_operator, worker, worker_rollup, maintenance"


def characters() -> list[str]:
    """The characters of GB 2312, the common ones first: a name is looked up from the front."""
    found = []
    for high in range(0xB0, 0xF8):
        for low in range(0xA1, 0xFF):
            try:
                found.append(bytes((high, low)).decode("gb2312"))
            except UnicodeDecodeError:
                continue
    return found


def upgrade() -> None:
    known = characters()
    letters = [FAMILY.get(one) or lazy_pinyin(one, style=Style.FIRST_LETTER)[0][:1] for one in known]
    op.execute(
        "create function app.initials_of(name text) returns text language sql immutable strict parallel safe as "
        f"$$ select translate(lower(name), '{''.join(known)} ·', '{''.join(letters)}') $$"
    )
    op.execute(f"grant execute on function app.initials_of(text) to {WRITERS}")
    op.execute(
        """
ALTER TABLE app.person ADD COLUMN name_initials VARCHAR(80) GENERATED ALWAYS AS (app.initials_of(name)) STORED;
comment on column app.person.name_initials is 'how the name sounds, to be found by it';
CREATE INDEX person_name_initials_idx ON app.person (tenant_id, name_initials) WHERE name_initials is not null;
"""
    )
