"""The command line: it opens provinces and tenants, verifies the log, and says what is wrong without a traceback."""

from uuid import uuid4

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import create_engine, make_url, text

from services.cli import cli
from shared.settings import Settings
from tests.conftest import Database


def run(*words: str) -> Result:
    return CliRunner().invoke(cli, list(words))


@pytest.fixture
def slug(configuration: Settings) -> str:
    name = f"c{uuid4().hex[:9]}"
    done = run("province", "create", "--region", name, "--slug", name, "--name", f"省{name}", "--short-name", "省")
    assert done.exit_code == 0, done.output
    assert "属性 tenant" in done.output
    return name


def open_department(slug: str) -> Result:
    return run("tenant", "create", "--province", slug, "--kind", "department", "--name", "示例教育厅",
               "--short-name", "教育厅", "--alias", f"{slug}-d")  # fmt: skip


def open_university(slug: str, department: str) -> Result:
    return run("tenant", "create", "--province", slug, "--kind", "institution", "--unit-kind", "university",
               "--name", "示例大学", "--short-name", "示大", "--alias", f"{slug}-u", "--prefix", "SD",
               "--department", department)  # fmt: skip


def test_a_province_is_opened_once(slug: str) -> None:
    again = run("province", "create", "--region", slug, "--slug", slug, "--name", f"省{slug}", "--short-name", "省")
    assert again.exit_code == 0
    assert run("province", "list").output.count(slug) >= 1
    taken = run("province", "create", "--region", "other", "--slug", slug, "--name", "别省", "--short-name", "别")
    assert taken.exit_code == 1
    assert "已被另一省份使用" in taken.output


def test_tenants_are_opened_shown_and_suspended(slug: str) -> None:
    assert open_department(slug).exit_code == 0
    assert open_university(slug, f"{slug}-d").exit_code == 0
    again = open_university(slug, f"{slug}-d")
    assert "没有变化" in again.output
    assert "示例大学" in run("tenant", "list", "--province", slug).output
    shown = run("tenant", "show", "--province", slug, f"{slug}-u").output
    assert "示例教育厅" in shown
    assert "使用中" in shown
    assert run("tenant", "suspend", "--province", slug, f"{slug}-u").exit_code == 0
    assert "已暂停" in run("tenant", "show", "--province", slug, f"{slug}-u").output
    assert run("tenant", "resume", "--province", slug, f"{slug}-u").exit_code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("tenant", "list", "--province", "nowhere"), "没有省份"),
        (("tenant", "show", "--province", "{slug}", "nobody"), "没有单位"),
        (("policy", "load", "cn-99", "--province", "{slug}"), ""),
        (
            ("policy", "propose", str(uuid4()), "--province", "{slug}", "--from", "2026-01-01", "--by", "nobody@x"),
            "找不到人员",
        ),
    ],
)
def test_what_cannot_be_done_is_said(slug: str, words: tuple[str, ...], said: str) -> None:
    answer = run(*(word.format(slug=slug) for word in words))
    assert answer.exit_code == 1
    assert said in answer.output
    assert "Traceback" not in answer.output


def test_an_institution_needs_a_department(slug: str) -> None:
    answer = open_university(slug, "nobody")
    assert answer.exit_code == 1
    assert "没有单位“nobody”" in answer.output


def test_a_pack_is_loaded_once_and_of_the_own_region_alone(slug: str, database: Database) -> None:
    other = run("policy", "load", "cn-53", "--province", slug)
    assert other.exit_code == 1
    assert f"这是 cn-53 的政策包，本省的地区代号是 {slug}" in other.output
    engine = create_engine(make_url(database.url("maintenance")).set(drivername="postgresql+psycopg"))
    moved = text("update app.province set region = :region where slug = :slug")
    with engine.begin() as connection:
        connection.execute(moved, {"region": "cn-53", "slug": slug})
    try:
        first, again = (run("policy", "load", "cn-53", "--province", slug) for _ in range(2))
    finally:
        with engine.begin() as connection:
            connection.execute(moved, {"region": slug, "slug": slug})
    assert first.exit_code == 0, first.output
    assert first.output == again.output
    assert "cn-53" in run("policy", "versions", "--province", slug).output


def test_a_tampered_log_is_found(slug: str, database: Database) -> None:
    open_department(slug)
    engine = create_engine(make_url(database.url("maintenance")).set(drivername="postgresql+psycopg"))
    with engine.begin() as connection:
        operator = connection.scalar(
            text("select tenant_id from app.audit_entry e join app.organisation o on o.id = e.tenant_id "
                 "join app.province p on p.province_id = o.province_id where p.slug = :slug limit 1"),
            {"slug": slug},
        )  # fmt: skip
    waiting = run("audit", "verify", "--tenant", str(operator))
    assert waiting.exit_code == 0, waiting.output
    assert "封存 0 条" in waiting.output
    with engine.begin() as connection:
        connection.execute(
            text("insert into app.audit_seal (tenant_id, number, entry_id, previous, hash) "
                 "select tenant_id, 1, id, ''::bytea, ''::bytea from app.audit_entry where tenant_id = :t limit 1"),
            {"t": operator},
        )  # fmt: skip
    found = run("audit", "verify", "--tenant", str(operator))
    assert found.exit_code == 1
    assert "有问题" in found.output
    with engine.begin() as connection:
        connection.execute(text("delete from app.audit_seal where tenant_id = :t"), {"t": operator})
    engine.dispose()


def test_missing_settings_are_named_all_at_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from services.cli import main
    from shared.settings import settings

    monkeypatch.delenv("CHENGGUO_DATABASE_WEB_URL", raising=False)
    monkeypatch.setenv("CHENGGUO_WORKER_THREADS", "many")
    monkeypatch.setattr("sys.argv", ["chengguo", "province", "list"])
    settings.cache_clear()
    try:
        with pytest.raises(SystemExit) as stopped:
            main()
    finally:
        settings.cache_clear()
    assert stopped.value.code == 2
    said = capsys.readouterr().err
    assert "CHENGGUO_DATABASE_WEB_URL" in said
    assert "CHENGGUO_WORKER_THREADS" in said
    assert ".env.example" in said


def test_keys_are_listed_and_old_ones_stay(configuration: Settings) -> None:
    assert run("keys", "create").exit_code == 0
    before = run("keys", "list").output
    assert run("keys", "rotate", "list").exit_code == 0
    after = run("keys", "list").output
    assert set(before.splitlines()) < set(after.splitlines())
