"""Negative lists and pilots.

Revision ID: 0003
"""

from alembic import op

from deploy.migrations.form import for_maintenance, grant, protect, scope

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE app.list_item (
  id UUID NOT NULL,
  province_id UUID NOT NULL,
  kind VARCHAR(40) NOT NULL,
  code VARCHAR(40) NOT NULL,
  category VARCHAR(60) NOT NULL,
  decided_on DATE NOT NULL,
  published_at TIMESTAMP WITH TIME ZONE NOT NULL,
  effective_on DATE NOT NULL,
  ended_on DATE,
  CONSTRAINT list_item_pkey PRIMARY KEY (id),
  CONSTRAINT list_item_province_id_code_key UNIQUE (province_id, code),
  CONSTRAINT list_item_id_province_id_key UNIQUE (id, province_id),
  CONSTRAINT list_item_province_id_fkey FOREIGN KEY(province_id) REFERENCES app.province (province_id)
);
CREATE INDEX list_item_published_at_idx ON app.list_item (published_at);
comment on column app.list_item.code is 'permanent, in public addresses';
comment on column app.list_item.category is 'the pack''s screening category';
comment on column app.list_item.ended_on is 'the first day on which it is no longer listed';

CREATE TABLE app.list_version (
  id UUID NOT NULL,
  province_id UUID NOT NULL,
  kind VARCHAR(40) NOT NULL,
  rule VARCHAR(60) NOT NULL,
  owner VARCHAR(12) NOT NULL,
  purpose VARCHAR(200) NOT NULL,
  number INTEGER NOT NULL,
  title VARCHAR(120) NOT NULL,
  state VARCHAR(12) NOT NULL,
  basis JSONB NOT NULL,
  draft JSONB NOT NULL,
  drafted_at TIMESTAMP WITH TIME ZONE NOT NULL,
  decided_on DATE,
  published_at TIMESTAMP WITH TIME ZONE,
  effective_on DATE,
  ended_on DATE,
  content TEXT,
  hash VARCHAR(64),
  changed_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  CONSTRAINT list_version_pkey PRIMARY KEY (id),
  CONSTRAINT list_version_province_id_kind_number_key UNIQUE (province_id, kind, number),
  CONSTRAINT list_version_id_province_id_key UNIQUE (id, province_id),
  CONSTRAINT list_version_province_id_fkey FOREIGN KEY(province_id) REFERENCES app.province (province_id),
  CONSTRAINT list_version_published_check CHECK ((state = 'published') = (published_at is not null) and (published_at is null or (decided_on is not null and effective_on is not null and content is not null and hash is not null)))
);
CREATE UNIQUE INDEX list_version_open_key ON app.list_version (province_id, kind) WHERE published_at is null;
CREATE INDEX list_version_published_at_idx ON app.list_version (published_at);
comment on column app.list_version.kind is 'in public addresses';
comment on column app.list_version.rule is 'the pack''s entry under negative_lists';
comment on column app.list_version.owner is 'province; lists of a unit are another table';
comment on column app.list_version.basis is 'citation: document, article, quote, pack and its version';
comment on column app.list_version.draft is 'prefix of new codes, and items: code, category, title, note, mark';
comment on column app.list_version.ended_on is 'the first day on which it is no longer in force';
comment on column app.list_version.content is 'the canonical JSON of the published version, as it is downloaded';
comment on column app.list_version.hash is 'SHA-256 of the content';

