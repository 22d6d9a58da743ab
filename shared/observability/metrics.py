"""Counters, histograms and gauges, served on a listener of their own.

Labels hold route patterns, codes and names of tasks only: never an id, a name or an address, so that the number of series
stays small and nothing of a tenant is in them.
"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

from prometheus_client import Counter, Gauge, Histogram, start_http_server

from shared.settings import Settings

_PROCESSES_AT_MOST = 16
_REQUEST_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_TASK_BUCKETS = (0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 1800.0)

requests = Counter("chengguo_requests_total", "Requests answered", ["route", "method", "status"])
request_seconds = Histogram("chengguo_request_seconds", "Seconds per request", ["route"], buckets=_REQUEST_BUCKETS)
refusals = Counter("chengguo_refusals_total", "Moves refused", ["code"])
imports = Counter("chengguo_import_rows_total", "Rows of ledger imports", ["disposition"])
tasks_done = Counter("chengguo_tasks_total", "Tasks run, by outcome (done, failed)", ["task", "outcome"])
task_seconds = Histogram("chengguo_task_seconds", "Seconds per task", ["task"], buckets=_TASK_BUCKETS)
jobs_done = Counter(
    "chengguo_jobs_total", "Scheduled jobs run, one per tenant, by outcome (done, failed)", ["job", "outcome"]
)
queue_age_seconds = Gauge("chengguo_queue_age_seconds", "How long the oldest message that is due has waited")
scheduler_seen = Gauge("chengguo_scheduler_seen_timestamp_seconds", "When the scheduler last went through its table")
deliveries = Counter(
    "chengguo_deliveries_total", "Outbox rows handled, by outcome (delivered, failed)", ["kind", "outcome"]
)


@contextmanager
def task_measured(task: str) -> Iterator[None]:
    """Counts and times one run of a task, whether it ends well or raises."""
    began, outcome = perf_counter(), "failed"
    try:
        yield
        outcome = "done"
    finally:
        tasks_done.labels(task, outcome).inc()
        task_seconds.labels(task).observe(perf_counter() - began)


@contextmanager
def job_measured(job: str) -> Iterator[None]:
    """Counts one run of a scheduled job for one tenant."""
    outcome = "failed"
    try:
        yield
        outcome = "done"
    finally:
        jobs_done.labels(job, outcome).inc()


def serve_metrics(settings: Settings) -> int:
    """Listen on the metrics port, or the next free one after it: each web process has its own. Returns the port.

    0 turns it off.

    :raises OSError: when sixteen ports in a row are taken.
    """
    if not settings.metrics_port:
        return 0
    port = settings.metrics_port
    while True:
        try:
            start_http_server(port, addr=settings.metrics_host)
        except OSError as error:
            port += 1
            if error.errno != errno.EADDRINUSE or port == settings.metrics_port + _PROCESSES_AT_MOST:
                raise
        else:
            return port
