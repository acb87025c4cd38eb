import csv
import os

import pytest

from bench.process_memory import (
    Sample,
    process_name,
    sample_family,
    slope_mb_per_hour,
    write_samples,
)


def line_of(*points):
    return [Sample(second, "Ingress", 1, mb, 1, 1) for second, mb in points]


def test_own_process_is_among_its_family():
    samples = sample_family(os.getpid(), 3.0)
    assert all(sample.second == 3.0 and sample.mb > 0 for sample in samples)
    assert sum(sample.processes for sample in samples) >= 1


@pytest.mark.parametrize(
    ("command", "name"),
    [
        (["ray::ServeReplica:default:Ingress"], "Ingress"),
        (["ray::ProxyActor"], "ProxyActor"),
        (["/opt/ray/core/src/ray/raylet/raylet", "--port=1"], "raylet"),
        (["python", "/opt/ray/dashboard/agent.py"], "agent"),
        (["python", "-m", "serve_app", "serve"], "serve_app"),
        (["sleep", "1"], "other"),
    ],
)
def test_process_is_named_for_what_it_does(command, name):
    assert process_name(command) == name


def test_slope_of_steady_growth_is_found():
    assert slope_mb_per_hour(line_of((0, 100), (360, 101), (720, 102))) == pytest.approx(10)


def test_single_burst_does_not_bend_the_slope():
    flat = [(second, 100) for second in range(0, 3600, 60)]
    flat[20:25] = [(second, 300) for second, _ in flat[20:25]]
    assert slope_mb_per_hour(line_of(*flat)) == pytest.approx(0)


def test_slope_of_one_sample_is_zero():
    assert slope_mb_per_hour(line_of((0, 100))) == 0


def test_samples_are_appended_below_one_header(tmp_path):
    path = tmp_path / "soak.csv"
    write_samples(path, line_of((0, 100)))
    write_samples(path, line_of((10, 101)))
    with path.open(newline="") as file:
        assert [row["mb"] for row in csv.DictReader(file)] == ["100", "101"]
