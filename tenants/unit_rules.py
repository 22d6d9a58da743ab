"""The rules that an institution has made for itself (单位制度): what a text wants in place before it grants anything.

Entered by the operator on the institution's word, since the institution's own role writes no global row; the papers stay there.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, update

from shared.audit.writing import write_audit
from shared.db.transaction import Transaction
from shared.errors import FormInvalid, NotFound
from shared.policy.pack import Pack
from tenants.packs import governing
from tenants.registry import organisation


def known_rules(pack: Pack) -> dict[str, str]:
    """Codes and labels of the rules that the pack knows."""
    return {code: item.label for code, item in pack.enumeration("unit_rule").items()}


async def _institution(tx: Transaction, tenant_id: UUID) -> Row[Any]:
    row = await tx.row(
        select(organisation)
        .where(
            organisation.c.id == tenant_id,
            organisation.c.province_id == tx.province_id,
            organisation.c.kind == "institution",
        )
        .with_for_update()
    )
    if row is None:
        raise NotFound
    return row


async def record_unit_rules(tx: Transaction, tenant_id: UUID, codes: Iterable[str]) -> bool:
    """Record which rules an institution has, all of them at once; True when that is news.

    :raises NotFound: no institution of this province.
    :raises FormInvalid: a code that the province's policy does not have.
    """
    row = await _institution(tx, tenant_id)
    known = known_rules((await governing(tx)).pack)
    given = list(dict.fromkeys(codes))
    unknown = [code for code in given if code not in known]
    if unknown:
        choices = "、".join(f"{code}（{label}）" for code, label in known.items())
        raise FormInvalid({"rules": f"没有这种单位制度：{'、'.join(unknown)}；可以是 {choices}"})
    before = list(row.settings.get("unit_rules", ()))
    wanted = [code for code in known if code in given]
    if before == wanted:
        return False
    await tx.execute(
        update(organisation)
        .where(organisation.c.id == tenant_id, organisation.c.province_id == tx.province_id)
        .values(settings={**row.settings, "unit_rules": wanted})
    )
    changes = {"unit_rules": ["、".join(known.get(code, code) for code in one) or None for one in (before, wanted)]}
    await write_audit(tx, "organisation.change", "organisation", tenant_id, details={"changes": changes})
    return True
