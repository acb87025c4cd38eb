"""The way from an operator's options to a runner that has spoken."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

import numpy as np

from engine.echo.alignment_heads import find_heads
from engine.echo.checkpoints.load import load_models
from engine.echo.config import MAX_FRAMES, EchoConfig
from engine.echo.device import Resolved, prepare_thread
from engine.echo.fast_path import PathChoice
from engine.echo.job import make_job
from engine.echo.kernel_cache import drop_unwritable
from engine.echo.options import EchoOptions
from engine.echo.runner import Runner
from engine.echo.speakers import JobVoice, SpeakerCache
from engine.protocol import Job
from speech.pcm import FRAME_SAMPLES

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Loaded:
    """What a load found out, without any of the memory that it took.

    Attributes:
        config: The checkpoint's config.
        is_fused: Whether the fused kernels compute.
        warning: The reason why they do not although they should; else None.
    """

    config: EchoConfig
    is_fused: bool
    warning: str | None


class Loader:
    """Loads a checkpoint, as often as it is asked to. All calls must come from one thread.

    Args:
        options: The operator's choices.
        resolved: Those that depend on the device.
        speaker_cache: The voices encoded so far; it outlives what is loaded.
    """

    def __init__(
        self, options: EchoOptions, resolved: Resolved, speaker_cache: SpeakerCache
    ) -> None:
        self._options, self._resolved, self._speaker_cache = options, resolved, speaker_cache
        self._choice = PathChoice(options, resolved)
        self._is_prepared = False

    def load(self) -> tuple[Loaded, Runner]:
        """Load the weights, decide how to compute, and run every path once.

        Raises:
            CheckpointError: The weights are missing or do not fit.
        """
        options, device = self._options, self._resolved.device
        if not self._is_prepared:
            prepare_thread(device)
            drop_unwritable()
            self._choice.try_kernels()
            self._is_prepared = True
        models = load_models(
            self._resolved.weights_dir, device, self._resolved.dtype, bool(options.blocks)
        )
        path = self._choice.choose(models)
        if options.compile and not path.fused:
            models.dit.compile_blocks()
        started = time.monotonic()
        # No voice of it is kept, and nothing counted.
        self._warm_up(Runner(models, SpeakerCache(0, 0), path.forward), models.config)
        logger.info("warmed up in %.1f s", time.monotonic() - started)
        heads = models.config.alignment_heads or find_heads(models)
        runner = Runner(
            models, self._speaker_cache, path.forward, heads, overlaps=options.overlap_codec
        )
        return Loaded(models.config, path.fused, path.warning), runner

    def _warm_up(self, runner: Runner, config: EchoConfig) -> None:
        on_gpu = self._resolved.device.type == "cuda"
        noise = np.random.default_rng(0).standard_normal(8 * FRAME_SAMPLES).astype(np.float32)
        length = MAX_FRAMES if on_gpu else 32
        # The checkpoint's own steps, whose every t is then known: they cost a GPU half a second.
        whole_steps = config.defaults.num_steps if on_gpu else 2
        blocks, dtype = self._options.blocks, self._resolved.dtype
        active = []
        # Side by side and of different length: on a GPU, where first calls are slow, they take
        # every path there is.
        for num_steps, stream in ((whole_steps, False), (3, True)):
            parameters = {"num_steps": num_steps, "sequence_length": length}
            asked = Job("Warm up.", 0, parameters, stream)
            job = make_job(asked, config, blocks, dtype, has_voice=True)
            job.voice = JobVoice("warm-up", 0.1 * noise)
            active.append(job)
        while active:
            for job, result in runner.run(active):
                if result.error is not None:
                    raise result.error
                if result.ended:
                    active.remove(job)
