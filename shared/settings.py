"""Settings come from the environment only, are read once, and are validated as one object.

Every variable is named ``CHENGGUO_<FIELD>``; ``.env.example`` says what each is for.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

Mode = Literal["demo", "test", "production"]


class SettingsError(Exception):
    """The environment is incomplete or contradicts itself; the message lists every fault in Chinese."""


class Settings(BaseSettings):
    """Everything that differs between one installation and another."""

    model_config = SettingsConfigDict(env_prefix="CHENGGUO_", frozen=True, extra="ignore", validate_default=True)

    mode: Mode = "production"
    public_url: str = "http://127.0.0.1:8080"
    trusted_proxies: str = ""

    database_web_url: SecretStr
    database_tasks_url: SecretStr | None = None
    database_maintenance_url: SecretStr | None = None
    database_admin_url: SecretStr | None = None
    database_pool_size: int = Field(default=16, ge=1, le=200)

    object_store_url: str = ""
    object_store_access_key: SecretStr = SecretStr("")
    object_store_secret_key: SecretStr = SecretStr("")
    object_store_bucket: str = "chengguo"

    oidc_issuer: str = ""
    oidc_client_id: str = "portal"
    oidc_client_secret: SecretStr = SecretStr("")
    api_audience: str = "portal"
    keycloak_client_id: str = "chengguo-provisioning"
    keycloak_secret: SecretStr = SecretStr("")

    key_directory: Path = Path("keys")
    metrics_host: str = "127.0.0.1"
    metrics_port: int = Field(default=0, ge=0, le=65535)

    smtp_url: SecretStr = SecretStr("")
    mail_from: str = ""

    push_hosts: str = ""

    scanner_url: str = ""
    scanner_seconds: int = Field(default=20, ge=1, le=300)

    session_idle_minutes: int = Field(default=30, ge=1, le=24 * 60)
    console_idle_minutes: int = Field(default=10, ge=1, le=24 * 60)
    session_hours: int = Field(default=10, ge=1, le=72)
    sessions_at_once: int = Field(default=5, ge=1, le=100)
    upload_limit_bytes: int = Field(default=50 * 1024 * 1024, ge=1024)
    worker_threads: int = Field(default=4, ge=1, le=64)

    # One validator a field, never one for the whole: that would be silent as long as any single value is wrong.
    @field_validator("public_url")
    @classmethod
    def _encrypted(cls, value: str, others: ValidationInfo) -> str:
        if others.data.get("mode") == "production" and not value.startswith("https://"):
            raise ValueError("正式环境必须是 https 地址")
        # Without encryption a cookie has no protection but that it never leaves the machine.
        if others.data.get("mode") == "demo" and not value.startswith("https://") and not _is_loopback(value):
            raise ValueError("演示环境用 http 时只能是本机地址（127.0.0.1），其他地址须用 https")
        return value

    @field_validator("oidc_issuer", "object_store_url")
    @classmethod
    def _present(cls, value: str, others: ValidationInfo) -> str:
        if others.data.get("mode") == "production" and not value:
            raise ValueError("正式环境必须设置")
        return value

    @field_validator("database_web_url", "database_tasks_url", "database_maintenance_url", "database_admin_url")
    @classmethod
    def _database(cls, value: SecretStr | None, others: ValidationInfo) -> SecretStr | None:
        address = value.get_secret_value() if value else ""
        if not address and others.field_name == "database_web_url" and others.data.get("mode") == "production":
            raise ValueError("必须设置")
        if address and not _is_database(address):
            raise ValueError("应为数据库地址，如 postgresql://账号:口令@主机:5432/数据库")
        return value

    @field_validator("scanner_url")
    @classmethod
    def _scanner(cls, value: str) -> str:
        if value and not _is_scanner(value):
            raise ValueError("应为查毒程序的地址，如 unix:/run/clamav/clamd.ctl 或 tcp://127.0.0.1:3310")
        return value

    @property
    def named_push_hosts(self) -> frozenset[str]:
        """Hosts to which news may be pushed although they are inside, or without encryption."""
        return frozenset(one.strip().lower() for one in self.push_hosts.split(",") if one.strip())

    @property
    def is_demo(self) -> bool:
        return self.mode == "demo"

    @property
    def secure_cookies(self) -> bool:
        return self.public_url.startswith("https://")

    def require_demo(self, part: str) -> None:
        """Demo-only parts call this first.

        :raises SettingsError: outside demo and test mode.
        """
        if self.mode == "production":
            raise SettingsError(f"{part}只能在演示环境启动：请设置 CHENGGUO_MODE=demo，正式环境不得启用")


def _is_loopback(address: str) -> bool:
    try:
        host = urlsplit(address).hostname or ""
    except ValueError:
        return False
    return host in ("localhost", "::1") or re.fullmatch(r"127(?:\.\d{1,3}){3}", host) is not None


def _is_database(address: str) -> bool:
    try:
        parts = urlsplit(address)
        _ = parts.port  # raises where it is no number
    except ValueError:
        return False
    return parts.scheme == "postgresql" and bool(parts.path.strip("/"))


def _is_scanner(address: str) -> bool:
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return False
    if parts.scheme == "unix":
        return parts.path.startswith("/") and not parts.netloc
    return parts.scheme == "tcp" and bool(parts.hostname) and port is not None and parts.path in ("", "/")


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The one settings object of this process.

    :raises SettingsError: with every fault named.
    """
    try:
        return Settings()  # type: ignore[call-arg]
    except ValidationError as error:
        lines = [_fault(fault["loc"], fault["type"], fault["msg"], fault.get("ctx", {})) for fault in error.errors()]
        raise SettingsError("环境变量有误，参见 .env.example：\n" + "\n".join(lines)) from error


_FAULTS = {
    "missing": "必须设置",
    "int_parsing": "应为整数",
    "int_type": "应为整数",
    "literal_error": "只能是 {expected}",
    "greater_than_equal": "不能小于 {ge}",
    "less_than_equal": "不能大于 {le}",
}


def _fault(place: tuple[int | str, ...], kind: str, message: str, context: Mapping[str, Any]) -> str:
    """One fault in Chinese, with the variable's name."""
    if kind == "value_error":
        words = str(context["error"])
    else:
        words = _FAULTS.get(kind, message).format(**context).replace(" or ", "、").replace("'", "")
    return f"CHENGGUO_{'_'.join(str(part) for part in place).upper()}：{words}"
