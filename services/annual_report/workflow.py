"""The institution's verbs: freeze, write the parts, state figures, submit, resubmit. The only writers of the draft."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, func, insert, update
from sqlalchemy.dialects.postgresql import insert as upsert

from services.annual_report import queries, refusals, rules
from services.annual_report.addressing import Addressed, addressed, say_who_is_absent
from services.annual_report.figures import COLUMNS, STATABLE
from services.annual_report.freezing import write_rows_and_figures
from services.annual_report.models import (
    REPORT_STATES,
    annual_report,
    report_freeze,
    report_part,
    report_stated,
    report_submission,
)
from services.annual_report.payload import changes_between, file_of
from services.annual_report.queries import CASE
from services.annual_report.rules import Asked
from services.annual_report.standing import OPEN, Standing, standing
from shared.audit.writing import write_audit
from shared.db.transaction import Transaction
from shared.errors import Refusal, lost_race
from shared.ids import new_id
from shared.ui.words import of_year
from shared.workflow import Move, Moves, move, record_decision, record_event, refuse, send
from tenants.registry import own_organisation
from tenants.training import KIND as TRAINING

WRITE, SUBMIT = "institution:report:write", "institution:report:submit"
REVIEW, FORWARD = "console:report:review", "console:report:forward"

MOVES = Moves(
    CASE,
    annual_report,
    REPORT_STATES,
    (
        Move("submit", frozenset({"draft"}), "submitted", "submitted", SUBMIT, "报送"),
        Move("resubmit", frozenset({"returned"}), "submitted", "resubmitted", SUBMIT, "重新报送"),
        Move("return_for_correction", frozenset({"submitted", "accepted"}), "returned", "returned", REVIEW, "退回修改"),
        Move("accept", frozenset({"submitted"}), "accepted", "accepted", REVIEW, "接收"),
        Move("forward", frozenset({"accepted"}), "forwarded", "forwarded", FORWARD, "汇总上报"),
    ),
    articles=("reports",),
)


async def freeze(tx: Transaction, report: str, year: int, *, reason: str = "") -> UUID | Refusal:
    """Freeze a year as of 31 December from what the ledger knows now; returns the report's id (rule 32).

    The first freeze opens the report; a further one is a correction with its reason and keeps the earlier one standing.

    :raises NotFound: no such report.
    """
    found = await _locked(tx, report, year)
    report_id = found.id if found.row is not None else new_id()
    await _decide(tx, found, found.form.asked, report_id)
    refusal = rules.may_freeze(found.form, tx.today, again=found.row is not None, reason=reason)
    if refusal is None and found.row is not None and found.row.state not in OPEN:
        refusal = refusals.not_open(found.form, REPORT_STATES[found.row.state], "冻结")
    if refusal is not None:
        return await refuse(tx, refusal, "annual_report.freeze", CASE, report_id)
    if found.row is None and not await _opened(tx, found, report_id):
        refusal = lost_race("该年度报告刚刚已由他人开始填报；请刷新页面查看")
        return await refuse(tx, refusal, "annual_report.freeze", CASE, report_id)
    number = (found.row.freeze_number if found.row is not None else 0) + 1
    known_at = await tx.recorded_now()
    await tx.execute(
        insert(report_freeze).values(
            tenant_id=tx.tenant_id,
            report_id=report_id,
            number=number,
            as_of=found.form.as_of,
            known_at=known_at,
            frozen_at=tx.now,
            reason=reason.strip() or None,
            actor_id=tx.actor.person_id,
        )
    )
    count = await write_rows_and_figures(tx, report_id, number, found.form.as_of, known_at)
    await _change(tx, report_id, freeze_number=number, due_on=found.form.unit_stage.due)
    details = {"number": number, "achievements": count, "known_at": known_at.isoformat()}
    await record_event(
        tx, CASE, report_id, "frozen" if number == 1 else "frozen_again", to_state="draft" if number == 1 else None,
        reason=reason.strip() or None, details=details,
    )  # fmt: skip
    await write_audit(tx, "annual_report.freeze", CASE, report_id, details=details)
    return report_id


async def _locked(tx: Transaction, report: str, year: int) -> Standing:
    """The report, locked; one that follows the newest version says since when it does, by an event of its own.

    :raises NotFound: no such report.
    """
    found = await standing(tx, report, year, lock=True)
    if found.row is not None and found.row.pack_version_id != found.governed.id:
        await _change(tx, found.id, pack_version_id=found.governed.id, form_version=found.form.version)
        details = {"from": str(found.row.pack_version_id), "to": str(found.governed.id)}
        await record_event(tx, CASE, found.id, "rules_followed", details=details)
    return found


async def _opened(tx: Transaction, found: Standing, report_id: UUID) -> bool:
    """Make the report's row; False when somebody else just did."""
    done = await tx.execute(
        upsert(annual_report)
        .values(
            tenant_id=tx.tenant_id,
            id=report_id,
            province_id=tx.province_id,
            department_id=tx.scope.department_id,
            report=found.form.code,
            year=found.form.year,
            form_version=found.form.version,
            pack_version_id=found.governed.id,
            created_at=tx.now,
        )
        .on_conflict_do_nothing()
    )
    return bool(done.rowcount)


