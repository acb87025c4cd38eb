"""A watch over the graph: how long it has not been able to speak."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from ray.serve.exceptions import BackPressureError
from ray.serve.handle import DeploymentHandle

from deployments.awake_clock import AwakeClock, awake_clock

logger = logging.getLogger(__name__)

PROBE_PERIOD_S = 1.0
PROBE_TIMEOUT_S = 10.0


class GraphWatch:
    """Asks again and again whether the graph can speak, on a thread of its own.

    A call into a cluster that has died may never return, so nothing waits for the thread: an
    outage is the time since a probe last succeeded, less that in which this process was stopped.

    Args:
        can_speak: The probe. It may block; one that raises has had no answer.
        outage_s: The longest outage that is waited out.
        clock: The clock of this process, by default.
    """

    def __init__(
        self, can_speak: Callable[[], bool], outage_s: float, clock: AwakeClock | None = None
    ) -> None:
        self.limit_s = outage_s
        self._can_speak = can_speak
        self._clock = clock or awake_clock()
        self._spoke_at = self._clock.seconds
        self._speaks = True

    def start(self) -> None:
        """Begin to ask; until then the graph counts as able to speak."""
        self._spoke_at = self._clock.seconds
        threading.Thread(target=self._probe, name="graph-watch", daemon=True).start()

    @property
    def is_out(self) -> bool:
        """True if the graph cannot speak now, or has not answered lately."""
        return not self._speaks or self._silence_s() > PROBE_PERIOD_S + PROBE_TIMEOUT_S

    @property
    def is_lost(self) -> bool:
        """True if the outage has lasted too long."""
        return self._silence_s() > self.limit_s

    def _silence_s(self) -> float:
        return self._clock.seconds - self._spoke_at

    def _probe(self) -> None:
        while True:
            self._speaks = self._ask()
            if self._speaks:
                self._spoke_at = self._clock.seconds
            time.sleep(PROBE_PERIOD_S)

    def _ask(self) -> bool:
        try:
            return self._can_speak()
        except Exception:  # without this thread, a graph that is well would count as lost
            logger.exception("a probe of the graph failed")
            return False


def can_speak(ingress: DeploymentHandle[Any]) -> bool:
    """Tell whether the graph behind `ingress` can speak; one too busy to answer can."""
    try:
        return bool(ingress.ready.remote().result(timeout_s=PROBE_TIMEOUT_S))
    except BackPressureError:
        return True
    except Exception as error:
        logger.debug("the graph did not answer a probe", exc_info=error)
        return False
