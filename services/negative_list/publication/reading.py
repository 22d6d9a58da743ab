"""What a public page of a list shows, put together of what the slice's queries and the pack say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from services.negative_list.models import MARKS, Mark
from services.negative_list.queries import Consultation, Entry, Version
from services.negative_list.rules import Draft, entry_state
from shared.clock import local_day
from shared.policy.answer import Citation
from shared.policy.pack import Pack

_NUMERALS = "一二三四五六七八九十"
STANDINGS = {"in_force": ("现行有效", "green"), "coming": ("尚未生效", "blue"), "former": ("已终止", "secondary")}
STATE_CHOICES = (("", "现行与已终止"), ("listed", "现行"), ("former", "已终止"))


@dataclass(frozen=True, slots=True)
class Filters:
    """What a visitor asked for; ``on`` is the day whose list is shown, None for today."""

    q: str = ""
    category: str = ""
    state: str = ""
    on: date | None = None
    unreadable_day: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "Filters":
        typed = query.get("on", "").strip()
        try:
            on, wrong = (date.fromisoformat(typed) if typed else None), ""
        except ValueError:
            on, wrong = None, typed[:40]
        return cls(
            query.get("q", "").strip()[:60], query.get("category", "")[:60], query.get("state", "")[:20], on, wrong
        )

    @property
    def any(self) -> bool:
        return bool(self.q or self.category or self.state)


@dataclass(frozen=True, slots=True)
class Line:
    """One item as a row: ``state`` is listed, former or coming on the day shown."""

    entry: Entry
    state: str
    badge: str

    @property
    def former(self) -> bool:
        return self.state == "former"


@dataclass(frozen=True, slots=True)
class Group:
    """The items of one of the article's grounds, with the article's words."""

    numeral: str
    label: str
    citation: Citation
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One row of the history of versions; a draft in consultation stands on top without dates."""

    number: int
    state: str
    tone: str
    href: str
    round: Consultation | None
    version: Version | None
    items: int
    change: str
    compare: str


def former_entries(shown: Version, published: Sequence[Version]) -> list[Entry]:
    """What earlier versions listed and this one does not: it stays readable, as its last version worded it."""
    present = {entry.code for entry in shown.entries}
    found: dict[str, Entry] = {}
    for version in sorted(published, key=lambda v: v.number):
        if version.number < shown.number:
            found.update({entry.code: entry for entry in version.entries if entry.code not in present})
    return list(found.values())


def lines_of(shown: Version, published: Sequence[Version], day: date, pack: Pack) -> list[Line]:
    """Every item of a version and every former one, as they stand on a day (rule 58)."""
    entries = [*shown.entries, *former_entries(shown, published)]
    return [_line(entry, shown, day, pack) for entry in entries]


def _line(entry: Entry, shown: Version, day: date, pack: Pack) -> Line:
    badge = ""
    if entry.mark in (Mark.NEW, Mark.REVISED) and shown.number > 1 and entry in shown.entries:
        badge = f"第 {shown.number} 版{MARKS[entry.mark]}"
    return Line(entry, entry_state(entry, pack, day), badge)


def groups_of(lines: Sequence[Line], pack: Pack, filters: Filters) -> list[Group]:
    """The rows by the article's grounds, what a visitor filters away left out; listed items before former ones."""
    groups = []
    for index, (code, category) in enumerate(pack.content.screening_categories.items()):
        rows = [line for line in lines if line.entry.category == code and _wanted(line, filters)]
        if filters.category and filters.category != code:
            continue
        rows.sort(key=lambda line: (line.former, line.entry.code))
        if rows or not filters.any:
            cite = pack.citation(f"screening_categories.{code}")
            groups.append(Group(_NUMERALS[index], category.label, cite, tuple(rows)))
    return groups


def _wanted(line: Line, filters: Filters) -> bool:
    entry = line.entry
    if filters.state and filters.state != line.state:
        return False
    return not filters.q or any(filters.q.lower() in text.lower() for text in (entry.title, entry.note, entry.code))


def history_of(
    base: str, published: Sequence[Version], rounds: Sequence[Consultation], today: date
) -> list[HistoryLine]:
    """The versions, newest first, with the round of opinion that each came from."""
    by_number: dict[int, Consultation] = {}
    for round_ in rounds:
        by_number.setdefault(round_.number, round_)
    numbers = {version.number for version in published}
    lines = [
        _draft_line(base, r, numbers, today) for n, r in sorted(by_number.items(), reverse=True) if n not in numbers
    ]
    for version in published:
        label, tone = STANDINGS[version.standing(today)]
        earlier = version.number - 1 if version.number - 1 in numbers else None
        lines.append(
            HistoryLine(
                version.number,
                "现行" if tone == "green" else label,
                tone,
                f"{base}/{version.number}",
                by_number.get(version.number),
                version,
                len(version.items),
                change_words(version.entries) if version.number > 1 else "首次发布",
                f"{base}/compare?from={earlier}&to={version.number}" if earlier else "",
            )
        )
    return lines


def _draft_line(base: str, round_: Consultation, numbers: set[int], today: date) -> HistoryLine:
    draft = Draft.of(round_.draft)
    earlier = round_.number - 1 if round_.number - 1 in numbers else None
    root = base.rpartition("/lists/")[0]
    return HistoryLine(
        round_.number,
        "草案",
        "blue",
        f"{root}/consultations/{round_.id}",
        round_,
        None,
        len(draft.listed()),
        change_words(draft.items, "拟") or "无变化",
        f"{base}/compare?from={earlier}&to={round_.number}" if earlier else "",
    )


def change_words(items: Sequence[Any], prefix: str = "") -> str:
    """``新增 2、修订 1、终止 1``."""
    counts = [(mark, sum(item.mark == mark for item in items)) for mark in (Mark.NEW, Mark.REVISED, Mark.ENDED)]
    return "、".join(f"{prefix}{MARKS[mark]} {number}" for mark, number in counts if number)


def round_words(round_: Consultation, today: date) -> str:
    """How a round went, or how far it is."""
    if round_.closed_at is not None:
        answered = "全部答复" if round_.answered == round_.received else f"已答复 {round_.answered or 0} 条"
        return f"意见 {round_.received} 条，{answered}" if round_.received else "意见 0 条"
    if round_.open_on(today):
        return f"进行中，第 {round_.day_number(today)}/{round_.days} 天"
    return "已届满，正在整理意见"


def basis_place(version: Version) -> str:
    return f"《{version.basis['document']}》{version.basis['article']}"


def published_on(version: Version) -> date:
    return local_day(version.published_at)