async def _change(tx: Transaction, report_id: UUID, **values: Any) -> None:
    await tx.execute(
        update(annual_report)
        .where(annual_report.c.tenant_id == tx.tenant_id, annual_report.c.id == report_id)
        .values(**values)
    )


async def save_narrative(tx: Transaction, report: str, year: int, texts: Mapping[str, str]) -> Refusal | None:
    """Write the parts of the report that the pack's form has; others are passed over.

    :raises NotFound: no such report.
    """
    found = await _loaded(tx, report, year, "annual_report.save_narrative", "填写")
    if isinstance(found, Refusal):
        return found
    known = {one.code for one in found.form.contents}
    changed = sorted(code for code, words in texts.items() if code in known and found.texts.get(code, "") != words)
    for code in changed:
        statement = upsert(report_part).values(tenant_id=tx.tenant_id, report_id=found.id, code=code, text=texts[code])
        await tx.execute(
            statement.on_conflict_do_update(
                index_elements=["tenant_id", "report_id", "code"],
                set_={"text": statement.excluded.text, "changed_at": func.clock_timestamp()},
            )
        )
    await record_event(tx, CASE, found.id, "narrative_saved", details={"parts": changed})
    await write_audit(tx, "annual_report.save_narrative", CASE, found.id, details={"parts": changed})
    return None


async def state_figures(
    tx: Transaction, report: str, year: int, figures: Mapping[str, Mapping[str, int]], reason: str
) -> Refusal | None:
    """Report other figures than were counted, with the reason; ``figures`` by ``Line.key``, all five columns each.

    A line equal to the counted one is none. Sums are judged when the report is submitted, so that a draft may be uneven.

    :raises NotFound: no such report.
    """
    found = await _loaded(tx, report, year, "annual_report.state_figures", "更正数据")
    if isinstance(found, Refusal):
        return found
    counted = {line.key: dict(line.counted) if line.counted else line.figures for line in found.lines}
    other = {
        key: dict(line)
        for key, line in figures.items()
        if key.partition(":")[0] in STATABLE and dict(line) != counted.get(key, dict.fromkeys(COLUMNS, 0))
    }
    if other and not reason.strip():
        refusal = refusals.unlike_the_ledger(found.form, sorted(other), reason)
        return await refuse(tx, refusal, "annual_report.state_figures", CASE, found.id)
    table = report_stated
    await tx.execute(delete(table).where(table.c.tenant_id == tx.tenant_id, table.c.report_id == found.id))
    for key, line in other.items():
        dimension, _, value = key.partition(":")
        await tx.execute(
            insert(table).values(
                tenant_id=tx.tenant_id, report_id=found.id, dimension=dimension, value=value, **line,
                reason=reason.strip(), actor_id=tx.actor.person_id,
            )
        )  # fmt: skip
    await record_event(tx, CASE, found.id, "figures_stated", reason=reason.strip() or None, details={"lines": other})
    await write_audit(tx, "annual_report.state_figures", CASE, found.id, details={"lines": sorted(other)})
    return None


async def submit(
    tx: Transaction, report: str, year: int, recipients: Sequence[str] | None = None
) -> Sequence[UUID] | Refusal:
    """Hand the report over, one frozen row per recipient; returns their ids. After a return this is the next edition.

    ``recipients`` are authority codes, by default all that the pack names. Refused: a recipient that the pack does not
    name, sums that do not add up (all at once), missing texts, a second submission of the same year.

    :raises NotFound: no such report.
    """
    found = await _locked(tx, report, year)
    if found.row is None:
        return await refuse(tx, refusals.not_frozen(found.form, "报送"), "annual_report.submit", CASE, new_id())
    name = "resubmit" if found.row.state == "returned" else "submit"
    stage = found.form.unit_stage
    wanted = list(dict.fromkeys(recipients)) if recipients is not None else list(stage.recipients)
    due = rules.due(found.form, stage, found.given, found.traits, found.governed.pack, tx.today, tx.now)
    refusal = await _judged(tx, found, wanted, due)
    to = Addressed((), ())
    if refusal is None:
        to = await addressed(tx, stage, wanted, found.row.department_id)
        refusal = await say_who_is_absent(tx, found.form, to)
    if refusal is not None:
        return await _refuse(tx, refusal, name, found)
    edition = found.row.edition + 1
    content = found.content(late=bool(due.answer.values.get("late")))
    content["changes"] = changes_between(await queries.newest_content(tx, found.id), content)
    stopped = await move(
        tx, MOVES, found.id, name, found.row.state,
        changes={"edition": edition, "submitted_at": tx.now, "reviewed_at": None, "due_on": stage.due},
        details={"edition": edition, "recipients": wanted, "absent": list(to.absent), "changes": len(content["changes"])},
    )  # fmt: skip
    if stopped is not None:
        return await _refuse(tx, stopped, name, found)
    await _supersede(tx, found.id)
    title = f"{of_year(found.form.label, found.form.year)}已{'重新' if edition > 1 else ''}报送"
    href = f"/institution/reports/{year}/{report}"
    await send(tx, "message", {"to_permission": "institution:report:read", "title": title, "href": href})
    return [await _hand_over(tx, found, one, edition, content) for one in to.reached]


