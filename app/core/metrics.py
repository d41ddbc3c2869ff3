"""What Prometheus reads at `/metrics`. Labels are route templates and statuses, never anything a person typed."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from app.core.answers import Answers

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)


class Metrics:
    """The counters of one process."""

    def __init__(self, answers: Answers) -> None:
        """Register everything in a registry of its own, so that two applications in one process do not mix."""
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "http_requests_total", "Requests answered, those from the answer cache apart.",
            ["method", "route", "status"], registry=self.registry,
        )  # fmt: skip
        self.seconds = Histogram(
            "http_request_duration_seconds", "Time to answer, those from the answer cache apart.",
            ["method", "route"], buckets=BUCKETS, registry=self.registry,
        )  # fmt: skip
        self.edition = Gauge("content_edition", "The edition shown.", registry=self.registry)
        self.registry.register(_AnswerCollector(answers))

    def text(self) -> bytes:
        """The exposition format."""
        return generate_latest(self.registry)


class _AnswerCollector(Collector):
    """Reads the answer cache when scraped; the hot path only adds to an integer."""

    def __init__(self, answers: Answers) -> None:
        self.answers = answers

    def collect(self) -> Iterable[Metric]:
        yield CounterMetricFamily("answer_cache_hits", "Requests answered from memory.", self.answers.hits)
        yield CounterMetricFamily("answer_cache_misses", "Public reads that had to be made.", self.answers.misses)
        yield GaugeMetricFamily("answer_cache_bytes", "Bytes held by finished answers.", self.answers.size)
