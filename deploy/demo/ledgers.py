"""Believable ledgers of the fictional institutions: the same rows in every run and on every machine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from uuid import UUID

from deploy.demo import words, words_jilin
from deploy.demo.organisations import Organisation
from deploy.demo.provinces import JILIN, YUNNAN
from deploy.demo.words import Field, Local
from services.ledger.entry import Completer, Deal, Entry, Right, deal_totals
from shared.identifiers import patent_number
from shared.ids import named_id

# How many achievements each institution has; 5,150 in all.
SIZES = {
    "dianchi": 1200, "cangshan": 600, "fuxian": 400, "gaoligong": 300, "jinma": 300, "biji": 200,
    "songhuahu": 700, "changbaishan": 400, "chaganhu": 300, "xianghai": 250, "yitonghe": 150, "tianchi": 200, "longwan": 150,
}  # fmt: skip
_ALL_SIZES = {**SIZES, "lianxi": 60}  # the training unit, which nobody counts
FIELDS = {**words.FIELDS, **words_jilin.FIELDS}
_LOCAL: dict[str, Local] = {YUNNAN.region: words.YUNNAN, JILIN.region: words_jilin.JILIN}
_FIRST_YEAR = 2017
_LAST_DAY = date(2026, 2, 20)
# Until which day an achievement was obtained that stands in the ledger from that day on; the last ones were entered in March.
HELD_FROM = (
    date(2022, 12, 31), date(2023, 12, 31), date(2024, 12, 31), date(2025, 6, 30), date(2025, 12, 31), date(2026, 3, 2)
)  # fmt: skip
Weighted = tuple[tuple[str, int], ...]
_TYPES: dict[str, dict[str, Weighted]] = {
    YUNNAN.region: {
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
    },
    JILIN.region: {
        "university": (
            ("patent_right", 56), ("software_copyright", 14), ("patent_application", 13), ("plant_variety", 5),
            ("ic_layout", 2), ("technical_secret", 3), ("non_patent_technology", 4), ("formula", 3),
        ),
        "institute": (
            ("patent_right", 58), ("software_copyright", 9), ("patent_application", 15), ("plant_variety", 7),
            ("technical_secret", 6), ("non_patent_technology", 5),
        ),
        "hospital": (
            ("patent_right", 62), ("software_copyright", 14), ("patent_application", 12),
            ("new_biomedical_product", 5), ("formula", 7),
        ),
        "enterprise": (
            ("patent_right", 62), ("software_copyright", 10), ("patent_application", 14), ("technical_secret", 14),
        ),
    },
}  # fmt: skip
_STATUSES: dict[str, Weighted] = {
    YUNNAN.region: (("not_converted", 63), ("intended", 11), ("converting", 6), ("converted", 20)),
    JILIN.region: (("not_converted", 66), ("intended", 14), ("converted", 20)),
}
_MODES: dict[str, Weighted] = {
    YUNNAN.region: (
        ("assignment", 38), ("licence", 30), ("equity", 6), ("self_implementation", 5), ("joint_implementation", 5),
        ("service", 8), ("development", 6), ("consulting", 2),
    ),
    JILIN.region: (("assignment", 40), ("licence", 38), ("equity", 9), ("other", 13)),
}  # fmt: skip
_CATEGORIES = (("发明", "1", 60), ("实用新型", "2", 34), ("外观设计", "3", 6))
_CRITERIA = ("feasible", "intended_use", "benefit", "resources", "measurable")
_WITHOUT_NUMBER = ("non_patent_technology", "technical_secret", "formula")


@dataclass(frozen=True, slots=True)
class Researcher:
    """A person of the demo who signs in and has achievements in the ledger."""

    person_id: UUID
    college: str


def entries(organisation: Organisation, researchers: list[Researcher]) -> list[Entry]:
    """The institution's achievements, oldest first; the researchers are completers of some of each college's."""
    random = Random(f"demo/{organisation.key}")
    names, region = _Names(random, _LOCAL[organisation.region]), organisation.region
    days = sorted(_day(random) for _ in range(_ALL_SIZES[organisation.key]))
    found = []
    for number, obtained_on in enumerate(days):
        kind = _choose(random, _TYPES[region][organisation.unit_kind or "university"])
        field = random.choice(FIELDS[organisation.key])
        entry = Entry(
            id=named_id("demo", organisation.key, "achievement", str(number)),
            name=names.make(kind, field),
            type=kind,
            status="not_converted",
            team=_team(random, field, researchers, _LOCAL[region]),
            obtained_on=obtained_on,
            obtained_precision="day",
            college=field.college,
            funding=_choose(random, (("fiscal", 55), ("own", 30), ("commissioned", 15))),
            technical_field=random.choice(field.subjects),
        )
        numbered = _numbered(random, entry, number, organisation)
        found.append(_converted(random, _staged(random, numbered) if region == YUNNAN.region else numbered, region))
    return found


def held_from(obtained_on: date) -> date:
    """The day from which an achievement of a day stands in the demo's ledgers."""
    return next(day for day in HELD_FROM if obtained_on <= day)


