"""What of the yearly reports waits for an institution's people."""

from services.annual_report import queries, rules
from services.annual_report.standing import Standing, forms_of, standing
from services.annual_report.workflow import SUBMIT, WRITE, year_to_report
from shared.db.transaction import Transaction
from shared.todo import Todo
from shared.ui.words import of_year


async def todos(tx: Transaction) -> list[Todo]:
    """Last year's reports that are not handed over, and those that were given back."""
    year = year_to_report(tx.today)
    found = []
    for form in await forms_of(tx, year):
        one = await standing(tx, form.code, year)
        if one.row is None or one.row.state in ("draft", "returned"):
            found.append(_todo(one, await _returned(tx, one)))
    return found


async def _returned(tx: Transaction, one: Standing) -> int:
    if one.row is None or one.row.state != "returned":
        return 0
    rows = await queries.returns_of(tx, one.id)
    return sum(row.submission_id == rows[0].submission_id for row in rows)


def _todo(one: Standing, returned: int) -> Todo:
    stage, form = one.form.unit_stage, one.form
    title = of_year(form.label, form.year)
    ready = one.row is not None and rules.incomplete(form, one.texts) is None
    return Todo(
        "年度报告",
        f"{title}退回修改（{returned} 处）" if returned else f"报送{title}",
        f"报{'、'.join(stage.recipient_labels)}",
        f"/institution/reports/{form.year}/{form.code}",
        "修改" if returned else "报送" if ready else "填报",
        SUBMIT if ready and not returned else WRITE,
        f"{stage.counted}；{form.citation.article}",
        due_on=stage.due,
        tone="red" if returned else "blue",
    )
