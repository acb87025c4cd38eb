"""The cost of encoding by output format, and what the choices of lossy encoders do to speech.

echo-mini speaks a few sentences in the sample voices; each is encoded in blocks, as it is streamed,
and CPU time is counted. For every level of LAME, from the most thorough (0) to the quickest (9),
and every way in which FFmpeg codes AAC, the file is decoded and compared with the speech: how far
the noise lies below it in each critical band in which there is speech (the median, and the worst of
a hundred), how far the spectrum is off, how many blocks in a thousand pop, and, where
faster-whisper is installed (training/requirements.txt), the words it gets wrong.

    python -m bench.encoding [--sentences 20]
"""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import cycle
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from bench.load import VOICES_DIR
from bench.recognition import words_wrong_percent
from bench.threads import compute_as_a_sampler
from engine.echo.engine import EchoEngine
from engine.echo.options import EchoOptions
from engine.protocol import Job, Voice
from serve_app.settings import Settings
from speech.encoding import Encoder
from speech.formats import FORMATS, Format
from speech.pcm import PCM, SAMPLE_RATE_HZ
from speech.reference_audio import decode_reference

BLOCK_SAMPLES = 32 * 2048
ROUNDS = 3
LEVELS = (0, 2, 5, 6, 7, 9)
AAC = (("twoloop", 96_000), ("fast", 96_000), ("fast", 80_000), ("fast", 64_000))
"""FFmpeg's coders and bits per second."""
POP, POP_SAMPLES = 0.1, 1024
"""The error of a block that pops, against full scale, and its samples."""
BARK_EDGES_HZ = [
    *(20, 100, 200, 300, 400, 510, 630, 770, 920, 1080, 1270, 1480, 1720, 2000, 2320, 2700, 3150),
    *(3700, 4400, 5300, 6400, 7700, 9500, 12000, 15500),
]
"""The critical bands (Zwicker 1961)."""
WINDOW = 2048
QUIETEST_DB = -70.0
"""A band below this, against full scale, has no speech in it."""


