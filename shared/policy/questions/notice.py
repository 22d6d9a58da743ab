"""Announcements (公示): when due, what they hold, how their days are counted, and what an objection does."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from shared.calendar.periods import Period, Unit, in_time, latest_start, period
from shared.clock import local_day
from shared.policy.facts import Facts
from shared.policy.inquiry import Decide, Inquiry
from shared.policy.procedure import Notice

UNITS = {"day": "天", "working_day": "个工作日"}
# The platform's own page stands within the unit; every other venue is proved by where it was posted.
OWN_VENUE = "unit_internal"


@dataclass(frozen=True, slots=True)
class NoticeRun:
    """A published notice as it stands: its rule, the day that its count rests on, and the counted period."""

    kind: str
    rule: Notice
    published_on: date
    counts_from: date
    length: int
    period: Period
    interrupted: bool
    length_given: bool = True
    counts_first_day: bool = False

    def has_run(self, today: date) -> bool:
        """Whether the period is over on a day; False where its end is unknown."""
        return not self.interrupted and self.period.end is not None and today > self.period.end


def notice_rule(inquiry: Inquiry, kind: str) -> Notice | None:
    """The rule for a kind of notice; a finding where the pack has none."""
    rule = inquiry.content.notices.get(kind)
    if rule is None:
        inquiry.advise("notice.no_rule", "本地政策没有规定此类公示。", "notices", inputs=("kind",))
    return rule


def run_of(inquiry: Inquiry, facts: Facts, kind: str, rule: Notice, now: datetime | None) -> NoticeRun:
    """Count a notice: its facts are published_at (or published_on), days, restarts, offline."""
    published = local_day(facts.instant("published_at")) if "published_at" in facts else facts.day("published_on")
    counts_from, interrupted = published, False
    for restart in facts.parts("restarts"):
        if rule.restarts_on_change:
            counts_from = max(counts_from, local_day(restart.instant("at")))
    if rule.offline_limit_hours is not None:
        limit = timedelta(hours=rule.offline_limit_hours)
        for gap in facts.parts("offline"):
            began, ended = gap.instant("from"), gap.instant_or_none("to")
            if ended is not None and ended - began > limit:
                counts_from = max(counts_from, local_day(ended))
            elif ended is None and now is not None and now - began > limit:
                interrupted = True
    counting = inquiry.content.counting
    length = facts.number("days", rule.days or 1)
    counts_first = counting.counts_first_day if rule.counts_first_day is None else rule.counts_first_day
    counted = period(
        counts_from,
        max(1, length),
        Unit(rule.unit),
        inquiry.pack.calendar,
        counts_first_day=counts_first,
        rolls_over=counting.rolls_over if rule.rolls_over is None else rule.rolls_over,
    )
    given = rule.days is not None or "days" in facts
    return NoticeRun(kind, rule, published, counts_from, length, counted, interrupted, given, counts_first)


def check_length(inquiry: Inquiry, run: NoticeRun) -> None:
    """Refuse a notice that is too short; warn where an exact length is exceeded. Roll-over never counts."""
    rule, at = run.rule, f"notices.{run.kind}.days"
    if not run.length_given:
        inquiry.ask(
            "notice.days_not_set",
            "条文没有规定公示天数，应按本单位制度填写。",
            f"notices.{run.kind}",
            inputs=("days",),
            would_change="填写公示天数",
        )
    if rule.days is None:
        return
    unit = UNITS[rule.unit]
    if run.length < rule.days:
        word = "应为" if rule.comparator == "=" else "不少于"
        inquiry.refuse(
            "notice.too_short",
            f"公示期{word}{rule.days}{unit}，所填{run.length}{unit}不足。",
            at,
            inputs=("days",),
            would_change=f"公示期改为{rule.days}{unit}",
        )
    elif rule.comparator == "=" and run.length > rule.days:
        inquiry.advise(
            "notice.longer", f"条文规定公示期为{rule.days}{unit}，所填{run.length}{unit}更长。", at, inputs=("days",)
        )


def put_values(inquiry: Inquiry, run: NoticeRun, now: datetime | None) -> None:
    """The counted notice as values: see README.md under `notice.period`."""
    counted = run.period
    day = None if now is None else local_day(now)
    end, shown = counted.end, counted.end or counted.raw_end
    number = None if day is None else min(counted.day_number(day), run.length + 1)
    text = f"{run.counts_from} 发布，公示至 {shown}" + ("（暂定）" if end is None else "")
    if number is not None:
        text += _progress(run, day, number)
    inquiry.values.update(
        kind=run.kind,
        published_on=run.published_on,
        counts_from=run.counts_from,
        restarted=run.counts_from != run.published_on,
        interrupted=run.interrupted,
        first_day=counted.first_day,
        raw_end=counted.raw_end,
        end=end,
        status=counted.status,
        rolled=counted.rolled,
        counts_first_day=run.counts_first_day,
        days=run.length,
        days_required=run.rule.days,
        comparator=run.rule.comparator,
        unit=run.rule.unit,
        day_number=number,
        has_run=None if day is None else run.has_run(day),
        earliest_signing=counted.day_after,
        counted=text,
    )
    inquiry.read(run.rule.reading, inquiry.content.counting.reading)
    if counted.status == "calendar_unknown":
        inquiry.read("calendar_unknown")


def _progress(run: NoticeRun, day: date | None, number: int) -> str:
    if day is not None and run.has_run(day):
        return "，已满"
    unit = UNITS[run.rule.unit]
    if number == 0:
        return f"，自 {run.period.first_day} 起计，共 {run.length} {unit}"
    return f"，第 {min(number, run.length)}/{run.length} {unit}"


def notice_period(inquiry: Inquiry) -> None:
    """First day, raw end, end, day n of N, earliest signing; refused if too short."""
    facts = inquiry.facts
    kind = facts.text("kind", "empowerment")
    rule = notice_rule(inquiry, kind)
    if rule is None:
        return
    now = facts.instant_or_none("now")
    run = run_of(inquiry, facts, kind, rule, now)
    check_length(inquiry, run)
    put_values(inquiry, run, now)


def check_has_run(inquiry: Inquiry, run: NoticeRun, on: date, path: str, act: str) -> None:
    """Refuse an act while the notice runs; where its end is unknown and the raw one is past, a person decides."""
    counted = run.period
    if run.interrupted:
        inquiry.refuse(
            "notice.interrupted", f"公示已中断，应恢复公示并重新计算期限后再{act}。", path, inputs=("notice",)
        )
    elif counted.end is None:
        if counted.raw_end is not None and on <= counted.raw_end:
            _still_running(inquiry, run, on, path, act)
        else:
            inquiry.ask(
                "calendar.unknown",
                f"公示期限涉及的年份尚未公布节假日安排，{counted.raw_end or ''}为暂定截止日，能否{act}须人工认定。",
                path,
                inputs=("notice", "now"),
                would_change="国务院公布该年度节假日安排",
            )
    elif on <= counted.end:
        _still_running(inquiry, run, on, path, act)


def _still_running(inquiry: Inquiry, run: NoticeRun, on: date, path: str, act: str) -> None:
    counted = run.period
    number = min(max(counted.day_number(on), 0), run.length)
    earliest = f"{counted.day_after}起" if counted.day_after else "公示期满后"
    inquiry.refuse(
        "notice.running",
        f"公示期未满：{run.counts_from}发布，公示至{counted.end or counted.raw_end}，"
        f"今天是第{number}/{run.length}{UNITS[run.rule.unit]}，"
        f"{earliest}方可{act}。",
        path,
        inputs=("notice", "now"),
        would_change=f"{earliest}且无未处理的异议",
    )


def required(inquiry: Inquiry) -> None:
    """Whether a notice of a kind is due under the triggers that hold."""
    facts = inquiry.facts
    kind = facts.text("kind", "empowerment")
    rule = notice_rule(inquiry, kind)
    if rule is None:
        inquiry.values.update(required=False, kind=kind)
        return
    held = facts.codes("triggers")
    wanted = set(rule.triggers)
    due = not wanted or (wanted <= held if rule.trigger_mode == "all" else bool(wanted & held))
    inquiry.read(rule.reading)
    inquiry.values.update(
        required=due, kind=kind, days=rule.days, comparator=rule.comparator, unit=rule.unit, audience=rule.audience
    )
    if due:
        inquiry.note("notice.required", f"应当公示：{rule.label}。", f"notices.{kind}", inputs=("triggers",))
        third_party = facts.raw("third_party_notice_days", None)
        if third_party is not None:
            inquiry.read("third_party_papers")
            inquiry.advise(
                "notice.third_party_is_material",
                "交易场所的公示证明可作过程材料，不能代替本单位公示。",
                f"notices.{kind}",
                inputs=("third_party_notice_days",),
            )


def content(inquiry: Inquiry) -> None:
    """What the notice shows, what is withheld, and what is still missing."""
    facts = inquiry.facts
    kind = facts.text("kind", "empowerment")
    rule = notice_rule(inquiry, kind)
    if rule is None:
        return
    restricted = facts.text("achievement_type", "") in rule.basics_only_for or facts.flag("novelty_at_risk", False)
    provided = facts.part("provided")
    shown = [key for key, field in rule.content.items() if field.shown and (field.basic or not restricted)]
    inquiry.values.update(
        fields=[
            {
                "code": key,
                "label": field.label,
                "required": field.required,
                "shown": key in shown,
                "citation": inquiry.pack.citation(f"notices.{kind}.content.{key}"),
            }
            for key, field in rule.content.items()
        ]
        + [
            {
                "code": f"venue_{venue}",
                "label": f"公示地点：{inquiry.pack.label('venue', venue)}",
                "required": rule.venue_mode == "all" or len(rule.venues) == 1,
                "shown": True,
                "citation": inquiry.pack.citation(f"notices.{kind}.venues"),
            }
            for venue in rule.venues
            if venue != OWN_VENUE
        ],
        shown=shown + [f"venue_{venue}" for venue in rule.venues if venue != OWN_VENUE],
        basics_only=restricted,
        audience=rule.audience,
        venues=list(rule.venues),
    )
    if restricted:
        inquiry.read("notice_basics")
        inquiry.advise(
            "notice.basics_only",
            "涉及技术秘密或影响新颖性，公示只列基本信息。",
            f"notices.{kind}.basics_only_for",
            inputs=("achievement_type",),
        )
    if "provided" in facts:
        for key in shown:
            field = rule.content[key]
            if field.required and provided.raw(key, None) in (None, ""):
                inquiry.refuse(
                    f"notice.missing.{key}",
                    f"公示内容缺少：{field.label}。",
                    f"notices.{kind}.content.{key}",
                    inputs=("provided",),
                    would_change=f"填写{field.label}",
                    modality=field.modality,
                )
        _check_venues(inquiry, kind, rule)


def _check_venues(inquiry: Inquiry, kind: str, rule: Notice) -> None:
    """Refuse a notice that does not stand where the text wants it: at every venue, or at one of them."""
    provided = inquiry.facts.part("provided")
    absent = [
        venue for venue in rule.venues if venue != OWN_VENUE and provided.raw(f"venue_{venue}", None) in (None, "")
    ]
    if rule.venue_mode == "any" and len(absent) < len(rule.venues):
        return
    for venue in absent:
        label = inquiry.pack.label("venue", venue)
        inquiry.refuse(
            f"notice.venue.{venue}",
            f"还应在{label}公示，没有填写发布的位置。",
            f"notices.{kind}.venues",
            inputs=("provided",),
            would_change=f"在{label}发布，并填写网址或者照片编号",
            modality=rule.modality,
        )


def objection_effect(inquiry: Inquiry) -> None:
    """Whether an objection came in time, blocks, and what must be done about it."""
    facts = inquiry.facts
    kind = facts.text("kind", "empowerment")
    rule = notice_rule(inquiry, kind)
    if rule is None:
        return
    notice = facts.part("notice") if "notice" in facts else facts
    run = run_of(inquiry, notice, kind, rule, None)
    received = facts.instant("received_at")
    at = f"notices.{kind}.objections"
    end = run.period.end or run.period.raw_end
    timely = end is None or in_time(received, end, facts.time_or_none("business_close"))
    doubtful = not timely and run.period.end is None
    if doubtful:
        inquiry.read("calendar_unknown")
        inquiry.ask(
            "calendar.unknown",
            f"公示期限涉及的年份尚未公布节假日安排，异议在暂定截止日（{end}）后收到，是否按期须人工认定；认定前不得签署。",
            at,
            inputs=("received_at",),
        )
    inquiry.values.update(
        in_time=timely,
        blocks=(timely or doubtful) and rule.objections == "block",
        result_published=rule.result_published,
        procedure=rule.objection_procedure,
        end=run.period.end,
        raw_end=run.period.raw_end,
    )
    inquiry.read(rule.reading)
    if rule.objection_procedure == "unit_rule":
        inquiry.read("objection_procedure")
    if not timely and not doubtful:
        inquiry.advise(
            "objection.late",
            f"异议在公示期满（{end}）后收到，予以登记，不影响办理。",
            at,
            inputs=("received_at",),
        )
    elif timely and rule.objections == "block":
        inquiry.note("objection.in_time", "异议在公示期内收到，处理完毕前不得签署。", at, inputs=("received_at",))
    if timely and rule.result_published:
        inquiry.note(
            "objection.publish_result", "应及时受理、调查核实并公布调查结果。", f"notices.{kind}.result_published"
        )


def latest_posting(inquiry: Inquiry) -> None:
    """The last day on which a notice may be posted so that an act is possible on a given day."""
    facts = inquiry.facts
    kind = facts.text("kind", "empowerment")
    rule = notice_rule(inquiry, kind)
    if rule is None:
        return
    sign_on = facts.day("sign_on")
    counting = inquiry.content.counting
    counts_first = counting.counts_first_day if rule.counts_first_day is None else rule.counts_first_day
    rolls = counting.rolls_over if rule.rolls_over is None else rule.rolls_over
    found = {}
    for name, rolling in (("latest", rolls), ("raw_latest", False)):
        found[name] = latest_start(
            sign_on - timedelta(days=1),
            facts.number("days", rule.days or 1),
            Unit(rule.unit),
            inquiry.pack.calendar,
            counts_first_day=counts_first,
            rolls_over=rolling,
        )
    inquiry.values.update(found, status="known" if found["latest"] else "calendar_unknown")
    inquiry.read(rule.reading)


QUESTIONS: dict[str, Decide] = {
    "notice.period": notice_period,
    "notice.required": required,
    "notice.content": content,
    "notice.latest_posting": latest_posting,
    "objection.effect": objection_effect,
}
