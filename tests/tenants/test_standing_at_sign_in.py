"""What stands in the unit decides at the door too: how many sessions at once, who has left, which roles go together."""

import pytest
from sqlalchemy import text

from tests.tenants.signing_in import Scene, is_signed_in, refusals_audited, with_


async def test_a_further_sign_in_ends_the_oldest_beyond_the_limit(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    limited = scene.site.app.state.settings.model_copy(update={"sessions_at_once": 2})
    monkeypatch.setattr(scene.site.app.state, "settings", limited)
    visitors = [scene.visitor() for _ in range(3)]
    colleague = scene.visitor()
    await scene.sign_in(colleague, "dianchi-head")
    for visitor in visitors:
        await scene.sign_in(visitor, "dianchi-clerk")
    assert [await is_signed_in(one) for one in (*visitors, colleague)] == [False, True, True, True]


async def test_who_has_left_does_not_sign_in_and_the_unit_sees_the_attempt(scene: Scene) -> None:
    visitor = scene.visitor()
    await scene.sign_in(visitor, "dianchi-leader")
    async with scene.maintenance.begin() as connection:
        person = (
            await connection.execute(
                text("select tenant_id, person_id from app.session order by created_at desc limit 1")
            )
        ).one()
        await connection.execute(
            text("insert into app.person_standing values (:tenant, :person, '{}', '[]', true)"),
            {"tenant": person.tenant_id, "person": person.person_id},
        )
    assert not await is_signed_in(visitor)
    again = await scene.sign_in(scene.visitor(), "dianchi-leader")
    assert again.status_code == 400
    assert "已停用" in again.text
    assert (str(person.tenant_id), "account.closed", "browser") in await refusals_audited(scene)
    async with scene.maintenance.begin() as connection:
        await connection.execute(text("delete from app.person_standing"))
    back = scene.visitor()
    await scene.sign_in(back, "dianchi-leader")
    assert await is_signed_in(back)


@pytest.mark.requirement("R198")
async def test_every_sign_in_and_every_failed_one_is_logged_with_its_address(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    await scene.sign_in(scene.visitor(), "dianchi-clerk")
    scene.answers(with_(aud="another"), monkeypatch)
    assert (await scene.sign_in(scene.visitor(), "dianchi-clerk")).status_code == 400
    async with scene.maintenance.connect() as connection:
        rows = await connection.execute(
            text(
                "select action, outcome, address from app.audit_entry where action in ('session.signed_in', "
                "'session.refused') order by position desc limit 2"
            )
        )
        found = [tuple(row) for row in rows]
    assert found == [("session.refused", "refused", "127.0.0.1"), ("session.signed_in", "done", "127.0.0.1")]


async def test_two_administrators_in_one_account_do_not_sign_in(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.answers(with_(portal_roles=["system_admin", "audit_admin"]), monkeypatch)
    answer = await scene.sign_in(scene.visitor(), "dianchi-audit")
    assert answer.status_code == 400
    assert "由不同的人担任" in answer.text
    assert any(code == "roles.administrators" for _, code, _ in await refusals_audited(scene))
