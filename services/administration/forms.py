"""Forms of the administration pages."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """What of the log is wanted; empty values filter nothing. Days are of Asia/Shanghai, both included."""

    action: str = ""
    object_kind: str = ""
    outcome: str = ""
    actor_id: UUID | None = None
    object_id: UUID | None = None
    first_day: date | None = None
    last_day: date | None = None


OUTCOMES = {"done": "已办理", "refused": "未办理", "read": "查阅", "failed": "失败"}


def read_audit_filter(query: Mapping[str, str]) -> tuple[AuditFilter, dict[str, str]]:
    """The filter of an address and the errors of what cannot be read, which then filters nothing."""
    errors: dict[str, str] = {}

    def parsed(name: str, label: str, parse: Any) -> Any:
        value = query.get(name, "").strip()
        try:
            return parse(value) if value else None
        except ValueError:
            errors[name] = f"{label}无法识别"
            return None

    wanted = AuditFilter(
        action=query.get("action", "").strip()[:80],
        object_kind=query.get("object_kind", "").strip()[:40],
        outcome=query.get("outcome", "") if query.get("outcome", "") in OUTCOMES else "",
        actor_id=parsed("actor", "人员编号", UUID),
        object_id=parsed("object", "对象编号", UUID),
        first_day=parsed("from", "起始日期", date.fromisoformat),
        last_day=parsed("to", "截止日期", date.fromisoformat),
    )
    if wanted.first_day and wanted.last_day and wanted.last_day < wanted.first_day:
        errors["to"] = "截止日期早于起始日期"
    return wanted, errors
