"""The stage by machine: each criterion with its day and its papers, read and written under an ETag."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post, put
from litestar.params import JSONBody, RawBody
from sqlalchemy import Row

from services.ledger.papers.queries import papers_of
from services.ledger.papers.rules import fault
from services.ledger.papers.workflow import Paper
from services.ledger.points import NOW, point_of
from services.ledger.queries import entry_from, entry_of
from services.ledger.rules import stage_of, vocabulary
from services.ledger.stages import workflow
from services.ledger.stages.forms import CriteriaForm, ProofForm, WithdrawalForm
from services.ledger.stages.pages import loaded
from services.ledger.stages.rules import papers_by_criterion
from services.ledger.then import Standing, record_at
from shared.api_description import Matching, UploadingPaper, answers
from shared.db.transaction import Outcome, Transaction
from shared.documents.uploads import Upload, receive_form
from shared.errors import FormInvalid, NotFound, Overtaken, Refusal, TagMissing
from shared.forms import read
from shared.policy.pack import Pack
from tenants.machine import api_refused
from tenants.pack_days import governing_on

_READ = {"permission": "institution:ledger:read"}
_WRITE = {"permission": "institution:ledger:write"}


class ProofOut(msgspec.Struct):
    """A paper that is kept; its bytes are fetched on the page, which logs it."""

    id: UUID
    kind: str
    kind_label: str
    file_name: str
    sha256: str
    reference: str | None
    dated_on: date | None


class CriterionOut(msgspec.Struct):
    """One criterion of development: since when it is met, null where it is not, and the papers that prove this one."""

    code: str
    label: str
    met_on: date | None
    papers: list[ProofOut]


class ReasonOut(msgspec.Struct):
    """Why the stage is recognised as it is, with the article."""

    code: str
    message: str
    article: str | None
    quote: str | None


class StageOut(msgspec.Struct, kw_only=True):
    """The stage: declared, and recognised from criteria and papers; development from the latest of the days."""

    id: UUID
    declared: str | None
    recognised: str | None
    development_from: date | None
    missing: list[str]
    criteria: list[CriterionOut]
    evidence: list[str]
    reasons: list[ReasonOut]
    research_started_on: date | None
    funding: str | None


class CriteriaIn(msgspec.Struct):
    """All criteria that are met, code to day; what is left out is not met. ``reason`` says who found so."""

    reason: str
    criteria: dict[str, date]


class WithdrawalIn(msgspec.Struct):
    """Why a paper proves nothing any more."""

    reason: str


@get("/achievements/{achievement_id:uuid}/stage", opt=_READ, summary="一项成果的阶段和条件")
async def read_stage(
    request: Request[Any, Any, Any],
    tx: Transaction,
    achievement_id: UUID,
    as_of: date | None = None,
    known_at: datetime | None = None,
    known_on: date | None = None,
) -> Response[StageOut]:
    """The stage with its criteria, papers and reasons, and the achievement's ETag; 404 where the province knows no stages.
    ``as_of``, and ``known_at`` or ``known_on``, as of the achievement, by the rules that governed on that day.
    """
    point = point_of(request.query_params, tx.today)
    _, pack = await loaded(tx, achievement_id, (await governing_on(tx, point.as_of)).pack)
    then = await record_at(tx, achievement_id, point)
    if (detail := then.detail) is None:
        raise NotFound
    tag = "-".join([str(detail.row.revision), *point.as_query().values()])
    return Response(await _told(tx, detail.row, pack, then), headers={"etag": f'"{tag}"'})


@put(
    "/achievements/{achievement_id:uuid}/stage",
    opt=_WRITE,
    status_code=200,
    summary="登记开发阶段的条件",
    operation_class=Matching,
    responses=answers(200, StageOut, "已登记"),
)
async def put_criteria(
    request: Request[Any, Any, Any], tx: Transaction, achievement_id: UUID, data: JSONBody[CriteriaIn]
) -> Response[Any]:
    """Record since when which criteria are met; the recognised stage follows. ``If-Match`` carries the ETag that was read."""
    row, pack = await loaded(tx, achievement_id)
    sent = request.headers.get("if-match")
    if not sent:
        raise TagMissing
    if sent != f'"{row.revision}"':
        raise Overtaken
    form, errors = read(CriteriaForm, {"reason": data.reason, "revision": row.revision})
    late = {
        code: f"日期晚于今天（{tx.today}），请在满足之后登记" for code, day in data.criteria.items() if day > tx.today
    }
    errors |= {f"criteria.{code}": message for code, message in late.items()}
    if form is None or errors:
        raise FormInvalid(errors)
    done = await workflow.record_criteria(tx, row.id, data.criteria, reason=form.reason, revision=row.revision)
    if isinstance(done, Refusal):
        return api_refused(tx, done)
    tx.outcome = Outcome(200, f"/api/achievements/{achievement_id}/stage")
    return Response(await _told(tx, done, pack), headers={"etag": f'"{done.revision}"'})


async def _told(tx: Transaction, row: Row[Any], pack: Pack, then: Standing | None = None) -> StageOut:
    words, rule = vocabulary(pack), pack.content.stage
    assert rule is not None, "loaded"
    point, detail = (then.point, then.detail) if then is not None else (NOW, None)
    entry = entry_from(row, (), detail.rights) if detail is not None else await entry_of(tx, row)
    answer = stage_of(entry, pack, point.day(tx.today)).answer
    proofs = papers_by_criterion(await papers_of(tx, row.id, workflow.PURPOSE, point), rule.criteria)
    return StageOut(
        id=row.id,
        declared=row.stage_declared,
        recognised=row.stage_recognised,
        development_from=row.stage_since,
        missing=list(answer.values.get("missing_criteria", ())),
        criteria=[
            CriterionOut(code, words.label("criterion", code), _day(row, code), [_proof(one, words) for one in papers])
            for code, papers in proofs.items()
        ],
        evidence=list(row.stage_evidence or ()),
        reasons=[
            ReasonOut(one.code, one.message, one.citation.article, one.citation.quote or None)
            for one in answer.findings
        ],
        research_started_on=row.research_started_on,
        funding=row.funding,
    )


def _day(row: Row[Any], code: str) -> date | None:
    stated = (row.stage_criteria or {}).get(code)
    return date.fromisoformat(stated) if stated else None


def _proof(one: Row[Any], words: Any) -> ProofOut:
    label = words.label("proof", one.kind)
    return ProofOut(one.id, one.kind, label, one.file_name, one.object_hash, one.reference, one.dated_on)


@dataclass
class _Proof(UploadingPaper):
    said: ClassVar[Mapping[str, str]] = {
        "subjects": "证明的条件，政策包的代码，几项之间用逗号隔开",
        "reference": "文号或编号",
        "dated_on": "材料日期，如 2026-03-16",
    }


@post(
    "/achievements/{achievement_id:uuid}/stage/papers",
    opt=_WRITE,
    status_code=201,
    summary="上传阶段的佐证材料",
    operation_class=_Proof,
    responses=answers(201, StageOut, "已保存；认定的阶段随之而定"),
)
async def send_proof(
    request: Request[Any, Any, Any], tx: Transaction, achievement_id: UUID, body: RawBody
) -> Response[Any]:
    """Keep a paper that proves criteria; the body is read in memory, what is not kept is nowhere."""
    row, pack = await loaded(tx, achievement_id)
    sent = await receive_form(request, body)
    subjects = [one for code in sent.values.get("subjects", "").split(",") if (one := code.strip())]
    form, errors = read(ProofForm, {**sent.values, "subjects": subjects})
    upload = sent.files.get("file") or Upload("", b"")
    if wrong := await asyncio.to_thread(fault, upload.file_name, upload.content):
        errors["file"] = wrong
    if form is None or errors:
        raise FormInvalid(errors)
    said = Paper(workflow.PURPOSE, form.kind, form.subjects, form.reference, form.dated_on)
    kept = await workflow.add_proof(tx, request.app.state.objects, row.id, upload, said)
    return await _after(tx, achievement_id, pack, kept if isinstance(kept, Refusal) else None, 201)


@post(
    "/achievements/{achievement_id:uuid}/stage/papers/{paper_id:uuid}/withdraw",
    opt=_WRITE,
    status_code=200,
    summary="撤下一份阶段的佐证材料",
    responses=answers(200, StageOut, "已撤下；认定的阶段随之而定"),
)
async def take_proof_back(
    tx: Transaction, achievement_id: UUID, paper_id: UUID, data: JSONBody[WithdrawalIn]
) -> Response[Any]:
    """Let a paper prove nothing any more, with the reason; its bytes stay kept."""
    row, pack = await loaded(tx, achievement_id)
    form, errors = read(WithdrawalForm, {"reason": data.reason})
    if form is None:
        raise FormInvalid(errors)
    refusal = await workflow.withdraw_proof(tx, row.id, paper_id, form.reason)
    return await _after(tx, achievement_id, pack, refusal, 200)


async def _after(
    tx: Transaction, achievement_id: UUID, pack: Pack, refusal: Refusal | None, status: int
) -> Response[Any]:
    """The stage as it is recognised with the papers that are left, under its new tag."""
    if refusal is not None:
        return api_refused(tx, refusal)
    row, _ = await loaded(tx, achievement_id)
    address = f"/api/achievements/{achievement_id}/stage"
    tx.outcome = Outcome(status, address)
    headers = {"etag": f'"{row.revision}"', "location": address}
    return Response(await _told(tx, row, pack), status_code=status, headers=headers)


HANDLERS = (read_stage, put_criteria, send_proof, take_proof_back)
