"""What the pages of imports show: one import, its rows, its questions; contexts of the templates."""

from typing import Any
from uuid import UUID

from litestar import Request
from sqlalchemy import Row

from services.ledger.display import words_of
from services.ledger.importing import display, queries, rules, workflow
from services.ledger.importing.entries import cell_of
from services.ledger.importing.models import DISPOSITIONS, STATES
from services.ledger.importing.questions import acceptances, cells_of, question_of
from services.ledger.importing.settling import answers_of
from services.ledger.reading.profile import LedgerProfile
from services.ledger.reading.text import cell_text
from services.ledger.reading.vocabulary import FIELD_LABELS
from shared.db.transaction import Transaction
from shared.errors import NotFound
from shared.ui.links import with_query
from shared.ui.page import Crumb, FormState
from tenants.packs import governing

HOME = "/institution/imports"
TEMPLATES = "ledger/importing/"
IMPORT = {"permission": "institution:ledger:import"}
RUNNING = ("uploaded", "reading", "applying", "undoing")
TITLE = "导入台账"
_STATES = {"registered": "在册", "quarantined": "已隔离", "revoked": "已撤销"}


async def overview(request: Request[Any, Any, Any], tx: Transaction, form: FormState | None = None) -> dict[str, Any]:
    """The upload form and the record of imports."""
    return {
        "imports": await queries.list_imports(tx),
        "states": STATES,
        "tones": display.STATE_TONES,
        "limit": request.app.state.settings.upload_limit_bytes,
        "sample": request.app.state.settings.is_demo,
        "form": form or FormState(),
        "refusal": None,
        "path": HOME,
    }


async def loaded(tx: Transaction, import_id: UUID) -> Row[Any]:
    """One import.

    :raises NotFound: no such import of this tenant.
    """
    row = await queries.find_import(tx, import_id)
    if row is None:
        raise NotFound
    return row


async def detail(
    tx: Transaction,
    row: Row[Any],
    form: FormState | None = None,
    *,
    undo_form: FormState | None = None,
    columns_form: FormState | None = None,
) -> dict[str, Any]:
    """One import with what was found in it, and the forms that its state allows."""
    words, layout = await words_of(tx), workflow.layout_of(row)
    headings = [rules.heading_of(sheet) for sheet in rules.ledger_sheets(layout)]
    sums, total = display.sums_of(row.summary, words)
    proposed = row.as_of or row.as_of_proposed
    return {
        "row": row,
        "state": STATES[row.state],
        "tone": display.STATE_TONES[row.state],
        "groups": display.groups_of(row.summary),
        "compared": display.compared(row.summary),
        "sums": sums,
        "total": total,
        "sheets": display.sheets_of(layout, await queries.remembered(tx, headings), row.corrections),
        "other_sheets": display.not_imported(layout),
        "preview": display.preview_of(await queries.preview(tx, row.id), words) if row.state == "checked" else [],
        "moves": [one.name for one in workflow.MOVES.available(row.state, tx.actor.permissions)],
        "form": form or FormState({"as_of": proposed.isoformat() if proposed else ""}),
        "undo_form": undo_form or FormState(),
        "columns_form": columns_form or FormState(),
        "fields": [(code, label) for code, label in FIELD_LABELS.items() if code not in ("assessed", "grant")],
        "own_fields": {"assessed": "评估价值", "grant": "是否授权"},
        "pending": await queries.pending_rows(tx, row.id) if row.state in ("checked", "applied") else 0,
        "refusal": None,
        "today": tx.today,
        "path": f"{HOME}/{row.id}",
        "refresh_seconds": 3 if row.state in RUNNING else None,
        **progress(row),
    }


def progress(row: Row[Any]) -> dict[str, Any]:
    """How far a running import is."""
    reading = row.state in ("uploaded", "reading")
    writing = "正在撤销导入" if row.state == "undoing" else "正在写入台账"
    return {
        "row": row,
        "running": row.state in RUNNING,
        "label": "正在核对台账" if reading else writing,
        "done": row.rows_done if reading else 0,
        "of": row.rows_total if reading else 0,
        "words": "涉密行已在保存前排除；可以离开本页，完成后消息中心会通知"
        if reading
        else "一次写入，要么全部生效，要么一行也不写；完成后自动显示结果",
        "href": f"{HOME}/{row.id}/progress",
    }


def crumbs(row: Row[Any], last: str = "") -> tuple[Crumb, ...]:
    """The way to a page of an import."""
    steps = (Crumb(TITLE, HOME), Crumb(row.file_name, f"{HOME}/{row.id}" if last else ""))
    return (*steps, Crumb(last)) if last else steps


