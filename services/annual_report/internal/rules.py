"""Which reports stay within the unit, when their day is, what one of them says; asked of the pack."""

from calendar import monthrange
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from services.annual_report.figures import Line
from services.annual_report.payload import Frozen
from services.annual_report.rules import OFFICE, Form, Stage, forms, label_of
from shared.policy.pack import Pack
from shared.ui.words import of_year


def internal_forms(pack: Pack, year: int, today: date, due_on: date | None = None) -> list[Form]:
    """The yearly reports that the responsible department hands to departments of its own unit."""
    due = {
        code: {key: due_on for key, stage in report.stages.items() if stage.unit_sets_date and due_on is not None}
        for code, report in pack.content.reports.items()
    }
    return forms(pack, year, due, [], today, OFFICE)


def stage_of(form: Form) -> Stage:
    """The hand-over by the responsible department."""
    stage = form.stage_of(OFFICE)
    assert stage is not None
    return stage


def day_in(year: int, month: int, day: int) -> date:
    """The unit's day in a calendar year; the month's last where it has no such day."""
    return date(year, month, min(day, monthrange(year, month)[1]))


def content_of(
    form: Form, unit: Mapping[str, Any], frozen: Frozen, lines: Sequence[Line], pack: Pack, due_on: date | None
) -> dict[str, Any]:
    """What is frozen: figures with labels, the form's contents, the freeze, where it is asked for, the pack."""
    stage = stage_of(form)
    return {
        "report": form.code,
        "label": form.label,
        "title": of_year(form.label, form.year),
        "year": form.year,
        "form_version": form.version,
        "unit": dict(unit),
        "recipients": list(stage.recipient_labels),
        "due_on": due_on.isoformat() if due_on else None,
        "freeze": {
            "number": frozen.number,
            "as_of": frozen.as_of.isoformat(),
            "known_at": frozen.known_at.isoformat(),
            "frozen_at": frozen.frozen_at.isoformat(),
            "reason": frozen.reason,
        },
        "figures": [{**line.as_json(), "label": label_of(pack, line.dimension, line.value)} for line in lines],
        "stated_reason": "",
        "parts": [{"code": one.code, "label": one.label, "counted": one.counted, "text": ""} for one in form.contents],
        "article": form.citation.place,
        "quote": form.citation.quote,
        "pack": {"region": pack.id, "version": pack.version, "draft": bool(pack.draft)},
    }
