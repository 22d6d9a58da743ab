"""What a disclosure said each time that it was handed in; what each change did to the totals of every day.

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

CREATE TABLE app.ledger_total_change (
  tenant_id UUID NOT NULL,
  dimension VARCHAR(20) NOT NULL,
  day DATE NOT NULL,
  known_on DATE NOT NULL,
  first VARCHAR(40) NOT NULL,
  second VARCHAR(40) DEFAULT '' NOT NULL,
  n BIGINT NOT NULL,
  n_valued BIGINT NOT NULL,
  sum NUMERIC(24, 2) NOT NULL,
  province_id UUID NOT NULL,
  department_id UUID NOT NULL,
  changed_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  CONSTRAINT ledger_total_change_pkey PRIMARY KEY (tenant_id, dimension, day, known_on, first, second),
  CONSTRAINT ledger_total_change_tenant_id_province_id_fkey FOREIGN KEY(tenant_id, province_id) REFERENCES app.organisation (id, province_id)
);
CREATE INDEX ledger_total_change_province_id_idx ON app.ledger_total_change (province_id, changed_at);
CREATE INDEX ledger_total_change_department_id_idx ON app.ledger_total_change (department_id);

CREATE TABLE app.department_total_change (
  department_id UUID NOT NULL,
  dimension VARCHAR(20) NOT NULL,
  day DATE NOT NULL,
  known_on DATE NOT NULL,
  first VARCHAR(40) NOT NULL,
  second VARCHAR(40) DEFAULT '' NOT NULL,
  n BIGINT NOT NULL,
  n_valued BIGINT NOT NULL,
  sum NUMERIC(24, 2) NOT NULL,
  province_id UUID NOT NULL,
  rolled_up_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT department_total_change_pkey PRIMARY KEY (department_id, dimension, day, known_on, first, second),
  CONSTRAINT department_total_change_department_id_province_id_fkey FOREIGN KEY(department_id, province_id) REFERENCES app.organisation (id, province_id)
);
CREATE INDEX department_total_change_province_id_idx ON app.department_total_change (province_id, dimension, day);
comment on column app.ledger_total_change.dimension is 'status, stage, mode, or a pair: type_status …';
comment on column app.ledger_total_change.day is 'legal day from which on it counts';
comment on column app.ledger_total_change.known_on is 'real day since which it is known';
comment on column app.ledger_total_change.n is 'how many more, or fewer';
comment on column app.department_total_change.dimension is 'status, stage, mode, or a pair: type_status …';
comment on column app.department_total_change.day is 'legal day from which on it counts';
comment on column app.department_total_change.known_on is 'real day since which it is known';
comment on column app.department_total_change.n is 'how many more, or fewer';
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
# Every version adds its cells from its first day on and takes them away from its last, since the day on which it became known;
# once it is no longer known, the other way round. What is quarantined counts on no day.
COUNTED = """
insert into app.ledger_total_change (tenant_id, province_id, department_id, dimension, day, known_on, first, second, n, n_valued, sum)
select v.tenant_id, o.province_id, o.department_id, cell.dimension, edge.day,
  (known.at at time zone 'Asia/Shanghai')::date, cell.first, cell.second,
  sum(known.sign * edge.sign), coalesce(sum(known.sign * edge.sign) filter (where v.value is not null), 0),
  coalesce(sum(known.sign * edge.sign * v.value), 0)
from app.achievement_version v
join app.achievement a on a.tenant_id = v.tenant_id and a.id = v.id and a.state <> 'quarantined'
join app.organisation o on o.id = v.tenant_id
cross join lateral (values (lower(v.recorded), 1), (upper(v.recorded), -1)) as known (at, sign)
cross join lateral (values (lower(v.held), 1), (upper(v.held), -1)) as edge (day, sign)
cross join lateral (values
  ('status', v.status, ''), ('stage', coalesce(v.stage_recognised, ''), ''), ('mode', coalesce(v.mode, ''), ''),
  ('type_status', v.type, v.status),
  ('status_year', v.status, coalesce(extract(year from v.obtained_on)::int::text, ''))) as cell (dimension, first, second)
where v.state = 'registered' and not isempty(v.recorded) and known.at is not null and edge.day is not null
  and o.department_id is not null
group by 1, 2, 3, 4, 5, 6, 7, 8
"""
ROLLED_UP = """
insert into app.department_total_change (department_id, province_id, dimension, day, known_on, first, second, n, n_valued, sum,
  rolled_up_at)
select t.department_id, t.province_id, dimension, day, known_on, first, second, sum(n), sum(n_valued), sum(sum), clock_timestamp()
from app.ledger_total_change t join app.organisation o on o.id = t.tenant_id and o.kind <> 'training'
group by 1, 2, 3, 4, 5, 6, 7
"""
READ = ("disclosure", "disclosure_completer", "workflow_event", "achievement_version", "achievement", "organisation")
CHANGES, ADDED = "ledger_total_change", "department_total_change"
# Never by pairs: those an authority reads added up.
SINGLE = "dimension::text = 'status'"


def upgrade() -> None:
    op.execute(TABLES)
    fill()
    protect("disclosure_statement", CHANGES, ADDED)
    scope(("disclosure_statement", CHANGES), ("web_institution", "worker"), "all", "tenant_id")
    scope(CHANGES, "worker_rollup", "select", "province_id")
    scope(CHANGES, "web_science", "select", "province_id", SINGLE)
    scope(CHANGES, "web_department", "select", "department_id", SINGLE)
    scope(ADDED, "worker_rollup", "all", "province_id")
    scope(ADDED, "web_science", "select", "province_id")
    scope(ADDED, "web_department", "select", "department_id")
    grant("select, insert, update (said)", "disclosure_statement", "web_institution")
    grant("select, insert", "disclosure_statement", "worker")
    grant("select, insert, update", CHANGES, ("web_institution", "worker"))
    grant("select", CHANGES, ("worker_rollup", "web_science", "web_department"))
    grant("select, insert, update", ADDED, "worker_rollup")
    grant("select", ADDED, ("web_science", "web_department"))
    for_maintenance("disclosure_statement", CHANGES, ADDED)


def fill() -> None:
    """Within this transaction the tables' owner sees the rows of all."""
    for table in READ:
        op.execute(f"alter table app.{table} no force row level security")
    for step in (FILLED, COUNTED, ROLLED_UP):
        op.execute(step)
    for table in READ:
        op.execute(f"alter table app.{table} force row level security")