def main() -> None:
    """Run the benchmark; print two tables and one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sentences", type=int, default=20)
    given = parser.parse_args()
    compute_as_a_sampler(Settings(device="cpu", voices_dir=VOICES_DIR))
    texts = Path("training/evaluation_sentences.txt").read_text().splitlines()[: given.sentences]
    spoken = asyncio.run(speak(texts))
    formats = []
    print(f"{'format':>8} {'ms CPU per s':>13} {'kbit/s':>7}")
    for row in FORMATS.values():
        ms, files = encode_all(row, spoken)
        formats.append({"format": row.name, "cpu_ms_per_s": ms, "kbps": _kbps(files, spoken)})
        print(f"{row.name:>8} {ms:>13.2f} {formats[-1]['kbps']:>7.0f}")
    rows = {
        f"mp3 {level}": replace(FORMATS["mp3"], encoder_options={"compression_level": str(level)})
        for level in LEVELS
    }
    rows |= {
        f"aac {coder} {bitrate}": replace(
            FORMATS["aac"], bitrate=bitrate, encoder_options={"aac_coder": coder}
        )
        for coder, bitrate in AAC
    }
    measured = {}
    for name, row in rows.items():
        figures = measured[name] = measure(row, texts, spoken)
        if len(measured) == 1:
            print(f"{'':>18}", " ".join(f"{column:>16}" for column in figures))
        values = " ".join(f"{figure:>16.4g}" for figure in figures.values())
        print(f"{name:>18}", values, flush=True)
    print(json.dumps({"benchmark": "encoding", "formats": formats, "encoders": measured}))


async def speak(texts: Sequence[str]) -> list[PCM]:
    """Return each text as echo-mini speaks it, the sample voices in turn."""
    voices = []
    for path in sorted(Path(VOICES_DIR).glob("*.ogg")):  # noqa: ASYNC240 (nothing else runs)
        with path.open("rb", buffering=0) as file:
            voices.append((path.name, decode_reference(file)))
    engine = EchoEngine(EchoOptions(device="cpu"))

    async def speak_one(text: str, name: str, reference: PCM) -> PCM:
        async def load() -> PCM:
            return reference

        job = Job(text, 0, {}, stream=False)
        parts = engine.generate(job, Voice(name, load), lambda: None)
        return np.concatenate([part.pcm async for part in parts])

    try:
        return [await speak_one(text, *voice) for text, voice in zip(texts, cycle(voices))]
    finally:
        engine.close()


def encode_all(row: Format, spoken: Sequence[PCM]) -> tuple[float, list[bytes]]:
    """Return the CPU milliseconds of a second of audio, the best of a few rounds, and the files."""
    best_s = float("inf")
    for _ in range(ROUNDS):
        started = time.process_time()
        files = [_encode(row, pcm) for pcm in spoken]
        best_s = min(best_s, time.process_time() - started)
    return 1000 * best_s / _seconds(spoken), files


def _encode(row: Format, pcm: PCM) -> bytes:
    encoder = Encoder(row, SAMPLE_RATE_HZ, row.default_sample_rate)
    blocks = [
        encoder.encode(pcm[start : start + BLOCK_SAMPLES])
        for start in range(0, len(pcm), BLOCK_SAMPLES)
    ]
    return b"".join([*blocks, encoder.finish()])


def _seconds(spoken: Sequence[PCM]) -> float:
    return sum(map(len, spoken)) / SAMPLE_RATE_HZ


def _kbps(files: Sequence[bytes], spoken: Sequence[PCM]) -> float:
    return 8 * sum(map(len, files)) / _seconds(spoken) / 1000


def measure(row: Format, texts: Sequence[str], spoken: Sequence[PCM]) -> dict[str, float]:
    """Return the cost of an encoder and what it does to speech."""
    ms, files = encode_all(row, spoken)
    gain = 10 ** (-row.encoder_gain_db / 20)
    decoded = [gain * aligned(decode(file), pcm) for file, pcm in zip(files, spoken, strict=True)]
    pairs = list(zip(spoken, decoded, strict=True))
    below = np.concatenate([noise_db(*pair) for pair in pairs])
    off = np.concatenate([spectrum_db(*pair) for pair in pairs])
    errors = np.concatenate([highest_errors(*pair) for pair in pairs])
    measured = {
        "kbit/s": _kbps(files, spoken),
        "cpu_ms_per_s": ms,
        "noise_p50_db": float(np.percentile(below, 50)),
        "noise_p99_db": float(np.percentile(below, 99)),
        "spectrum_off_db": float(np.sqrt(np.mean(off**2))),
        "pops_per_1000": 1000 * float(np.mean(errors > POP)),
    }
    wrong = words_wrong_percent(list(zip(texts, decoded, strict=True)))
    return measured if wrong is None else {**measured, "words_wrong_%": wrong}


def decode(file: bytes) -> PCM:
    """Return the samples of a file."""
    with av.open(io.BytesIO(file), "r") as container:
        frames = [frame.to_ndarray().reshape(-1) for frame in container.decode(audio=0)]
    decoded: PCM = np.concatenate(frames).astype(np.float32)
    return decoded


def aligned(decoded: PCM, pcm: PCM) -> PCM:
    """Return `decoded` without the silence that the codec puts before it, as long as `pcm`."""
    size = len(decoded) + len(pcm)
    alike = np.fft.irfft(np.fft.rfft(decoded, size) * np.fft.rfft(pcm, size).conj(), size)
    moved = decoded[int(np.argmax(alike[: len(decoded)])) :][: len(pcm)]
    return np.pad(moved, (0, len(pcm) - len(moved)))


def band_power(pcm: PCM) -> NDArray[np.float64]:
    """Return the power in each critical band over time, shape (bands, windows)."""
    window = np.hanning(WINDOW)
    windows = np.lib.stride_tricks.sliding_window_view(pcm, WINDOW)[:: WINDOW // 2]
    power = np.abs(np.fft.rfft(windows * (window / window.sum()))).T ** 2
    starts = np.searchsorted(np.fft.rfftfreq(WINDOW, 1 / SAMPLE_RATE_HZ), BARK_EDGES_HZ)
    bands: NDArray[np.float64] = np.add.reduceat(power, starts, axis=0)[:-1]
    return bands


def _speech_bands(power: NDArray[np.float64]) -> NDArray[np.bool_]:
    return 10 * np.log10(power + 1e-20) > QUIETEST_DB


def noise_db(pcm: PCM, decoded: PCM) -> NDArray[np.float64]:
    """Return the noise against the speech, in dB, of each band and window with speech in it."""
    speech, noise = band_power(pcm), band_power(decoded - pcm)
    chosen = _speech_bands(speech)
    ratio: NDArray[np.float64] = 10 * np.log10(noise[chosen] / speech[chosen] + 1e-20)
    return ratio


def spectrum_db(pcm: PCM, decoded: PCM) -> NDArray[np.float64]:
    """Return how far the level of each band and window with speech is off, in dB."""
    before, after = band_power(pcm), band_power(decoded)
    chosen = _speech_bands(before)
    off: NDArray[np.float64] = 10 * np.log10((after[chosen] + 1e-20) / before[chosen])
    return off


def highest_errors(pcm: PCM, decoded: PCM) -> PCM:
    """Return how far `decoded` is off at most in each block."""
    return np.maximum.reduceat(np.abs(decoded - pcm), np.arange(0, len(pcm), POP_SAMPLES))


if __name__ == "__main__":
    main()
