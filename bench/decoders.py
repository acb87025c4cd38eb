"""Compare libsndfile and FFmpeg on each kind of voice file: time, exactness, damaged files.

`python -m bench.decoders` prints a row per format: CPU time of decoding 300 s of stereo by each
library (the best of three), the largest error against what was encoded, seconds that are left of a
file cut in half, and of one with 2,000 random bytes in its middle.
"""

from __future__ import annotations

import io
import time

import av
import numpy as np
import soxr
from av.audio.stream import AudioStream
from numpy.typing import NDArray

from speech.decoding.audio import Decoder, UndecodableAudio
from speech.decoding.ffmpeg import open_with_ffmpeg
from speech.decoding.libsndfile import open_with_libsndfile
from speech.reference_audio import decode_reference

RATE_HZ = 48_000
SECONDS = 300
FORMATS = [
    ("wav", "pcm_s16le"),
    ("wav", "pcm_s24le"),
    ("wav", "pcm_f32le"),
    ("wav", "pcm_mulaw"),
    ("wav", "adpcm_ms"),
    ("w64", "pcm_s16le"),
    ("aiff", "pcm_s24be"),
    ("caf", "pcm_s16le"),
    ("au", "pcm_s16be"),
    ("flac", "flac"),
    ("ogg", "flac"),
    ("ogg", "vorbis"),
    ("ogg", "libopus"),
    ("mp3", "libmp3lame"),
]

Samples = NDArray[np.float32]


def recording() -> Samples:
    """Return 300 s of speech in stereo, shape (2, samples)."""
    with open("voices/ada.ogg", "rb", buffering=0) as file:
        once = soxr.resample(decode_reference(file), 44_100, RATE_HZ)
    mono = np.tile(once, SECONDS * RATE_HZ // len(once) + 1)[: SECONDS * RATE_HZ]
    return np.stack([mono, 0.5 * mono]).astype(np.float32)


def encode(container: str, codec: str, samples: Samples) -> bytes:
    """Return an audio file."""
    file = io.BytesIO()
    with av.open(file, "w", format=container) as out:
        stream = out.add_stream(codec, rate=RATE_HZ)
        assert isinstance(stream, AudioStream)
        stream.layout = "stereo"
        stream.options = {"strict": "experimental"}  # FFmpeg's own Vorbis encoder asks for it
        for start in range(0, samples.shape[1], RATE_HZ):
            piece = np.ascontiguousarray(samples[:, start : start + RATE_HZ])
            frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout="stereo")
            frame.sample_rate, frame.pts = RATE_HZ, start
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return file.getvalue()


def decode(decoder: Decoder, data: bytes) -> Samples:
    """Return the mean of the channels, empty where the library refuses the file."""
    try:
        with decoder(io.BytesIO(data)) as audio:
            blocks = [block.samples.mean(axis=1) for block in audio.blocks(0)]
    except UndecodableAudio:
        blocks = []
    return np.concatenate([*blocks, np.empty(0, np.float32)])


def cpu_s(decoder: Decoder, data: bytes) -> float:
    """Return the CPU seconds that decoding takes, without what this file does with the samples."""
    taken = []
    for _ in range(3):
        start = time.process_time()
        with decoder(io.BytesIO(data)) as audio:
            for _block in audio.blocks(0):
                pass
        taken.append(time.process_time() - start)
    return min(taken)


def column(decoder: Decoder, data: bytes, samples: Samples) -> str:
    """Return one library's part of a row."""
    truth, decoded = samples.mean(axis=0), decode(decoder, data)
    if not len(decoded):
        return f"{'refused':>34}"
    shared = min(len(truth), len(decoded))
    error = float(np.abs(decoded[:shared] - truth[:shared]).max())
    middle = len(data) // 2
    damaged = data[:middle] + np.random.default_rng(0).bytes(2000) + data[middle + 2000 :]
    half, holed = (len(decode(decoder, d)) / RATE_HZ for d in (data[:middle], damaged))
    return f"{cpu_s(decoder, data):8.2f}{error:10.1e}{half:8.1f}{holed:8.1f}"


def main() -> None:
    """Print the table."""
    samples = recording()
    head = f"{'cpu s':>8}{'error':>10}{'half s':>8}{'holed s':>8}"
    print(f"{'':18}{'libsndfile':>34}{'FFmpeg':>34}\n{'':18}{head}{head}")
    for container, codec in FORMATS:
        data = encode(container, codec, samples)
        columns = (column(d, data, samples) for d in (open_with_libsndfile, open_with_ffmpeg))
        print(f"{container + ' ' + codec:18}{''.join(columns)}", flush=True)


if __name__ == "__main__":
    main()