async def held(tx: Transaction, row: Row[Any], kind: str, after: int) -> dict[str, Any]:
    """A page of rows that ask, were returned or were left out."""
    counts = {"question": row.questions, "refused": row.refused, "left_out": row.left_out, "joined": row.joined}
    chosen = kind if kind in counts else "question"
    found = await queries.held_rows(tx, row.id, chosen, after=after)
    shown, more = found[: queries.PAGE_SIZE], len(found) > queries.PAGE_SIZE
    path = f"{HOME}/{row.id}/rows"
    return {
        "row": row,
        "kind": chosen,
        "held": display.held_of(shown, workflow.layout_of(row)),
        "count": counts[chosen],
        "tabs": [
            (DISPOSITIONS[code], with_query(path, {"kind": code}), code == chosen, n) for code, n in counts.items()
        ],
        "first": with_query(path, {"kind": chosen}) if after >= 0 else None,
        "next": with_query(path, {"kind": chosen}, after=shown[-1].ordinal) if more else None,
        "path": f"{HOME}/{row.id}",
    }


async def registered(tx: Transaction, row: Row[Any], after: int) -> dict[str, Any]:
    """A page of rows with the achievement that each became: what stands behind the one entry of the log."""
    found = await queries.registered_rows(tx, row.id, after=after)
    shown, more = found[: queries.PAGE_SIZE], len(found) > queries.PAGE_SIZE
    path = f"{HOME}/{row.id}/rows"
    return {
        "row": row,
        "shown": shown,
        "states": _STATES,
        "first": with_query(path, {"kind": "valid"}) if after >= 0 else None,
        "next": with_query(path, {"kind": "valid"}, after=shown[-1].ordinal) if more else None,
        "path": f"{HOME}/{row.id}",
    }


async def questions_page(tx: Transaction, row: Row[Any], start: int, form: FormState | None = None) -> dict[str, Any]:
    """What rows ask, those that ask the same together; ``form`` is the answer that was not complete."""
    profile = LedgerProfile.from_pack((await governing(tx, row.pack_version_id)).pack)
    found = await queries.asked(tx, row.id, offset=start)
    shown, more = found[: queries.QUESTIONS_SHOWN], len(found) > queries.QUESTIONS_SHOWN
    path = f"{HOME}/{row.id}/questions"
    pending = await queries.pending_rows(tx, row.id)
    return {
        "row": row,
        "questions": [
            question_of(one.issue, one.n, display.places_of(one.places, one.n), one.first, profile) for one in shown
        ],
        "first": path if start else None,
        "next": with_query(path, {}, start=start + queries.QUESTIONS_SHOWN) if more else None,
        "start": start,
        "pending": pending,
        "refresh_seconds": 3 if pending else None,
        "form": form or FormState(),
        "refusal": None,
        "path": f"{HOME}/{row.id}",
    }


async def row_page(tx: Transaction, row: Row[Any], ordinal: int, form: FormState | None = None) -> dict[str, Any]:
    """One row that is not imported: its cells as they stand and as answered, what it asks, ways to end it.

    :raises NotFound: no such row, or one of which nothing was kept.
    """
    held_row = await queries.held_row(tx, row.id, ordinal)
    if held_row is None or (held_row.raw is None and held_row.entry is None):
        raise NotFound
    profile = LedgerProfile.from_pack((await governing(tx, row.pack_version_id)).pack)
    layout = workflow.layout_of(row)
    answers = (await answers_of(tx, row.id, [held_row]))[held_row.sheet, held_row.first_row]
    raw = [[cell_text(cell_of(cell)) for cell in line] for line in held_row.raw or ()]
    issues = [one for one in held_row.issues or () if one["severity"] == "human"]
    asked = [question_of(one, 1, "", ordinal, profile) for one in issues]
    cells = cells_of(raw, layout, held_row.sheet, answers, issues, profile) if raw else []
    following = await queries.next_question(tx, row.id, ordinal)
    return {
        "row": row,
        "one": held_row,
        "seen": display.held_of([held_row], layout)[0],
        "questions": asked,
        "cells": cells,
        "accepted": acceptances(asked),
        "answered": answers,
        "left_out_reason": answers.get("leave_out"),
        "open": row.state in ("checked", "applied"),
        "following": f"{HOME}/{row.id}/rows/{following}" if following is not None else None,
        "form": form or FormState(),
        "refusal": None,
        "path": f"{HOME}/{row.id}",
    }
