"""What the dashboard and the alert rules ask Prometheus: it parses, and asks for what is there."""

import itertools
import json
import re
from pathlib import Path

import promql_parser
import pytest
import yaml
from promql_parser import AggregateExpr, BinaryExpr, MatchOp, VectorSelector

from deployments.telemetry import metrics
from deployments.telemetry.metrics import Metric
from speech.errors import SpeechError
from speech.parameters import PARAMETER_NAMES

ROOT = Path(__file__).parents[3]
METRICS = [metric for metric in vars(metrics).values() if isinstance(metric, Metric)]
DASHBOARD = json.loads((ROOT / "dashboards" / "echo.json").read_text())
PANELS = DASHBOARD["panels"]
TARGETS = [target for panel in PANELS for target in panel.get("targets", [])]
[GROUP] = yaml.safe_load((ROOT / "dashboards" / "alerts.yml").read_text())["groups"]
RULES = GROUP["rules"]
GRAFANAS = {"$__rate_interval": "1m", "$application": ".*"}

RAYS_OWN = {
    "ray_node_disk_free",
    "ray_node_disk_usage",
    "ray_node_gpus_utilization",
    "ray_node_gram_used",
    "ray_node_gram_available",
    "ray_node_mem_total",
    "ray_node_mem_used",
    "ray_serve_num_http_error_requests_total",
}
LABELS = {"le", "application", "deployment", "replica", "error_code", "NodeAddress", "GpuIndex"}
LABELS |= {label for metric in METRICS for label in metric.labels}


def exported(metric):
    """Return the names under which Prometheus knows a metric."""
    suffixes = ("_bucket", "_count", "_sum") if metric.kind == "histogram" else ("",)
    return {f"ray_{metric.name}{suffix}" for suffix in suffixes}


EXPORTED = {name for metric in METRICS for name in exported(metric)}


def parts(query, kind):
    """Return the parts of a query that are of a kind; one that Prometheus refuses is an error."""
    for variable, value in GRAFANAS.items():
        query = query.replace(variable, value)
    found = []
    promql_parser.walk(promql_parser.parse(query), found.append)
    return [part for part in found if isinstance(part, kind)]


def names(query):
    """Return the metrics that a query reads."""
    found = set()
    for selector in parts(query, VectorSelector):
        named = [m.value for m in selector.matchers.matchers if m.name == "__name__"]
        if selector.name is not None:
            found.add(selector.name)
        for pattern in named:
            matching = {name for name in EXPORTED if re.fullmatch(pattern, name)}
            assert len(matching) == pattern.count("|") + 1, pattern
            found |= matching
    return found


SHOWN = [target["expr"] for target in TARGETS]
JUDGED = [rule["expr"] for rule in RULES]


@pytest.mark.parametrize("query", SHOWN + JUDGED, ids=itertools.count())
def test_query_parses_and_names_what_is_exported(query):
    assert names(query) <= EXPORTED | RAYS_OWN
    groups = [group.modifier for group in parts(query, AggregateExpr) if group.modifier]
    used = {label for group in groups for label in group.labels}
    for selector in parts(query, VectorSelector):
        used |= {matcher.name for matcher in selector.matchers.matchers} - {"__name__"}
    for operation in parts(query, BinaryExpr):
        if operation.modifier and operation.modifier.matching:
            used |= set(operation.modifier.matching.labels)
    assert used <= LABELS


def test_dashboard_shows_every_metric():
    shown = set().union(*map(names, SHOWN))
    assert [metric.name for metric in METRICS if not exported(metric) & shown] == []
    legends = [target["legendFormat"] for target in TARGETS]
    assert {name for legend in legends for name in re.findall(r"{{(\w+)}}", legend)} <= LABELS


def test_documented_prometheus_keeps_what_is_asked_for():
    page = (ROOT / "docs" / "observability.md").read_text()
    [kept] = re.findall(r"^ +regex: (\S+)$", page, re.M)
    asked = set().union(*map(names, SHOWN + JUDGED))
    assert [name for name in asked if not re.fullmatch(kept, name)] == []


def test_failures_are_what_no_caller_did():
    mistakes = {error.code for error in SpeechError.__subclasses__() if error.http_status < 500}
    # These refuse no request to speak.
    mistakes -= {"invalid_api_key", "foreign_origin", "idle_timeout"}
    mistakes -= {"model_not_found", "job_not_found"}
    excluded = {
        matcher.value
        for query in SHOWN + JUDGED
        for selector in parts(query, VectorSelector)
        for matcher in selector.matchers.matchers
        if matcher.name == "outcome" and matcher.op == MatchOp.NotRe
    }
    assert excluded
    for codes in excluded:
        assert set(codes.split("|")) - {"completed", "overloaded"} == mistakes


def test_every_rule_says_how_bad_it_is_and_what_to_do():
    assert len({rule["alert"] for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert len(re.split(r"(?<=[.:;]) ", rule["annotations"]["summary"])) > 1, rule["alert"]


def test_rules_name_settings_that_there_are():
    from serve_app.settings import Settings

    told = " ".join(rule["annotations"]["summary"] for rule in RULES)
    named = set(re.findall(r"`(\w+_\w+)", told))
    assert named <= {*Settings.model_fields, *PARAMETER_NAMES}
