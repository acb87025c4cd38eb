import asyncio
import math
import threading

import pytest

from deployments.admission import Admission
from deployments.deadline import Deadline
from deployments.utterance import LONG_FRAGMENT, Utterance
from speech.parameters import ModelParameters
from speech.request import parse_speech_config
from speech.text.incremental import SentenceReader


@pytest.mark.parametrize(
    ("silent", "fields"),
    [
        ("[pause:1s]", {}),
        ("[S12]", {"voices": {"S12": "ada.ogg"}}),
        ("[S1]00:00:01,000 --> 00:00:02,000", {"voices": {"S1": "ada.ogg"}}),
    ],
)
async def test_utterance_that_has_not_spoken_holds_no_place_and_takes_no_time(silent, fields):
    admission, deadline = Admission(1), Deadline(30)
    utterance = Utterance(0, parse_speech_config(fields, 640), ModelParameters())
    with admission.admit() as place:
        await utterance.add(silent)
        utterance.flush()
        sentences = utterance.sentences(deadline, place)
        assert (await anext(sentences)).text == silent
        following = asyncio.ensure_future(anext(sentences))
        await asyncio.sleep(0)
        assert admission.stats()["open"] == 0
        assert deadline.left_s == math.inf
        await utterance.add("Hello.")
        utterance.finish()
        assert (await following).text == "Hello."
        assert admission.stats()["open"] == 1
        assert deadline.left_s <= 30


async def test_text_that_is_dropped_while_a_thread_reads_it_waits_no_longer(monkeypatch):
    reads, dropped, feed = threading.Event(), threading.Event(), SentenceReader.feed

    def feed_late(reader, fragment):
        reads.set()
        assert dropped.wait(60)
        return feed(reader, fragment)

    monkeypatch.setattr(SentenceReader, "feed", feed_late)
    utterance = Utterance(0, parse_speech_config({}, 640), ModelParameters())
    adding = asyncio.create_task(utterance.add("a" * LONG_FRAGMENT))
    assert await asyncio.to_thread(reads.wait, 60)
    utterance.drop()
    dropped.set()
    await adding
    assert utterance.num_waiting == 0