async def _judged(tx: Transaction, found: Standing, wanted: Sequence[str], due: Asked) -> Refusal | None:
    """Ask everything that a submission depends on, keep each decision, and give the gravest refusal."""
    assert found.row is not None
    pack = found.governed.pack
    name = "resubmit" if found.row.state == "returned" else "submit"
    own: Any = await own_organisation(tx)
    if own is not None and own.kind == TRAINING:
        return refusals.only_practised(found.form)
    if found.row.state not in OPEN:
        label = of_year(found.form.label, found.form.year)
        return refusals.already_submitted(found.form, label, REPORT_STATES[found.row.state])
    asked = [rules.may_send(found.form, rules.UNIT, to, pack, tx.today) for to in wanted]
    balance, further = rules.sums(found.lines, found.form.code, pack, tx.today)
    for one in (*asked, due, balance):
        await _decide(tx, found, one, found.id)
    barred = next((refused for one in asked if (refused := Refusal.of(one.answer))), None)
    if barred is None and not set(wanted) <= set(found.form.unit_stage.recipients):
        barred = refusals.not_a_recipient(found.form, wanted)
    return (
        barred
        or rules.unsound(balance, further)
        or rules.incomplete(found.form, found.texts)
        or MOVES.refusal(name, found.row.state)
    )


async def _supersede(tx: Transaction, report_id: UUID) -> None:
    """What was handed over before is no longer the report."""
    table = report_submission
    await tx.execute(
        update(table)
        .where(table.c.tenant_id == tx.tenant_id, table.c.report_id == report_id, table.c.state != "superseded")
        .values(state="superseded")
    )


async def _hand_over(tx: Transaction, found: Standing, to: Row[Any], edition: int, content: Mapping[str, Any]) -> UUID:
    assert found.row is not None
    submission_id = new_id()
    await tx.execute(
        insert(report_submission).values(
            tenant_id=tx.tenant_id,
            id=submission_id,
            province_id=tx.province_id,
            # a hand-over that concerns no department carries the sender here, so that no department reads it
            department_id=to.id if to.kind == "department" else tx.tenant_id,
            recipient_id=to.id,
            recipient_kind=to.kind,
            report_id=found.id,
            report=found.form.code,
            stage=found.form.unit_stage.code,
            year=found.form.year,
            edition=edition,
            payload=dict(content),
            files=[file_of(content)],
            submitted_at=tx.now,
        )
    )
    return submission_id


async def _loaded(tx: Transaction, report: str, year: int, action: str, verb: str) -> Standing | Refusal:
    """The report, locked and open for writing; else the refusal, already audited."""
    found = await _locked(tx, report, year)
    if found.row is None:
        return await refuse(tx, refusals.not_frozen(found.form, verb), action, CASE, new_id())
    if found.row.state not in OPEN:
        closed = refusals.not_open(found.form, REPORT_STATES[found.row.state], verb)
        return await refuse(tx, closed, action, CASE, found.id, version_id=found.governed.id)
    await _decide(tx, found, found.form.asked, found.id)
    return found


async def _refuse(tx: Transaction, refusal: Refusal, name: str, found: Standing) -> Refusal:
    """A refused hand-over, by what the version that governs the report says of it."""
    return await refuse(
        tx, refusal, f"annual_report.{name}", CASE, found.id,
        version_id=found.governed.id, articles=(f"reports.{found.form.code}",),
    )  # fmt: skip


async def _decide(tx: Transaction, found: Standing, asked: Asked | None, report_id: UUID) -> None:
    if asked is not None:
        await record_decision(
            tx, asked.answer, asked.facts, CASE, report_id,
            pack_version_id=found.governed.id, pack_hash=found.governed.hash,
        )  # fmt: skip


def year_to_report(today: date) -> int:
    """The reporting year whose report is due now: last year's."""
    return today.year - 1


async def follow_department(tx: Transaction, department_id: UUID) -> int:
    """Have the reports in hand go to another competent department; what was submitted stays where it is. Returns how many."""
    moved = await tx.execute(
        update(annual_report)
        .where(
            annual_report.c.tenant_id == tx.tenant_id,
            annual_report.c.state.in_(OPEN),
            annual_report.c.department_id != department_id,
        )
        .values(department_id=department_id)
    )
    return moved.rowcount
