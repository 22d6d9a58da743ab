"""Set-up: locked as declared, honest about what is missing, whole or not at all."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from deploy.setup import assets, commands, debian, environment, keycloak
from deploy.setup.commands import ROOT, SetupFailure, download

LOCKS = [
    "requirements.lock",
    "requirements-dev.lock",
    "requirements-setup.lock",
    "requirements-node.lock",
]


def locked(name: str) -> dict[str, str]:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    found = (re.match(r"([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;]+)", line) for line in lines)
    return {canonicalize_name(match[1]): match[2] for match in found if match}


def test_the_locks_hold_what_the_project_declares() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    declared = {
        "requirements.lock": project["project"]["dependencies"],
        "requirements-dev.lock": project["project"]["dependencies"] + project["dependency-groups"]["dev"],
    }
    for lock, wanted in declared.items():
        held = locked(lock)
        for requirement in map(Requirement, wanted):
            version = held.get(canonicalize_name(requirement.name))
            assert version, f"{requirement.name} is missing in {lock}: make lock"
            assert requirement.specifier.contains(version, prereleases=True), f"{requirement} in {lock}: make lock"
    run = locked("requirements.lock")
    assert {name: locked("requirements-dev.lock")[name] for name in run} == run


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_package_has_a_hash_and_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert "://" not in text
    for entry in re.split(r"\n(?=[a-zA-Z0-9])", text)[1:]:
        assert "--hash=sha256:" in entry, entry


def test_missing_packages_end_with_the_list_and_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(debian, "missing", lambda: ["chromium", "wrk"])
    with pytest.raises(SetupFailure) as failure:
        debian.require_packages()
    assert "  - chromium\n  - wrk" in failure.value.message
    assert failure.value.remedy.endswith("apt-get install -y --no-install-recommends chromium wrk")


def test_a_package_that_dpkg_does_not_know_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = tmp_path / "packages.txt"
    names.write_text("# comment\nchengguo-no-such-package  # why\n\n", encoding="utf-8")
    monkeypatch.setattr(debian, "LIST", names)
    assert debian.missing() == ["chengguo-no-such-package"]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("write failed: No space left on device (os error 28)", "磁盘已满"),
        ("error: Hash mismatch for `x`", "校验值不符"),
        ("Connection refused", "Connection refused"),
    ],
)
def test_a_failed_download_says_why_and_what_to_do(said: str, expected: str) -> None:
    with pytest.raises(SetupFailure, match="下载依赖失败") as failure:
        download([sys.executable, "-c", f"import sys; sys.exit({said!r})"], "下载依赖")
    assert expected in failure.value.message.replace("锁定的校验值不符", "校验值不符")
    assert failure.value.remedy


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for module in (commands, environment, assets):
        monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(environment, "VENV", tmp_path / ".venv")
    return tmp_path


def test_a_failed_renewal_leaves_the_old_environment_and_nothing_else(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (checkout / ".venv" / "bin").mkdir(parents=True)
    (checkout / ".venv" / "bin" / "python").touch()

    def fail(_: str, folder: Path) -> None:
        (folder / "venv").mkdir()
        raise SetupFailure("下载失败", "请检查网络")

    monkeypatch.setattr(environment, "_build", fail)
    with pytest.raises(SetupFailure):
        environment.ensure_environment("run")
    assert [entry.name for entry in checkout.iterdir()] == [".venv"]
    assert (checkout / ".venv" / "bin" / "python").exists()


def test_an_environment_is_renewed_when_the_lock_changes(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = checkout / "requirements.lock"
    lock.write_text("a==1")
    dev = checkout / "requirements-dev.lock"
    dev.write_text("a==1\nb==1")
    monkeypatch.setattr(environment, "_LOCKS", {"run": lock, "dev": dev})
    built = []

    def build(level: str, folder: Path) -> None:
        built.append(level)
        (folder / "venv" / "bin").mkdir(parents=True)
        (folder / "venv" / "bin" / "python").touch()
        (folder / "venv" / "chengguo-installed").write_text(environment._fingerprint(level))
        environment.put_in_place(folder / "venv", checkout / ".venv", folder)

    monkeypatch.setattr(environment, "_build", build)
    environment.ensure_environment("run")
    environment.ensure_environment("run")
    assert built == ["run"]
    environment.ensure_environment("dev")
    environment.ensure_environment("run")
    assert built == ["run", "dev"]
    dev.write_text("a==1\nb==2")
    environment.ensure_environment("run")
    assert built == ["run", "dev", "dev"], "a developer's environment is not reduced"


def test_too_little_space_is_said_before_a_download(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deploy.setup.environment._NEEDED_MEGABYTES", {"run": 10**9, "dev": 10**9})
    with pytest.raises(SetupFailure, match="磁盘空间不足"):
        environment.ensure_environment("run")
    assert list(checkout.iterdir()) == []


def test_a_machine_without_java_is_told_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SetupFailure, match="java、mvn") as failure:
        keycloak.ensure_keycloak()
    assert "openjdk-17-jre-headless maven" in failure.value.remedy
    assert {"openjdk-17-jre-headless", "maven"} <= set(debian.wanted())
    assert not list(tmp_path.iterdir())


def test_another_archive_than_the_pinned_one_is_not_unpacked(tmp_path: Path) -> None:
    archive = tmp_path / "other.zip"
    archive.write_bytes(b"PK")
    with pytest.raises(SetupFailure, match="校验值不符"):
        keycloak.unpack(archive, tmp_path / "made")
    assert not (tmp_path / "made").exists()
