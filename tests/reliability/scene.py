"""What the load stands on: two provinces; in one a consultation and a running notice, in the other a draft list."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import psycopg
from sqlalchemy import text

from services.notices.workflow import publish_notice
from shared.clock import real_now
from shared.db.engine import make_engine
from shared.ids import new_token, token_hash
from shared.keys.keyring import Keyring
from tenants.isolation import new_form_key
from tenants.registry import ROLE_OF_KIND
from tests.reliability.installation import Installation
from tests.services.negative_list.steps import drafted, officer
from tests.services.notices.arranging import add_achievement, add_person, new_notice
from tests.world import World, make_world


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session's cookie, and fresh keys for its forms."""

    token: str
    secret: bytes

    @property
    def cookie(self) -> str:
        return f"chengguo={self.token}"

    def key(self) -> str:
        return new_form_key(self.secret, self.token)


@dataclass(frozen=True, slots=True)
class Scene:
    """Addresses to write to and to read from, and who is signed in."""

    clerk: SignedIn
    officer: SignedIn
    consultation: str
    objections: str
    items: str
    pages: tuple[tuple[str, str], ...]
    tenants: tuple[UUID, ...]


async def arrange(installation: Installation) -> Scene:
    """Fill the empty installation."""
    engines = [make_engine(installation.dsn(login), pool_size=3) for login in ("maintenance", "web", "tasks")]
    here, there = await make_world(*engines), await make_world(*engines)
    secret = Keyring(installation.layout.platform_keys).form_key
    clerk = await _sign_in(here, here.university, "institution", ("clerk", "completer"), secret)
    drafter = await _sign_in(there, there.science, "science", ("science_officer",), secret)
    round_id = await _consult(here)
    notice_id = await _announce(here)
    version_id = await drafted(there, at=real_now())
    for engine in engines:
        await engine.dispose()
    notice = f"/institution/notices/{notice_id}"
    return Scene(
        clerk,
        drafter,
        consultation=f"/{here.slug}/consultations/{round_id}",
        objections=f"{notice}/objections",
        items=f"/console/lists/{version_id}/items/new",
        pages=((f"/{here.slug}/lists", ""), (notice, clerk.cookie)),
        tenants=(here.university, here.science, there.science),
    )


async def _sign_in(world: World, tenant: UUID, kind: str, roles: tuple[str, ...], secret: bytes) -> SignedIn:
    token = new_token()
    department = world.department if kind == "institution" else tenant
    async with world.web.connect() as connection:
        await connection.execute(
            text(
                "select app.open_session(:hash, :role, :tenant, :province, :department, :person, '测试人员', '', '单位', "
                "cast(:roles as text[]), 'test', :subject, :subject, '1', ''::bytea, '127.0.0.1', 36000, 36000)"
            ),
            {
                "hash": token_hash(token),
                "role": ROLE_OF_KIND[kind],
                "tenant": tenant,
                "province": world.province_id,
                "department": department,
                "person": await world.person(tenant, roles[0]),
                "roles": list(roles),
                "subject": new_token(),
            },
        )
    return SignedIn(token, secret)


async def _consult(world: World) -> UUID:
    from services.negative_list.queries import consultation_of
    from services.negative_list.workflow import open_consultation

    version_id = await drafted(world, at=real_now())
    async with officer(world, at=real_now()) as tx:
        assert await open_consultation(tx, version_id, 60) is None
        round_ = await consultation_of(tx, version_id)
    assert round_ is not None
    return round_.id


async def _announce(world: World) -> UUID:
    person = await add_person(world, world.university, "测试完成人")
    achievement = await add_achievement(world, world.university, completers=(person,))
    async with world.acting(world.university, "clerk", at=real_now()) as tx:
        notice = await publish_notice(tx, new_notice(achievement, person))
    assert isinstance(notice, UUID), notice
    return notice


def stored(connection: psycopg.Connection[tuple[object, ...]]) -> dict[str, list[str]]:
    """The words that stand in the database, by kind, as often as they stand there."""
    statements = {
        "opinion": "select body from app.list_opinion",
        "objection": "select body from app.notice_objection",
        "item": "select i ->> 'title' from app.list_version v, jsonb_array_elements(v.draft -> 'items') i",
    }
    return {kind: [str(row[0]) for row in connection.execute(sql.encode())] for kind, sql in statements.items()}
