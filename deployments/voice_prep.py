"""VoicePrep: turns a voice's name into reference audio in the object store, cached but never stale.

For every request it asks the file system which content the name means now. Only new content is
decoded, once, however many requests wait for it (see decision 0002).
"""

from __future__ import annotations

import asyncio
import errno
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from deployments.file_calls import FileCalls
from deployments.prepared_voice import PreparedVoice, SharedAudio, content_key, share
from deployments.telemetry import metrics
from deployments.telemetry.export import StatsExporter
from deployments.telemetry.replica_logging import log_with_serve
from speech import voices
from speech.cache import SharedCache
from speech.decoding.audio import UndecodableAudio
from speech.errors import SpeechError, VoiceLost, VoicesUnavailable
from speech.pcm import SAMPLE_BYTES, SAMPLE_RATE_HZ
from speech.reference_audio import decode_reference
from speech.resampling import load_resampler
from speech.voice_names import name_below
from speech.voices import Fingerprint, VoiceFile

MAX_TRIES = 3
"""Attempts at a file that changes while it is read."""

DECODE_TIMEOUTS = 6
"""The longest time of a decode, which reads and computes, in those of other calls."""
DECODER_S = 5.0
"""Seconds after which a decode lets another one begin: its file may never answer."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class ReferenceAudio:
    """Reference audio as the voice cache holds it, and the file below the folder it is of."""

    key: str
    num_samples: int
    shared: SharedAudio
    file: str


class _FileChanged(Exception):
    """The file's content is no longer the one that was fingerprinted."""


class VoicePrep:
    """Prepares voices from the files below one folder.

    Args:
        voices_dir: The folder; may appear, vanish and change at any time.
        cache_bytes: The most the voice cache holds, in bytes of prepared audio.
        decode_threads: Files decoded at the same time.
        timeout_s: The longest time of a call into the folder.
        clock: Returns Unix time in ns, by the clock that dates the files.
    """

    def __init__(
        self,
        voices_dir: str,
        cache_bytes: int,
        decode_threads: int,
        timeout_s: float,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        log_with_serve()
        self._voices_dir = voices_dir
        self._clock = clock
        self._cache = SharedCache[Fingerprint, ReferenceAudio](
            cache_bytes, lambda reference: reference.num_samples * SAMPLE_BYTES
        )
        self._num_decodes = 0
        # Two pools: a cached voice needs only the first and never waits behind a decode.
        self._lookups = FileCalls("voice-file", timeout_s)
        self._decodes = FileCalls("voice-decode", DECODE_TIMEOUTS * timeout_s)
        self._decoding = asyncio.Semaphore(decode_threads)
        StatsExporter(self.stats, metrics.VOICE_CACHE_STATS).start()
        load_resampler()  # takes seconds: now, not in the first request

    async def prepare(self, name: str) -> PreparedVoice:
        """Return the voice that `name`, a path relative to the folder, means at this moment.

        Raises:
            InvalidRequest: The name is not allowed, or the file holds no usable audio.
            VoiceNotFound: There is no such file.
            VoicesUnavailable: The folder does not answer in time.
        """
        fingerprint, reference = await self._reference_audio(name)
        return PreparedVoice(
            name,
            reference.key,
            reference.num_samples,
            file=reference.file,
            fingerprint=fingerprint,
        )

    async def audio(self, voice: PreparedVoice) -> list[SharedAudio]:
        """Return the audio of a prepared voice, in a list: Ray would resolve a bare reference.

        Raises:
            VoiceLost: The audio is no longer held, and the name means other audio by now.
            SpeechError: The voice cannot be prepared again; see `prepare`.
        """
        # The ingresses look most voices up by themselves: samplers alone tell which are in use.
        held = self._cache.find(lambda reference: reference.key == voice.key)
        if held is not None:
            return [held.shared]
        # Evicted, or prepared by another replica.
        _, reference = await self._reference_audio(voice.name)
        if reference.key != voice.key:
            raise VoiceLost("The voice was replaced meanwhile, try again")
        return [reference.shared]

    async def _reference_audio(self, name: str) -> tuple[Fingerprint, ReferenceAudio]:
        """Return the content that `name` means now, and its audio, from the cache or decoded."""
        reason = ""
        for _ in range(MAX_TRIES):
            try:
                fingerprint = await self._lookups.run(name, self._fingerprint, name)
                reference = await self._cache.get(
                    fingerprint, partial(self._decode, name, fingerprint)
                )
                return fingerprint, reference
            except UndecodableAudio as error:
                raise voices.undecodable(name, str(error)) from error
            except _FileChanged:
                reason = "is still being written"
            except OSError as error:  # the next try tells whether it is the folder that fails
                is_stale = error.errno == errno.ESTALE  # how file servers report a replaced file
                reason = "is still being written" if is_stale else "cannot be read"
        raise voices.undecodable(name, f"the file {reason}")

    async def report(self) -> dict[str, Any]:
        """Return the folder's `state` and `num_voices`, the number of usable files below it."""
        try:
            report = await self._lookups.run("", voices.report_folder, self._voices_dir)
        except VoicesUnavailable:
            report = voices.FolderReport("not answering", 0)
        return asdict(report)

    async def names(self) -> list[str]:
        """Return the names of the usable voice files, in order."""
        return await self._lookups.run("", voices.list_names, self._voices_dir)

    def stats(self) -> dict[str, int]:
        """Return the voice cache's counters and the number of decodes begun."""
        return {**asdict(self._cache.stats()), "decodes": self._num_decodes}

    def _fingerprint(self, name: str) -> Fingerprint:
        with voices.open_voice(self._voices_dir, name) as file:
            return file.fingerprint(self._clock())

    async def _decode(self, name: str, fingerprint: Fingerprint) -> ReferenceAudio:
        self._num_decodes += 1
        start_s = time.monotonic()
        async with self._decoding:
            reading = asyncio.ensure_future(self._decodes.run(name, self._read, name, fingerprint))
            await asyncio.wait({reading}, timeout=DECODER_S)
        reference = await reading
        logger.info(
            "voice %s: decoded %.1f s of audio in %.0f ms",
            reference.key,
            reference.num_samples / SAMPLE_RATE_HZ,
            (time.monotonic() - start_s) * 1000,
        )
        logger.debug("voice %s is '%s'", reference.key, reference.file)
        return reference

    def _read(self, name: str, fingerprint: Fingerprint) -> ReferenceAudio:
        """Decode exactly the content that `fingerprint` was taken of."""
        try:
            file = voices.open_voice(self._voices_dir, name)
        except SpeechError as error:  # each waiting request looks again
            raise _FileChanged from error
        with file, _unchanged(file, fingerprint):
            audio = decode_reference(file.raw)
        name_of_file = name_below(self._voices_dir, fingerprint.path)
        return ReferenceAudio(content_key(audio), audio.size, share(audio), name_of_file)


@contextmanager
def _unchanged(file: VoiceFile, fingerprint: Fingerprint) -> Iterator[None]:
    """Discard the result, good or bad, unless the file held the same content throughout."""
    if not file.still_holds(fingerprint):
        raise _FileChanged
    try:
        yield
    finally:
        if not file.still_holds(fingerprint):
            raise _FileChanged
