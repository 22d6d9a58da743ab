"""What is written for running it for real fits the product: commands, settings, ports, and no secret or foreign host."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.cli import cli
from shared.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
COMPOSE = DEPLOY / "compose" / "compose.yaml"
KUBERNETES = DEPLOY / "kubernetes" / "chengguo.yaml"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
OPERATIONS = ROOT / "docs" / "operations.md"
WRITTEN = (COMPOSE, KUBERNETES, *UNITS, OPERATIONS, DEPLOY / "proxy" / "nginx.conf", DEPLOY / "image" / "Containerfile")


def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))
    return loaded


def kubernetes() -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(KUBERNETES.read_text(encoding="utf-8")))


def containers() -> dict[str, dict[str, Any]]:
    found = [k["spec"]["template"]["spec"]["containers"] for k in kubernetes() if k["kind"] in ("Job", "Deployment")]
    return {container["name"]: container for several in found for container in several}


@pytest.mark.parametrize("file", WRITTEN, ids=lambda file: file.name)
def test_every_setting_that_is_named_exists(file: Path) -> None:
    known = {f"CHENGGUO_{name.upper()}" for name in Settings.model_fields}
    named = set(re.findall(r"CHENGGUO_[A-Z_]*[A-Z]", file.read_text(encoding="utf-8")))
    assert named <= known, named - known


@pytest.mark.parametrize("file", WRITTEN, ids=lambda file: file.name)
def test_every_command_that_is_named_exists(file: Path) -> None:
    named = re.findall(r"\bchengguo ([a-z]+)(?: ([a-z]+(?:-[a-z]+)*))?", file.read_text(encoding="utf-8"))
    for command, inner in named:
        if command in ("owner", "contents"):  # the database of that name
            continue
        assert command in cli.commands, command
        group = cli.commands[command]
        if inner and hasattr(group, "commands") and inner != "with":
            assert inner in group.commands, (command, inner)


@pytest.mark.parametrize("name", ["web", "worker", "migrate"])
def test_containers_run_commands_of_ours_confined(name: str) -> None:
    in_compose, in_kubernetes = compose()["services"][name], containers()[name]
    for arguments in (in_compose["command"], in_kubernetes["args"]):
        command = cli.commands[arguments[0]]
        options = {option for parameter in command.params for option in parameter.opts}
        assert {argument for argument in arguments if argument.startswith("--")} <= options
    assert in_compose["read_only"]
    assert in_compose["cap_drop"] == ["ALL"]
    context = in_kubernetes["securityContext"]
    assert context["runAsNonRoot"]
    assert context["readOnlyRootFilesystem"]
    assert not context["allowPrivilegeEscalation"]


def test_there_is_one_worker_whatever_runs_it() -> None:
    (worker,) = [k for k in kubernetes() if k["kind"] == "Deployment" and k["metadata"]["name"] == "chengguo-worker"]
    assert worker["spec"]["replicas"] == 1
    assert worker["spec"]["strategy"] == {"type": "Recreate"}
    assert "deploy" not in compose()["services"]["worker"]


def test_only_the_migration_has_the_administrators_login() -> None:
    files = {name: service.get("env_file") for name, service in compose()["services"].items()}
    assert files["migrate"] == [".env", "migrate.env"]
    assert files["web"] == files["worker"] == ".env"
    secrets = {name: [e["secretRef"]["name"] for e in c["envFrom"]] for name, c in containers().items()}
    assert secrets == {"migrate": ["chengguo-migrate"], "web": ["chengguo-web"], "worker": ["chengguo-worker"]}


@pytest.mark.parametrize("file", WRITTEN, ids=lambda file: file.name)
def test_hosts_are_placeholders(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    for image in re.findall(r"(?:image: |_IMAGE=|-t )(\S+)", text):
        assert image.startswith("registry.example.internal/"), image
    for host in re.findall(r"https?://([\w.-]+)", text):
        assert host in ("HOST", "chengguo") or re.search(r"(\.example\.cn|\.internal|^127\.0\.0\.1)$", host), host


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_units_start_again_and_are_confined(unit: Path) -> None:
    text = unit.read_text(encoding="utf-8")
    assert re.search(r"^Restart=always$", text, re.M)
    assert re.search(r"^ProtectSystem=strict$", text, re.M)
    assert re.search(r"^User=chengguo$", text, re.M)
    assert re.search(r"^ExecStart=\S+/chengguo (serve|worker)", text, re.M)
