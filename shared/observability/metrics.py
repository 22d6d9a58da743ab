"""Counters and histograms, served on a listener of their own."""

from prometheus_client import Counter, Histogram, start_http_server

from shared.settings import Settings

requests = Counter("chengguo_requests_total", "Requests answered", ["route", "method", "status"])
request_seconds = Histogram("chengguo_request_seconds", "Seconds per request", ["route"])
refusals = Counter("chengguo_refusals_total", "Moves refused", ["code"])
imports = Counter("chengguo_import_rows_total", "Rows of ledger imports", ["disposition"])
tasks_done = Counter("chengguo_tasks_total", "Tasks run", ["task", "outcome"])


def serve_metrics(settings: Settings) -> None:
    """Listen on the metrics port; 0 turns it off."""
    if settings.metrics_port:
        start_http_server(settings.metrics_port, addr=settings.metrics_host)
