"""The figures of an open-loop run, from the moments at which audio came."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.load import percentiles_ms
from bench.open_loop_plan import Request

LEAD_S = 1.0
"""The audio a player waits for, counted from its first sample, before it plays."""
MAX_DRY_S = 0.05
"""The longest that a player may have nothing to play, in all, without counting as run dry."""
BYTES_PER_SAMPLE = 2


@dataclass
class Stream:
    """The answer to a request; all times are in seconds from the request's arrival.

    Attributes:
        lateness_s: The time at which the client sent the request.
        packets: The time of each packet of audio and its number of bytes.
        error: The reason there is no whole answer, if there is none.
    """

    request: Request
    lateness_s: float = 0.0
    packets: list[tuple[float, int]] = field(default_factory=list)
    pcm: bytearray = field(default_factory=bytearray)
    total_s: float = 0.0
    error: str | None = None

    def receive(self, elapsed_s: float, packet: bytes) -> None:
        """Take in a packet that came `elapsed_s` after the request's arrival."""
        self.packets.append((elapsed_s, len(packet)))
        self.pcm += packet

    def finish(self, elapsed_s: float) -> None:
        """Take note of the answer's end; an answer without audio is an error."""
        self.total_s = elapsed_s
        if len(self.pcm) < BYTES_PER_SAMPLE:
            self.error = "no audio"

    @property
    def first_s(self) -> float:
        """The time at which the first whole sample had come."""
        num_bytes = 0
        for elapsed_s, size in self.packets:
            num_bytes += size
            if num_bytes >= BYTES_PER_SAMPLE:
                return elapsed_s
        raise ValueError("no audio")

    def dry_s(self, rate_hz: int) -> float:
        """Return how long a player that started `LEAD_S` after the first sample had no audio.

        It pauses while it has none, so the sum of its pauses is how late the latest packet came.
        """
        starts_s = self.first_s + LEAD_S
        dry_s, num_bytes = 0.0, 0
        for elapsed_s, size in self.packets:
            played_s = num_bytes // BYTES_PER_SAMPLE / rate_hz
            dry_s = max(dry_s, elapsed_s - starts_s - played_s)
            num_bytes += size
        return dry_s


def summarise(streams: Sequence[Stream], rate_hz: int) -> dict[str, float | int | bool]:
    """Return the figures of a run; a run with a drop is void and has only the count of drops."""
    drops = sum(stream.error is not None for stream in streams)
    if drops:
        return {"requests": len(streams), "drops": drops, "void": True}
    first_p50, first_p95, first_p99 = percentiles_ms([s.first_s for s in streams], 50, 95, 99)
    late_p50, late_p99 = percentiles_ms([s.lateness_s for s in streams], 50, 99)
    (total_p95,) = percentiles_ms([s.total_s for s in streams], 95)
    never_dry = sum(stream.dry_s(rate_hz) <= MAX_DRY_S for stream in streams)
    num_bytes = sum(len(stream.pcm) for stream in streams)
    return {
        "requests": len(streams),
        "cold": sum(stream.request.is_cold for stream in streams),
        "drops": 0,
        "void": False,
        "first_p50_ms": first_p50,
        "first_p95_ms": first_p95,
        "first_p99_ms": first_p99,
        "never_dry_percent": 100 * never_dry / len(streams),
        "total_p95_ms": total_p95,
        "late_p50_ms": late_p50,
        "late_p99_ms": late_p99,
        "mean_audio_s": num_bytes / BYTES_PER_SAMPLE / rate_hz / len(streams),
    }
