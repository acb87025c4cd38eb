"""The memory of a process and of all it started, by name, over time."""

from __future__ import annotations

import csv
import re
import statistics
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import astuple, dataclass, fields
from itertools import combinations
from pathlib import Path

import psutil

MB = 1e6


@dataclass(frozen=True)
class Sample:
    """The processes of one name at one moment.

    Attributes:
        second: Seconds since the first sample.
        mb: Memory that they allocated, so without the object store and libraries.
    """

    second: float
    name: str
    processes: int
    mb: float
    threads: int
    files: int


def sample_family(pid: int, second: float) -> list[Sample]:
    """Return a sample for each name among the process `pid` and its descendants."""
    parent = psutil.Process(pid)
    sums: dict[str, list[float]] = {}
    for process in [parent, *parent.children(recursive=True)]:
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied), process.oneshot():
            measured = [
                1.0,
                _allocated_mb(process.pid),
                process.num_threads(),
                process.num_fds(),
            ]
            name = process_name(process.cmdline())
            so_far = sums.setdefault(name, [0.0] * len(measured))
            sums[name] = [a + b for a, b in zip(so_far, measured, strict=True)]
    return [
        Sample(round(second, 1), name, int(count), round(mb, 2), int(threads), int(files))
        for name, (count, mb, threads, files) in sums.items()
    ]


def _allocated_mb(pid: int) -> float:
    """Return the anonymous memory of a process.

    The memory that is a process's own (USS) would count library files while no other process of
    the machine maps them: it moves by tens of MB when another server stops.
    """
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError as error:
        raise psutil.NoSuchProcess(pid) from error
    allocated = re.search(r"^RssAnon:\s+(\d+) kB$", status, re.MULTILINE)
    return int(allocated[1]) * 1024 / MB if allocated else 0.0


def process_name(command: Sequence[str]) -> str:
    """Return what a process is for, in a word or two; Ray's worker processes have titles."""
    line = " ".join(command)
    if title := re.match(r"ray::ServeReplica:\w+:(\w+)", line):
        return title[1]
    if title := re.match(r"ray::(\w+)", line):
        return title[1]
    for part in ("raylet/raylet", "gcs_server", "dashboard/agent.py", "haproxy", "serve_app"):
        if part in line:
            return part.rpartition("/")[2].removesuffix(".py")
    return "other"


def write_samples(path: Path, samples: Iterable[Sample]) -> None:
    """Append samples to a CSV file, which may be there already."""
    is_new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.writer(file)
        if is_new:
            writer.writerow(field.name for field in fields(Sample))
        writer.writerows(astuple(sample) for sample in samples)


def slope_mb_per_hour(samples: Sequence[Sample]) -> float:
    """Return the median of the slopes between any two samples.

    Half of them may be out of line, as those of a burst are (Theil and Sen's estimator).
    """
    slopes = [
        (b.mb - a.mb) / (b.second - a.second) * 3600
        for a, b in combinations(samples, 2)
        if b.second != a.second
    ]
    return statistics.median(slopes) if slopes else 0.0
