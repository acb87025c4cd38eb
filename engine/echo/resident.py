"""A model in a device's memory, which leaves it while nothing is spoken if the operator says so."""

from __future__ import annotations

import asyncio
import gc
import logging
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import torch

from engine.echo.device import Resolved
from engine.echo.job import EchoJob, TickResults
from engine.echo.loading import Loaded, Loader
from engine.echo.options import EchoOptions
from engine.echo.runner import Runner
from engine.echo.speakers import SpeakerCache
from speech.errors import NotReady, Overloaded

logger = logging.getLogger(__name__)

NO_ROOM = "The device has no memory for the model at present, retry later"


class ResidentModel:
    """One checkpoint on one device, and the thread that owns them. Constructing it loads it.

    Args:
        options: The operator's choices.
        resolved: Those that depend on the device.
        speaker_cache: The voices encoded so far. Those on the device go with the model.

    Raises:
        CheckpointError: The weights are missing or do not fit.
    """

    loaded: Loaded
    """What the last load found out."""
    _runner: Runner | None

    def __init__(
        self, options: EchoOptions, resolved: Resolved, speaker_cache: SpeakerCache
    ) -> None:
        self._device, self._speaker_cache = resolved.device, speaker_cache
        self._unload_after_s = options.unload_after_s
        self._loader = Loader(options, resolved, speaker_cache)
        self._unloading: threading.Timer | None = None
        self._is_needed = False
        self._earlier_totals: Mapping[str, float] = {}
        self.load_failed = False
        """Whether the last load failed, for another reason than other programs' use of memory."""
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="echo")
        try:
            self.loaded, self._runner = self._thread.submit(self._loader.load).result()
        except BaseException:
            self._thread.shutdown(wait=False)
            raise
        self.rest()

    @property
    def is_loaded(self) -> bool:
        """Whether it is in memory; any thread may ask."""
        return self._runner is not None

    @property
    def holds_jobs(self) -> bool:
        """See `Runner`."""
        return self._runner is not None and self._runner.holds_jobs

    @property
    def totals(self) -> Mapping[str, float]:
        """Running totals since the start; any thread may read them."""
        earlier, runner = self._earlier_totals, self._runner  # or both might count what it did
        if runner is None:
            return earlier
        return {name: earlier.get(name, 0.0) + value for name, value in runner.totals.items()}

    async def wake(self) -> None:
        """Stay in memory from now on, and return there first if need be.

        Raises:
            NotReady: There is no memory for it at present.
        """
        self._is_needed = True  # for a timer that has fired already
        if self._unloading is not None:
            self._unloading.cancel()
        if not self.is_loaded:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._ready_runner)

    async def run(self, batch: Sequence[EchoJob]) -> TickResults:
        """See `Runner.run`."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._run, batch)

    def rest(self) -> None:
        """Leave the memory after a time, unless something wakes it before."""
        self._is_needed = False
        if self._unload_after_s is not None:
            self._unloading = threading.Timer(self._unload_after_s, self._unload_in_turn)
            self._unloading.daemon = True
            self._unloading.start()

    def close(self) -> None:
        """Stop after the tick under way; closing twice is fine."""
        if self._unloading is not None:
            self._unloading.cancel()
        self._thread.shutdown()

    def _run(self, batch: Sequence[EchoJob]) -> TickResults:
        return self._ready_runner().run(batch)

    def _ready_runner(self) -> Runner:
        """Return the runner, of a model loaded again if need be."""
        runner = self._runner
        if runner is None:
            started = time.monotonic()
            self.loaded, runner = self._load_again()
            self._runner = runner
            logger.info("loaded again in %.1f s", time.monotonic() - started)
        return runner

    def _load_again(self) -> tuple[Loaded, Runner]:
        self.load_failed = False
        try:
            return self._loader.load()
        except (torch.OutOfMemoryError, Overloaded):  # the second of a job that warms it up
            logger.warning("the device has no memory for the model")
        except BaseException:
            self.load_failed = True
            raise
        # The exception, which is gone only now, held what had been loaded.
        self._give_back()
        raise NotReady(NO_ROOM)

    def _unload_in_turn(self) -> None:
        with suppress(RuntimeError):  # the thread has been shut down meanwhile
            self._thread.submit(self._unload)

    def _unload(self) -> None:
        if self._is_needed or self._runner is None:
            return
        totals = self.totals
        self._runner = None
        self._earlier_totals = totals
        self._speaker_cache.drop_contexts()
        try:
            self._give_back()
        except Exception:  # nobody waits for this: the next load fails if it has to
            logger.exception("the device did not take its memory back")
        logger.info("nothing to speak for %g s: the model is unloaded", self._unload_after_s)

    def _give_back(self) -> None:
        """Give the device's memory back that nothing holds any more."""
        gc.collect()  # modules and graphs refer to one another
        if self._device.type == "cuda":
            # Those of each stream that graphs were captured on, which last longer than they.
            torch._C._cuda_clearCublasWorkspaces()
            torch.cuda.empty_cache()