CREATE TABLE app.list_consultation (
  id UUID NOT NULL,
  province_id UUID NOT NULL,
  version_id UUID NOT NULL,
  kind VARCHAR(40) NOT NULL,
  number INTEGER NOT NULL,
  published_at TIMESTAMP WITH TIME ZONE NOT NULL,
  days INTEGER NOT NULL,
  last_day DATE NOT NULL,
  closed_at TIMESTAMP WITH TIME ZONE,
  received INTEGER,
  answered INTEGER,
  draft JSONB NOT NULL,
  hash VARCHAR(64) NOT NULL,
  CONSTRAINT list_consultation_pkey PRIMARY KEY (id),
  CONSTRAINT list_consultation_id_province_id_key UNIQUE (id, province_id),
  CONSTRAINT list_consultation_version_id_province_id_fkey FOREIGN KEY(version_id, province_id) REFERENCES app.list_version (id, province_id)
);
CREATE INDEX list_consultation_province_id_idx ON app.list_consultation (province_id, kind);
CREATE INDEX list_consultation_published_at_idx ON app.list_consultation (published_at);
comment on column app.list_consultation.received is 'opinions, counted at the close';
comment on column app.list_consultation.draft is 'title and items as they were put to the public';
comment on column app.list_consultation.hash is 'SHA-256 of the draft';

CREATE TABLE app.list_proceeding (
  tenant_id UUID NOT NULL,
  id UUID NOT NULL,
  province_id UUID NOT NULL,
  version_id UUID NOT NULL,
  kind VARCHAR(20) NOT NULL,
  held_on DATE NOT NULL,
  participants TEXT NOT NULL,
  opinion TEXT NOT NULL,
  considerations JSONB,
  document VARCHAR(200) NOT NULL,
  actor_id UUID,
  recorded_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  CONSTRAINT list_proceeding_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT list_proceeding_tenant_id_province_id_fkey FOREIGN KEY(tenant_id, province_id) REFERENCES app.organisation (id, province_id),
  CONSTRAINT list_proceeding_version_id_province_id_fkey FOREIGN KEY(version_id, province_id) REFERENCES app.list_version (id, province_id)
);
CREATE INDEX list_proceeding_province_id_idx ON app.list_proceeding (province_id);
CREATE INDEX list_proceeding_version_idx ON app.list_proceeding (tenant_id, version_id);
comment on column app.list_proceeding.kind is 'review or determination';
comment on column app.list_proceeding.participants is 'units and numbers of experts, no names of persons';
comment on column app.list_proceeding.considerations is 'what the pack asks to weigh, and what was said of it';
comment on column app.list_proceeding.document is 'name or number of the minutes';

CREATE TABLE app.list_wording (
  version_id UUID NOT NULL,
  item_id UUID NOT NULL,
  province_id UUID NOT NULL,
  position INTEGER NOT NULL,
  title VARCHAR(200) NOT NULL,
  note TEXT NOT NULL,
  mark VARCHAR(12) NOT NULL,
  published_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT list_wording_pkey PRIMARY KEY (version_id, item_id),
  CONSTRAINT list_wording_version_id_province_id_fkey FOREIGN KEY(version_id, province_id) REFERENCES app.list_version (id, province_id),
  CONSTRAINT list_wording_item_id_province_id_fkey FOREIGN KEY(item_id, province_id) REFERENCES app.list_item (id, province_id)
);
CREATE INDEX list_wording_item_id_idx ON app.list_wording (item_id);
CREATE INDEX list_wording_province_id_idx ON app.list_wording (province_id);
CREATE INDEX list_wording_published_at_idx ON app.list_wording (published_at);

CREATE TABLE app.pilot_membership (
  tenant_id UUID NOT NULL,
  id UUID NOT NULL,
  province_id UUID NOT NULL,
  guideline VARCHAR(20) NOT NULL,
  held DATERANGE NOT NULL,
  document VARCHAR(200) NOT NULL,
  selected_on DATE NOT NULL,
  ended_by VARCHAR(200),
  changed_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  CONSTRAINT pilot_membership_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT pilot_membership_tenant_id_province_id_fkey FOREIGN KEY(tenant_id, province_id) REFERENCES app.organisation (id, province_id),
  CONSTRAINT pilot_membership_held_excl EXCLUDE USING gist (tenant_id WITH =, guideline WITH =, held WITH &&)
);
CREATE INDEX pilot_membership_province_id_idx ON app.pilot_membership (province_id);
comment on column app.pilot_membership.guideline is 'empowerment or ledger';
comment on column app.pilot_membership.held is 'from the first day; open until the membership is ended';
comment on column app.pilot_membership.document is 'the selection''s title or number';
comment on column app.pilot_membership.ended_by is 'the document that ended it';

