"""Sign the agreement once the notice has run and no objection is open; record the formalities that follow."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import insert

from services.empowerment import queries
from services.empowerment import rules as case_rules
from services.empowerment.models import agreement, formality
from services.empowerment.signing import rules
from services.empowerment.workflow import (
    REVIEW,
    current_notice,
    keep_decision,
    load,
    onward,
    refuse_step,
    steps_of,
    stopped,
    tell_holders,
    tell_person,
)
from services.notices.queries import objections_to
from services.notices.rules import facts_of
from shared.db.transaction import Transaction
from shared.errors import Refusal
from shared.policy.pack import Pack


@dataclass(frozen=True, slots=True)
class Agreement:
    """A written agreement. ``clauses`` hold text by the pack's clause codes; an empty text is no clause.

    ``terms`` None takes what was applied for. ``document_hash`` names the signed paper in the object store.
    """

    signed_on: date
    effective_on: date
    clauses: Mapping[str, str]
    terms: case_rules.Terms | None = None
    opinions_heard: bool | None = None
    document_hash: str | None = None


async def gather(
    tx: Transaction, found: queries.Application, paper: Agreement, pack: Pack
) -> tuple[rules.Signing, case_rules.ListRef | None]:
    """What the rule on signing asks about, as it stands now."""
    notice = await current_notice(tx, found.id)
    objections = [] if notice is None else await objections_to(tx, notice.id)
    latest = next(iter(await queries.screenings_of(tx, found.id)), None)
    passed = latest if latest is not None and latest.result == "passed" else None
    against = None
    if passed is not None and passed.list_hash is not None:
        against = case_rules.ListRef(
            passed.list_version_id, passed.list_number, passed.list_hash, title=passed.list_title or ""
        )
    # The institution's own list is the one that it screened against; only a published one can have changed meanwhile.
    owner = case_rules.list_owner(pack)
    in_force = await queries.list_in_force(tx, paper.signed_on) if owner == "province" else against
    signing = rules.Signing(
        found.grant_type,
        paper.signed_on,
        paper.effective_on,
        tuple(code for code, words in paper.clauses.items() if words.strip()),
        paper.terms or found.terms,
        facts_of(notice) if notice else None,
        [one.facts() for one in objections],
        against,
        in_force,
        paper.opinions_heard,
        found.grant_mode,
    )
    return signing, in_force


async def sign_agreement(tx: Transaction, application_id: UUID, paper: Agreement) -> Refusal | None:
    """Record the written agreement (第八条(三)); refused while the notice runs or an objection is open.

    An agreement of an earlier day is judged by how things stood at the end of that day.
    """
    found, governed = await load(tx, application_id)
    halted = await stopped(tx, found, "sign_agreement", governed)
    if halted is not None:
        return halted
    wrong = rules.wrong_days(found.grant_type, paper.signed_on, paper.effective_on, tx.today)
    if wrong is not None:
        return await refuse_step(tx, found, wrong, "sign_agreement", governed)
    signing, in_force = await gather(tx, found, paper, governed.pack)
    facts = rules.signing_facts(await queries.unit_of(tx), signing, tx.now)
    answer = rules.may_sign(facts, governed.pack, tx.today)
    decision_id = await keep_decision(tx, answer, facts, application_id, governed, in_force)
    refused = Refusal.of(answer)
    if refused is not None:
        return await refuse_step(tx, found, refused, "sign_agreement", governed)
    await _keep(tx, application_id, paper, signing.terms, decision_id)
    lost = await onward(
        tx,
        found,
        governed,
        "sign_agreement",
        case_rules.step_doing("sign", steps_of(found, governed.pack, tx.today)),
        details={"signed_on": paper.signed_on.isoformat(), "effective_on": paper.effective_on.isoformat()},
    )
    if lost is None:
        await tell_person(tx, found.applicant_id, f"赋权协议已签署：{found.achievement_name}", application_id)
        await tell_holders(tx, REVIEW, f"赋权协议已签署：{found.achievement_name}", application_id)
    return lost


async def _keep(
    tx: Transaction, application_id: UUID, paper: Agreement, terms: case_rules.Terms, decision_id: UUID
) -> None:
    await tx.execute(
        insert(agreement).values(
            tenant_id=tx.tenant_id,
            application_id=application_id,
            clauses={code: words.strip() for code, words in paper.clauses.items() if words.strip()},
            unit_share=None if terms.unit_share is None else str(terms.unit_share),
            team_share=None if terms.team_share is None else str(terms.team_share),
            co_ownership=terms.co_ownership,
            term_first_day=terms.term_first_day,
            term_last_day=terms.term_last_day,
            signed_on=paper.signed_on,
            effective_on=paper.effective_on,
            document_hash=paper.document_hash,
            signed_by=tx.actor.person_id,
            recorded_at=tx.now,
            decision_id=decision_id,
        )
    )


@dataclass(frozen=True, slots=True)
class Handled:
    """A formality that was handled: the pack's code, what proves it, and the day."""

    code: str
    evidence: str
    done_on: date


async def record_formality(tx: Transaction, application_id: UUID, handled: Sequence[Handled]) -> Refusal | None:
    """Record what was registered or filed after signing; refused while something required is missing (第八条(四))."""
    found, governed = await load(tx, application_id)
    halted = await stopped(tx, found, "record_formality", governed)
    if halted is not None:
        return halted
    proved = [one for one in handled if one.evidence.strip()]
    facts = rules.formality_facts(found.grant_type, [one.code for one in proved])
    answer = rules.formalities(facts, governed.pack, tx.today)
    await keep_decision(tx, answer, facts, application_id, governed)
    known = {entry["code"] for entry in answer.values["formalities"]}
    refused = Refusal.of(answer)
    if refused is None and {one.code for one in proved} - known:
        refused = rules.unknown_formality(found.grant_type, [one.code for one in proved])
    if refused is not None:
        return await refuse_step(tx, found, refused, "record_formality", governed)
    if proved:
        await tx.execute(
            insert(formality),
            [
                {
                    "tenant_id": tx.tenant_id,
                    "application_id": application_id,
                    "code": one.code,
                    "evidence": one.evidence.strip(),
                    "done_on": one.done_on,
                    "recorded_by": tx.actor.person_id,
                    "recorded_at": tx.now,
                }
                for one in proved
            ],
        )
    step = case_rules.step_doing("formalities", steps_of(found, governed.pack, tx.today))
    details = {"codes": [one.code for one in proved]}
    lost = await onward(tx, found, governed, "record_formality", step, details=details)
    if lost is None:
        await tell_person(tx, found.applicant_id, f"赋权手续已办结：{found.achievement_name}", application_id)
    return lost
