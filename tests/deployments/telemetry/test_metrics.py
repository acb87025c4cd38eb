"""The metrics' one file, and what must agree with it: engines, caches, dashboard."""

import itertools
import json
import re
from pathlib import Path

import pytest

from deployments.admission import Admission
from deployments.known_voices import KnownVoices
from deployments.telemetry import metrics
from deployments.telemetry.metrics import Metric
from deployments.voice_lookup import VoiceLookup
from deployments.voice_prep import VoicePrep
from engine.echo.engine import EchoEngine
from engine.echo.options import EchoOptions

ROOT = Path(__file__).parents[3]
METRICS = {metric.name: metric for metric in vars(metrics).values() if isinstance(metric, Metric)}
DASHBOARD = json.loads((ROOT / "dashboards" / "echo.json").read_text())
PANELS = DASHBOARD["panels"]


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS.keys())
def test_metric_follows_prometheus_conventions(metric):
    assert re.fullmatch(r"echo_[a-z]+(_[a-z]+)*", metric.name)
    assert metric.name.endswith("_total") == (metric.kind == "counter")
    assert bool(metric.buckets) == (metric.kind == "histogram")
    assert all(low < high for low, high in itertools.pairwise((0, *metric.buckets)))


def test_labels_have_few_values_of_ours():
    labels = {label for metric in METRICS.values() for label in metric.labels}
    assert labels == {
        "source",
        "outcome",
        "stage",
        "result",
        "engine",
        "device",
        "state",
        "memory",
        "fault",
    }


def test_every_value_of_the_graphs_stats_is_exported(voices_dir):
    engine = EchoEngine(EchoOptions(device="cpu"))
    assert engine.stats().keys() == metrics.ENGINE_STATS.keys()
    engine.close()
    voice_prep = VoicePrep(str(voices_dir), 2**20, 1, 60)
    assert voice_prep.stats().keys() == metrics.VOICE_CACHE_STATS.keys()
    known = KnownVoices(VoiceLookup(voice_prep, 60), str(voices_dir))
    assert known.stats().keys() == metrics.KNOWN_VOICES_STATS.keys()
    assert Admission(1).stats().keys() == metrics.ADMISSION_STATS.keys()


def test_dashboard_can_be_imported_beside_any_prometheus():
    (datasource,) = [v for v in DASHBOARD["templating"]["list"] if v["name"] == "datasource"]
    assert (datasource["type"], datasource["query"]) == ("datasource", "prometheus")
    sources = [panel["datasource"] for panel in PANELS if panel["type"] != "row"]
    sources += [target["datasource"] for panel in PANELS for target in panel.get("targets", [])]
    assert all(source["uid"] == "${datasource}" for source in sources)
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)


def test_dashboards_panels_do_not_overlap():
    cells = [
        (x, y)
        for place in (panel["gridPos"] for panel in PANELS)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24