CREATE TABLE app.list_opinion (
  tenant_id UUID NOT NULL,
  id UUID NOT NULL,
  province_id UUID NOT NULL,
  consultation_id UUID NOT NULL,
  receipt VARCHAR(24) NOT NULL,
  channel VARCHAR(12) NOT NULL,
  item_code VARCHAR(40),
  body TEXT NOT NULL,
  received_at TIMESTAMP WITH TIME ZONE NOT NULL,
  answer TEXT,
  adopted VARCHAR(12),
  answered_at TIMESTAMP WITH TIME ZONE,
  answered_by UUID,
  CONSTRAINT list_opinion_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT list_opinion_tenant_id_receipt_key UNIQUE (tenant_id, receipt),
  CONSTRAINT list_opinion_tenant_id_province_id_fkey FOREIGN KEY(tenant_id, province_id) REFERENCES app.organisation (id, province_id),
  CONSTRAINT list_opinion_consultation_id_province_id_fkey FOREIGN KEY(consultation_id, province_id) REFERENCES app.list_consultation (id, province_id),
  CONSTRAINT list_opinion_answered_check CHECK ((answer is null) = (answered_at is null))
);
CREATE INDEX list_opinion_province_id_idx ON app.list_opinion (province_id);
CREATE INDEX list_opinion_unanswered_idx ON app.list_opinion (tenant_id, consultation_id) WHERE answered_at is null;
comment on column app.list_opinion.receipt is 'what the sender keeps';
comment on column app.list_opinion.body is 'as sent: text, never markup';
comment on column app.list_opinion.received_at is 'legal instant';
comment on column app.list_opinion.adopted is 'adopted, partly or not';
"""

GLOBAL = ("list_version", "list_item", "list_wording", "list_consultation")
OWN = ("list_proceeding", "list_opinion")
READERS = ("web_public", "web_institution", "web_department", "web_finance", "worker")


def upgrade() -> None:
    op.execute(TABLES)
    protect(*GLOBAL, *OWN, "pilot_membership")
    scope(GLOBAL, READERS, "select", "province_id", "published_at is not null")
    scope(GLOBAL, "web_science", "all", "province_id")
    scope(OWN, "web_science", "all", "province_id")
    scope(OWN, "worker", "select", "tenant_id")
    scope("list_opinion", "web_public", "insert", "tenant_id")
    scope("pilot_membership", ("web_institution", "worker"), "select", "tenant_id")
    scope("pilot_membership", ("web_public",), "select", "province_id")
    scope("pilot_membership", "web_science", "all", "province_id")

    grant("select", GLOBAL, (*READERS, "web_science"))
    grant("insert", GLOBAL, "web_science")
    grant(
        "update (title, state, draft, decided_on, published_at, effective_on, ended_on, content, hash, changed_at)",
        "list_version",
        "web_science",
    )
    grant("update (ended_on)", "list_item", "web_science")
    grant("update (closed_at, received, answered)", "list_consultation", "web_science")
    grant("select, insert", OWN, "web_science")
    grant("update (answer, adopted, answered_at, answered_by)", "list_opinion", "web_science")
    grant("select", OWN, "worker")
    grant("insert", "list_opinion", "web_public")
    grant("select", "pilot_membership", ("web_institution", "worker", "web_science"))
    # The selection is public; who ended it by which paper is not shown there.
    grant("select (tenant_id, province_id, guideline, held, document, selected_on)", "pilot_membership", "web_public")
    grant("insert, update (held, ended_by, changed_at)", "pilot_membership", "web_science")
    # An opinion takes from its address's bucket in its own transaction: what is refused leaves nothing behind.
    op.execute("grant execute on function app.take_from_bucket(text, double precision, double precision) to web_public")
    for_maintenance(*GLOBAL, *OWN, "pilot_membership")
