from itertools import cycle

import numpy as np
import pytest

from speech.formats import FORMATS
from speech.pcm import SAMPLE_RATE_HZ
from speech.rendering import PIECE_S, Renderer
from speech.request import parse_speech


def renderer(output_format, speed):
    body = {"input": "Hi.", "response_format": output_format, "speed": speed, "loudness": -16}
    return Renderer(parse_speech(body, 99, 640), whole=False)


@pytest.mark.parametrize(("output_format", "speed"), [*zip(FORMATS, cycle([0.5, 1, 2]))])
def test_audio_is_the_same_in_pieces_of_a_few_seconds(output_format, speed):
    noise = np.random.default_rng(0).normal(0, 0.1, int(2.5 * PIECE_S * speed * SAMPLE_RATE_HZ))
    pcm = noise.astype(np.float32)
    at_once, in_pieces = renderer(output_format, speed), renderer(output_format, speed)
    packets = [in_pieces.render(piece) for piece in in_pieces.pieces(pcm)]
    assert len(packets) == 3
    assert b"".join(packets) + in_pieces.finish() == at_once.render(pcm) + at_once.finish()
    assert list(in_pieces.pieces(pcm[:0])) == []
