"""Believable ledgers of the fictional institutions: the same rows in every run and on every machine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from uuid import UUID

from deploy.demo.organisations import Organisation
from deploy.demo.words import CROPS, FIELDS, GIVEN, PLACES, SURNAMES, TRADES, Field
from services.ledger.entry import Completer, Deal, Entry, Right, deal_totals
from shared.identifiers import patent_number
from shared.ids import named_id

# How many achievements each institution has; 3,000 in all.
SIZES = {"dianchi": 1200, "cangshan": 600, "fuxian": 400, "gaoligong": 300, "jinma": 300, "biji": 200}
_FIRST_YEAR = 2017
_LAST_DAY = date(2026, 2, 20)
_TYPES = {
    "university": (
        ("patent_right", 58), ("software_copyright", 15), ("patent_application", 14), ("plant_variety", 5),
        ("ic_layout", 2), ("non_patent_technology", 6),
    ),
    "institute": (
        ("patent_right", 62), ("software_copyright", 10), ("patent_application", 18), ("non_patent_technology", 10),
    ),
    "hospital": (
        ("patent_right", 66), ("software_copyright", 14), ("patent_application", 12), ("clinical_permit", 4),
        ("drug_marketing_approval", 2), ("non_patent_technology", 2),
    ),
    "enterprise": (
        ("patent_right", 64), ("software_copyright", 8), ("patent_application", 16), ("non_patent_technology", 12),
    ),
}  # fmt: skip
_STATUSES = (("not_converted", 63), ("intended", 11), ("converting", 6), ("converted", 20))
_MODES = (
    ("assignment", 38), ("licence", 30), ("equity", 6), ("self_implementation", 5), ("joint_implementation", 5),
    ("service", 8), ("development", 6), ("consulting", 2),
)  # fmt: skip
_CATEGORIES = (("发明", "1", 60), ("实用新型", "2", 34), ("外观设计", "3", 6))
_CRITERIA = ("feasible", "intended_use", "benefit", "resources", "measurable")
_WITHOUT_NUMBER = ("non_patent_technology",)


@dataclass(frozen=True, slots=True)
class Researcher:
    """A person of the demo who signs in and has achievements in the ledger."""

    person_id: UUID
    college: str


def entries(organisation: Organisation, researchers: list[Researcher]) -> list[Entry]:
    """The institution's achievements, oldest first; the researchers are completers of some of each college's."""
    random = Random(f"demo/{organisation.key}")
    names = _names(organisation, random)
    days = sorted(_day(random) for _ in range(SIZES[organisation.key]))
    found = []
    for number, obtained_on in enumerate(days):
        kind = _choose(random, _TYPES[organisation.unit_kind or "university"])
        field = random.choice(FIELDS[organisation.key])
        entry = Entry(
            id=named_id("demo", organisation.key, "achievement", str(number)),
            name=names.make(kind, field),
            type=kind,
            status="not_converted",
            team=_team(random, field, researchers),
            obtained_on=obtained_on,
            obtained_precision="day",
            college=field.college,
            funding=_choose(random, (("fiscal", 55), ("own", 30), ("commissioned", 15))),
            technical_field=random.choice(field.subjects),
        )
        found.append(_converted(random, _staged(random, _numbered(random, entry, number, organisation))))
    return found


class _Names:
    """Names that do not repeat within an institution."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._taken: set[str] = set()

    def make(self, kind: str, field: Field) -> str:
        while True:
            name = self._draw(kind, field)
            if name not in self._taken:
                self._taken.add(name)
                return name

    def _draw(self, kind: str, field: Field) -> str:
        random = self._random
        subject, thing, trait = random.choice(field.subjects), random.choice(field.things), random.choice(field.traits)
        match kind:
            case "software_copyright":
                return f"{subject}{random.choice(field.programs)}V{random.randint(1, 4)}.{random.randint(0, 9)}"
            case "plant_variety":
                return f"{random.choice(CROPS)}新品种‘{random.choice(PLACES)}{random.randint(1, 60)}号’"
            case "ic_layout":
                return f"{trait}{subject}信号处理芯片版图{random.choice('ABCDEF')}{random.randint(1, 40)}"
            case "clinical_permit":
                return f"{subject}{thing}临床许可（{random.randint(1, 60)}）"
            case "drug_marketing_approval":
                return f"{subject}制剂上市许可（{random.randint(1, 60)}）"
            case "non_patent_technology":
                return f"{trait}{subject}{thing}成套技术"
            case _:
                return f"一种{trait}{subject}{thing}"


def _names(organisation: Organisation, random: Random) -> _Names:
    assert organisation.key in FIELDS
    return _Names(random)


