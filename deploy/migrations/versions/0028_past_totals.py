"""What a disclosure said each time that it was handed in.

Revision ID: 0028
"""

from alembic import op

from deploy.migrations.form import for_maintenance, grant, protect, scope

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE app.disclosure_statement (
  tenant_id UUID NOT NULL,
  disclosure_id UUID NOT NULL,
  number SMALLINT NOT NULL,
  said JSONB,
  at TIMESTAMP WITH TIME ZONE NOT NULL,
  recorded_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  CONSTRAINT disclosure_statement_pkey PRIMARY KEY (tenant_id, disclosure_id, number),
  CONSTRAINT disclosure_statement_tenant_id_disclosure_id_fkey FOREIGN KEY(tenant_id, disclosure_id) REFERENCES app.disclosure (tenant_id, id)
);
comment on column app.disclosure_statement.number is '1, 2, 3 …: each time it was handed in, or taken back';
comment on column app.disclosure_statement.said is 'what it said, field to text; the team as ids and shares; empty once it is wiped';
comment on column app.disclosure_statement.at is 'legal instant';
"""

# What is known of those that are there already. What stands is what was said when it was last handed in, or taken back;
# a disclosure that came back says besides what it had said before. Of earlier rounds nothing was kept.
FILLED = """
with acted as (
  select d.tenant_id, d.id, e.event, e.at, e.recorded_at,
    lag(e.at) over one as before_at, lag(e.recorded_at) over one as before_recorded_at,
    row_number() over (partition by d.tenant_id, d.id, e.event order by e.recorded_at desc) as place
  from app.disclosure d join app.workflow_event e on e.tenant_id = d.tenant_id and e.case_kind = 'disclosure'
    and e.case_id = d.id and e.event in ('submitted', 'returned', 'withdrawn')
  where d.name is not null
  window one as (partition by d.tenant_id, d.id order by e.recorded_at)),
kept as (
  select a.tenant_id, a.id, a.before_at as at, a.before_recorded_at as recorded_at, d.returned_as as said
  from acted a join app.disclosure d on d.tenant_id = a.tenant_id and d.id = a.id
  where a.event = 'returned' and a.place = 1 and a.before_at is not null and d.returned_as is not null
  union all
  select a.tenant_id, a.id, a.at, a.recorded_at, jsonb_strip_nulls(jsonb_build_object(
      'name', d.name, 'type', d.type, 'technical_field', d.technical_field, 'form', d.form, 'stage', d.stage,
      'market_prospect', d.market_prospect, 'funding', d.funding, 'evidence', to_jsonb(nullif(d.evidence, '{}')),
      'evidence_elsewhere', d.evidence_elsewhere, 'right_number', d.right_number, 'obtained_on', d.obtained_on,
      'college', d.college, 'remark', d.remark))
    || jsonb_build_object('more', coalesce(d.more, '{}'), 'team', coalesce((
      select jsonb_agg(jsonb_build_array(c.person_id, case when c.share_denominator = 1 then c.share_numerator::text
        else c.share_numerator || '/' || c.share_denominator end) order by c.position)
      from app.disclosure_completer c where c.tenant_id = d.tenant_id and c.disclosure_id = d.id), '[]'))
  from acted a join app.disclosure d on d.tenant_id = a.tenant_id and d.id = a.id
  where a.place = 1 and a.event = case when d.state = 'withdrawn' then 'withdrawn' else 'submitted' end
    and d.state in ('submitted', 'registered', 'withdrawn'))
insert into app.disclosure_statement (tenant_id, disclosure_id, number, said, at, recorded_at)
select tenant_id, id, row_number() over (partition by tenant_id, id order by recorded_at), said, at, recorded_at from kept
"""
READ = ("disclosure", "disclosure_completer", "workflow_event", "disclosure_statement")


def upgrade() -> None:
    op.execute(TABLES)
    fill()
    protect("disclosure_statement")
    scope("disclosure_statement", ("web_institution", "worker"), "all", "tenant_id")
    grant("select, insert, update (said)", "disclosure_statement", "web_institution")
    grant("select, insert", "disclosure_statement", "worker")
    for_maintenance("disclosure_statement")


def fill() -> None:
    """Within this transaction the tables' owner sees the rows of all."""
    before = READ[:-1]
    for table in before:
        op.execute(f"alter table app.{table} no force row level security")
    op.execute(FILLED)
    for table in before:
        op.execute(f"alter table app.{table} force row level security")