class _Names:
    """Names that do not repeat within an institution."""

    def __init__(self, random: Random, local: Local) -> None:
        self._random = random
        self._local = local
        self._taken: set[str] = set()

    def make(self, kind: str, field: Field) -> str:
        while True:
            name = self._draw(kind, field)
            if name not in self._taken:
                self._taken.add(name)
                return name

    def _draw(self, kind: str, field: Field) -> str:
        random, local = self._random, self._local
        subject, thing, trait = random.choice(field.subjects), random.choice(field.things), random.choice(field.traits)
        match kind:
            case "software_copyright":
                return f"{subject}{random.choice(field.programs)}V{random.randint(1, 4)}.{random.randint(0, 9)}"
            case "plant_variety":
                return f"{random.choice(local.crops)}新品种‘{random.choice(local.places)}{random.randint(1, 60)}号’"
            case "ic_layout":
                return f"{trait}{subject}信号处理芯片版图{random.choice('ABCDEF')}{random.randint(1, 40)}"
            case "clinical_permit":
                return f"{subject}{thing}临床许可（{random.randint(1, 60)}）"
            case "drug_marketing_approval":
                return f"{subject}制剂上市许可（{random.randint(1, 60)}）"
            case "new_biomedical_product":
                return f"{subject}生物制剂新品种（{random.randint(1, 60)}）"
            case "formula":
                return f"{trait}{subject}配方（{random.randint(1, 60)}）"
            case "technical_secret":
                return f"{trait}{subject}{thing}关键参数"
            case "non_patent_technology":
                return f"{trait}{subject}{thing}成套技术"
            case _:
                return f"一种{trait}{subject}{thing}"


def _choose(random: Random, weighted: Weighted) -> str:
    return random.choices([value for value, _ in weighted], [weight for _, weight in weighted])[0]


def _day(random: Random) -> date:
    first = date(_FIRST_YEAR, 1, 10)
    # more of the recent years than of the first
    share = max(random.random(), random.random())
    return first + timedelta(days=int((_LAST_DAY - first).days * share))


def _team(random: Random, field: Field, researchers: list[Researcher], local: Local) -> tuple[Completer, ...]:
    own = [one for one in researchers if one.college == field.college]
    team = []
    if own and random.random() < 0.08:
        team.append(Completer(person_id=random.choice(own).person_id))
    pool = Random(f"people/{field.college}")
    colleagues = [pool.choice(local.surnames) + pool.choice(local.given) for _ in range(48)]
    size = random.choices((1, 2, 3, 4, 5, 6, 8), (10, 20, 24, 20, 14, 8, 4))[0]
    for name in dict.fromkeys(random.choices(colleagues, k=size)):
        team.append(Completer(name=name))
    return tuple(team)


def _numbered(random: Random, entry: Entry, number: int, organisation: Organisation) -> Entry:
    """Patents carry a number whose check digit fits, other rights one of their register."""
    assert entry.obtained_on is not None
    year, serial = entry.obtained_on.year, list(_ALL_SIZES).index(organisation.key) * 10_000 + number
    if entry.type in ("patent_right", "patent_application"):
        category, digit, _ = random.choices(_CATEGORIES, [weight for *_, weight in _CATEGORIES])[0]
        if entry.type == "patent_application":
            category, digit = "发明", "1"
        body = f"{year - 2}{digit}{serial:07d}"
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
    raw = f"{year}{register}{serial:07d}"
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


def _converted(random: Random, entry: Entry, region: str) -> Entry:
    status = _choose(random, _STATUSES[region])
    if status == "not_converted":
        appraised = random.random() < 0.12
        return entry.with_(value=amount(random) if appraised else None)
    mode = _choose(random, _MODES[region])
    if status != "converted":
        return entry.with_(status=status, mode=mode, value=amount(random) if random.random() < 0.4 else None)
    deals = tuple(_deals(random, entry, mode, _LOCAL[region]))
    conversions, value = deal_totals(deals)
    return entry.with_(status=status, mode=mode, deals=deals, conversions=conversions, value=value)


def _deals(random: Random, entry: Entry, mode: str, local: Local) -> Iterator[Deal]:
    """Contracts that were signed before the achievement came into the ledger; later ones are recorded as they come."""
    assert entry.obtained_on is not None
    times = random.choices((1, 2, 3), (82, 13, 5))[0] if mode == "licence" else 1
    for _ in range(times):
        span = (min(held_from(entry.obtained_on), _LAST_DAY) - entry.obtained_on).days
        signed_on = entry.obtained_on + timedelta(days=random.randint(0, span))
        yield Deal(mode=mode, counterparty=firm(random, local), signed_on=signed_on, amount=amount(random))


def firm(random: Random, local: Local) -> str:
    return f"{random.choice(local.places)}示范{random.choice(local.trades)}有限公司"


def later_conversions(organisation: Organisation, made: list[Entry]) -> list[tuple[UUID, Deal]]:
    """Contracts that were signed in 2024 and 2025 for achievements that were in the ledger by then, oldest first."""
    random = Random(f"demo/{organisation.key}/conversions")
    local, modes = _LOCAL[organisation.region], _MODES[organisation.region]
    waiting = [
        entry
        for entry in made
        if entry.status in ("intended", "converting") and entry.obtained_on and entry.obtained_on <= HELD_FROM[0]
    ]
    count = min(len(waiting), 4 + len(made) // 150)
    found = []
    for number, entry in enumerate(random.sample(waiting, count)):
        first = date(2025 if number % 3 else 2024, 1, 8)
        signed_on = first + timedelta(days=random.randint(0, 300))
        mode = entry.mode or _choose(random, modes)
        deal = Deal(mode=mode, counterparty=firm(random, local), signed_on=signed_on, amount=amount(random))
        assert entry.id is not None
        found.append((entry.id, deal))
    return sorted(found, key=lambda pair: (pair[1].signed_on is None, pair[1].signed_on))


def amount(random: Random) -> Decimal:
    """Mostly tens of thousands of yuan, now and then millions; whole hundreds."""
    yuan = min(random.lognormvariate(11.6, 1.25), 30_000_000)
    return Decimal(max(int(yuan // 100) * 100, 500))