def _choose(random: Random, weighted: tuple[tuple[str, int], ...]) -> str:
    return random.choices([value for value, _ in weighted], [weight for _, weight in weighted])[0]


def _day(random: Random) -> date:
    first = date(_FIRST_YEAR, 1, 10)
    # more of the recent years than of the first
    share = max(random.random(), random.random())
    return first + timedelta(days=int((_LAST_DAY - first).days * share))


def _team(random: Random, field: Field, researchers: list[Researcher]) -> tuple[Completer, ...]:
    own = [one for one in researchers if one.college == field.college]
    team = []
    if own and random.random() < 0.08:
        team.append(Completer(person_id=random.choice(own).person_id))
    pool = Random(f"people/{field.college}")
    colleagues = [pool.choice(SURNAMES) + pool.choice(GIVEN) for _ in range(48)]
    size = random.choices((1, 2, 3, 4, 5, 6, 8), (10, 20, 24, 20, 14, 8, 4))[0]
    for name in dict.fromkeys(random.choices(colleagues, k=size)):
        team.append(Completer(name=name))
    return tuple(team)


def _numbered(random: Random, entry: Entry, number: int, organisation: Organisation) -> Entry:
    """Patents carry a number whose check digit fits, other rights one of their register."""
    assert entry.obtained_on is not None
    year, serial = entry.obtained_on.year, list(SIZES).index(organisation.key) * 10_000 + number
    if entry.type in ("patent_right", "patent_application"):
        category, digit, _ = random.choices(_CATEGORIES, [weight for *_, weight in _CATEGORIES])[0]
        if entry.type == "patent_application":
            category, digit = "发明", "1"
        body = f"{year - 2}{digit}00{serial:05d}"
        read = patent_number(f"{body}.0")
        canonical = f"{body}.{read.expected_check}"
        raw = f"ZL{canonical}" if entry.type == "patent_right" else f"CN{canonical}"
        status = "granted" if entry.type == "patent_right" else "applied"
        applied_on = entry.obtained_on - timedelta(days=random.randint(300, 700))
        right = Right(canonical, entry.type, raw, category, status, applied_on, entry.obtained_on)
        return entry.with_(right_category=category, rights=(right,))
    if entry.type in _WITHOUT_NUMBER:
        return entry
    register = "SR" if entry.type == "software_copyright" else entry.type[:2].upper()
    raw = f"{year}{register}00{serial:05d}"
    return entry.with_(rights=(Right(raw, entry.type, raw, None, "granted", None, entry.obtained_on),))


def _staged(random: Random, entry: Entry) -> Entry:
    """Three in ten say they are in development; half of these have the five dated criteria and a document."""
    assert entry.obtained_on is not None
    if random.random() >= 0.3:
        return entry.with_(stage_declared="research")
    if random.random() >= 0.5:
        return entry.with_(stage_declared="development")
    first = entry.obtained_on - timedelta(days=random.randint(60, 200))
    criteria = {code: first + timedelta(days=9 * step) for step, code in enumerate(_CRITERIA)}
    evidence = random.choice(("assessment_report", "intent_contract", "contract_registration"))
    return entry.with_(stage_declared="development", stage_criteria=criteria, stage_evidence=(evidence,))


def _converted(random: Random, entry: Entry) -> Entry:
    status = _choose(random, _STATUSES)
    if status == "not_converted":
        appraised = random.random() < 0.12
        return entry.with_(value=_amount(random) if appraised else None)
    mode = _choose(random, _MODES)
    if status != "converted":
        return entry.with_(status=status, mode=mode, value=_amount(random) if random.random() < 0.4 else None)
    deals = tuple(_deals(random, entry, mode))
    conversions, value = deal_totals(deals)
    return entry.with_(status=status, mode=mode, deals=deals, conversions=conversions, value=value)


def _deals(random: Random, entry: Entry, mode: str) -> Iterator[Deal]:
    assert entry.obtained_on is not None
    times = random.choices((1, 2, 3), (82, 13, 5))[0] if mode == "licence" else 1
    for _ in range(times):
        span = max((_LAST_DAY - entry.obtained_on).days, 1)
        signed_on = entry.obtained_on + timedelta(days=random.randint(0, span))
        firm = f"{random.choice(PLACES)}示范{random.choice(TRADES)}有限公司"
        yield Deal(mode=mode, counterparty=firm, signed_on=signed_on, amount=_amount(random))


def _amount(random: Random) -> Decimal:
    """Mostly tens of thousands of yuan, now and then millions; whole hundreds."""
    yuan = min(random.lognormvariate(11.6, 1.25), 30_000_000)
    return Decimal(max(int(yuan // 100) * 100, 500))
