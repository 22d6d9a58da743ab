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
DAILY = DEPLOY / "systemd" / "chengguo-erasure.service"
TIMER = DAILY.with_suffix(".timer")
OPERATIONS = ROOT / "docs" / "operations.md"
WRITTEN = (
    COMPOSE,
    KUBERNETES,
    *UNITS,
    TIMER,
    OPERATIONS,
    DEPLOY / "proxy" / "nginx.conf",
    DEPLOY / "image" / "Containerfile",
)


def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))
    return loaded


def kubernetes() -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(KUBERNETES.read_text(encoding="utf-8")))


def containers() -> dict[str, dict[str, Any]]:
    specs = [k["spec"] for k in kubernetes() if k["kind"] in ("Job", "Deployment")]
    specs += [k["spec"]["jobTemplate"]["spec"] for k in kubernetes() if k["kind"] == "CronJob"]
    found = [spec["template"]["spec"]["containers"] for spec in specs]
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


@pytest.mark.parametrize("name", ["web", "worker", "migrate", "erasure", "merger"])
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
    own = {name: [f"chengguo-{name}"] for name in ("migrate", "web", "worker", "erasure")}
    assert secrets == {**own, "merger": own["erasure"]}, "both are the maintenance login's daily work"


@pytest.mark.requirement("R200")
def test_what_is_due_is_erased_once_a_day_whatever_runs_it() -> None:
    timer = TIMER.read_text(encoding="utf-8")
    assert re.search(r"^OnCalendar=\*-\*-\* \d\d:\d\d:\d\d Asia/Shanghai$", timer, re.M)
    assert re.search(r"^Persistent=true$", timer, re.M)
    assert re.search(r"^WantedBy=timers.target$", timer, re.M)
    assert re.search(r"^ExecStart=\S+/chengguo erasure run$", DAILY.read_text(encoding="utf-8"), re.M)
    (job,) = [k for k in kubernetes() if k["kind"] == "CronJob"]
    assert re.fullmatch(r"\d+ \d+ \* \* \*", job["spec"]["schedule"])
    assert job["spec"]["concurrencyPolicy"] == "Forbid"
    in_compose = compose()["services"]["erasure"]
    assert in_compose["command"] == containers()["erasure"]["args"] == ["erasure", "run"]
    assert in_compose["profiles"], "it does not start with the rest"


def test_mergers_are_carried_out_once_a_day_whatever_runs_it() -> None:
    assert re.search(r"^ExecStart=\S+/chengguo merger run$", DAILY.read_text(encoding="utf-8"), re.M)
    in_compose = compose()["services"]["merger"]
    assert in_compose["command"] == containers()["merger"]["args"] == ["merger", "run"]
    assert in_compose["profiles"], "it does not start with the rest"


def test_only_the_erasure_has_the_maintenance_login() -> None:
    files = {name: str(service.get("env_file")) for name, service in compose()["services"].items()}
    assert [name for name, file in files.items() if "erasure.env" in file] == ["erasure", "merger"]
    told = [unit.name for unit in UNITS if "MAINTENANCE" in unit.read_text(encoding="utf-8")]
    assert told == [DAILY.name]


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
    assert re.search(r"^Restart=on-failure$" if unit == DAILY else r"^Restart=always$", text, re.M)
    assert re.search(r"^ProtectSystem=strict$", text, re.M)
    assert re.search(r"^User=chengguo$", text, re.M)
    assert re.search(r"^ExecStart=\S+/chengguo (serve|worker|erasure run)", text, re.M)
