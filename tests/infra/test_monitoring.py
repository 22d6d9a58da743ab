"""Alerts and dashboard speak of metrics that the product has, with labels and values that it uses."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest

import services.worker  # noqa: F401  declares every task and metric
from services.worker import jobs
from shared.observability import metrics
from shared.settings import Settings
from shared.tasks.broker import TASKS

FOLDER = Path(__file__).resolve().parents[2] / "infra" / "monitoring"
OPERATIONS = FOLDER.parents[1] / "docs" / "operations.md"
_NAME = re.compile(r"\b(chengguo_[a-z_]+|process_[a-z_]+|up)\b")
_SELECTOR = re.compile(r"\b([a-z_]+)\{([^}]*)\}")
_FOREIGN = {"up"}  # made by Prometheus itself
_SCRAPED = {"job", "instance"}


def rules() -> list[dict[str, Any]]:
    loaded = yaml.safe_load((FOLDER / "alerts.yml").read_text(encoding="utf-8"))
    return [rule for group in loaded["groups"] for rule in group["rules"]]


def dashboard() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((FOLDER / "dashboard.json").read_text(encoding="utf-8"))
    return loaded


def expressions() -> dict[str, str]:
    found = {rule["alert"]: rule["expr"] for rule in rules()}
    for panel in dashboard()["panels"]:
        found |= {f"{panel['title']} {target['refId']}": target["expr"] for target in panel["targets"]}
    return found


def labels_by_series() -> dict[str, set[str]]:
    """Every series name that can be scraped → its labels."""
    found: dict[str, set[str]] = {}
    for collector in {metrics.requests, metrics.request_seconds, metrics.refusals, metrics.imports, metrics.tasks_done,
                      metrics.task_seconds, metrics.jobs_done, metrics.deliveries, metrics.queue_age_seconds,
                      metrics.scheduler_seen}:  # fmt: skip
        (family,) = collector.describe()
        labels = set(collector._labelnames)
        for suffix in {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "gauge": ("",)}[family.type]:
            found[family.name + suffix] = labels | ({"le"} if suffix == "_bucket" else set())
    for family in REGISTRY.collect():
        for sample in family.samples:
            found.setdefault(sample.name, set(sample.labels))
    return found


@pytest.mark.parametrize("where", expressions())
def test_every_metric_that_is_asked_for_exists_with_these_labels(where: str) -> None:
    expression = expressions()[where]
    known = labels_by_series()
    asked = set(_NAME.findall(expression)) - _FOREIGN
    assert asked or "up" in expression
    assert asked <= set(known), asked - set(known)
    for name, selector in _SELECTOR.findall(expression):
        wanted = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", selector)) - _SCRAPED
        assert name in _FOREIGN or wanted <= known[name], (name, wanted)
    grouped = {label.strip() for group in re.findall(r"by \(([^)]*)\)", expression) for label in group.split(",")}
    assert grouped <= set().union(*(known[name] for name in asked), _SCRAPED)


def test_the_values_that_are_asked_for_are_used() -> None:
    tasks = {name for e in expressions().values() for v in re.findall(r'task=~?"([^"]+)"', e) for name in v.split("|")}
    assert tasks
    assert tasks <= set(TASKS)
    for task in tasks:
        with metrics.task_measured(task):
            pass
    with pytest.raises(ZeroDivisionError), metrics.job_measured(jobs()[0].name):
        _ = 1 / 0
    served = generate_latest().decode()
    assert 'outcome="done",task="seal_audit"' in served
    assert 'outcome="failed"' in served
    asked = {value for e in expressions().values() for value in re.findall(r'outcome="([^"]+)"', e)}
    assert asked == {"failed"}


def test_every_alert_says_what_to_do_and_where_it_is_written() -> None:
    headings = {
        line.lstrip("# ").strip().lower() for line in OPERATIONS.read_text(encoding="utf-8").splitlines() if "#" in line
    }
    for rule in rules():
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert rule["annotations"]["summary"]
        file, _, anchor = rule["annotations"]["runbook"].partition("#")
        assert file == "docs/operations.md"
        assert anchor in headings, anchor


def test_prometheus_reads_the_rules_and_no_foreign_host() -> None:
    loaded = yaml.safe_load((FOLDER / "prometheus.yml").read_text(encoding="utf-8"))
    assert loaded["rule_files"] == ["alerts.yml"]
    targets = [t for c in loaded["scrape_configs"] for s in c["static_configs"] for t in s["targets"]]
    assert targets
    assert all(target.partition(":")[0].endswith(".internal") for target in targets)


def test_a_second_web_process_finds_a_port_of_its_own(configuration: Settings) -> None:
    from deploy.embedded.ports import pick

    chosen = configuration.model_copy(update={"metrics_port": pick(1)[0]})
    first, second = metrics.serve_metrics(chosen), metrics.serve_metrics(chosen)
    assert first == chosen.metrics_port
    assert second > first
    assert CONTENT_TYPE_LATEST.startswith("text/plain")
