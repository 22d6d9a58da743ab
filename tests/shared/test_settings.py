"""Settings: from the environment only, whole or refused, every fault named in Chinese, every one explained."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.settings import Settings, SettingsError, settings

EXAMPLE = Path(__file__).resolve().parents[2] / ".env.example"


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """No setting of the platform but those of a demo."""
    for name in list(os.environ):
        if name.startswith("CHENGGUO_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("CHENGGUO_MODE", "demo")
    monkeypatch.setenv("CHENGGUO_DATABASE_WEB_URL", "postgresql://web@localhost/none")
    settings.cache_clear()
    return monkeypatch


@pytest.fixture(autouse=True)
def forget() -> Iterator[None]:
    yield
    settings.cache_clear()


def refused() -> str:
    with pytest.raises(SettingsError) as fault:
        settings()
    return str(fault.value)


def test_every_setting_is_explained_in_the_example() -> None:
    named = {
        line.lstrip("# ").split("=")[0]
        for line in EXAMPLE.read_text("utf-8").splitlines()
        if line.lstrip("# ").startswith("CHENGGUO_") and "=" in line
    }
    assert named == {f"CHENGGUO_{name.upper()}" for name in Settings.model_fields}


def test_the_example_itself_is_a_whole_installation(environment: pytest.MonkeyPatch) -> None:
    for line in EXAMPLE.read_text("utf-8").splitlines():
        if line.startswith("CHENGGUO_"):
            name, _, value = line.partition("=")
            environment.setenv(name, value)
    assert settings().mode == "production"


def test_all_faults_are_named_at_once(environment: pytest.MonkeyPatch) -> None:
    environment.delenv("CHENGGUO_DATABASE_WEB_URL")
    environment.setenv("CHENGGUO_WORKER_THREADS", "many")
    environment.setenv("CHENGGUO_SESSION_HOURS", "1000")
    environment.setenv("CHENGGUO_MODE", "playground")
    said = refused()
    assert "CHENGGUO_DATABASE_WEB_URL：必须设置" in said
    assert "CHENGGUO_WORKER_THREADS：应为整数" in said
    assert "CHENGGUO_SESSION_HOURS：不能大于 72" in said
    assert "CHENGGUO_MODE：只能是" in said
    assert ".env.example" in said


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:8080", "http://localhost:8080", "http://[::1]:8080", "https://demo.example"]
)
def test_a_demo_stands_on_its_own_machine_or_behind_https(environment: pytest.MonkeyPatch, address: str) -> None:
    environment.setenv("CHENGGUO_PUBLIC_URL", address)
    assert settings().secure_cookies == address.startswith("https")


@pytest.mark.parametrize(
    "address",
    ["http://10.0.0.5:8080", "http://demo.example", "http://127.0.0.1.example", "http://[::1", "ftp://127.0.0.1x"],
)
def test_a_demo_that_others_reach_without_encryption_is_refused(environment: pytest.MonkeyPatch, address: str) -> None:
    environment.setenv("CHENGGUO_PUBLIC_URL", address)
    assert "CHENGGUO_PUBLIC_URL：演示环境用 http 时只能是本机地址" in refused()


def test_what_production_lacks_is_named_beside_other_faults(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("CHENGGUO_MODE", "production")
    environment.delenv("CHENGGUO_DATABASE_WEB_URL")
    environment.setenv("CHENGGUO_DATABASE_POOL_SIZE", "many")
    said = refused()
    for name in ("DATABASE_WEB_URL", "DATABASE_POOL_SIZE", "PUBLIC_URL", "OIDC_ISSUER", "OBJECT_STORE_URL"):
        assert f"CHENGGUO_{name}" in said


@pytest.mark.parametrize(
    "address", ["zzz", "mysql://web@db/chengguo", "postgresql://web@db:port/chengguo", "postgresql://web@db"]
)
def test_an_address_that_is_no_database_is_named_without_its_password(
    environment: pytest.MonkeyPatch, address: str
) -> None:
    environment.setenv("CHENGGUO_DATABASE_WEB_URL", address)
    environment.setenv("CHENGGUO_DATABASE_TASKS_URL", "postgres//tasks:geheim@db/chengguo")
    said = refused()
    assert "CHENGGUO_DATABASE_WEB_URL：应为数据库地址" in said
    assert "CHENGGUO_DATABASE_TASKS_URL：应为数据库地址" in said
    assert "geheim" not in said


def test_production_needs_https_and_its_services(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("CHENGGUO_MODE", "production")
    environment.setenv("CHENGGUO_PUBLIC_URL", "http://chengguo.example.cn")
    said = refused()
    for name in ("PUBLIC_URL", "OIDC_ISSUER", "OBJECT_STORE_URL"):
        assert f"CHENGGUO_{name}" in said


def test_what_is_for_demonstrations_stays_out_of_production(environment: pytest.MonkeyPatch) -> None:
    settings().require_demo("演示时钟")
    with pytest.raises(SettingsError, match="只能在演示环境"):
        settings().model_copy(update={"mode": "production"}).require_demo("演示时钟")


def test_secrets_are_not_shown(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("CHENGGUO_OIDC_CLIENT_SECRET", "hush-hush")
    assert "hush-hush" not in repr(settings())
