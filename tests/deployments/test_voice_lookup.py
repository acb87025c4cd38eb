"""A folder that one node lacks, a replica that is lost: what another one sees is found."""

import asyncio

import pytest
from ray.exceptions import ActorUnavailableError

from deployments.voice_lookup import MAX_ASKED, VoiceLookup
from speech.errors import InvalidRequest, NotReady, VoiceNotFound, VoicesUnavailable
from tests.deployments.conftest import local_handle


class Replicas:
    """A handle to replicas, of which the first is the one that an ordinary call goes to."""

    def __init__(self, *answers):
        self.answers = answers
        self.num_asked = 0
        self.prepare = self

    async def remote(self, name):
        self.num_asked += 1
        return self._answer(self.answers[0])

    def broadcast(self, method, name):
        return self

    async def results_async(self, return_exceptions):
        assert return_exceptions
        self.num_asked += len(self.answers)
        return list(self.answers)

    def _answer(self, answer):
        if isinstance(answer, Exception):
            raise answer
        return answer


class DyingReplicas(Replicas):
    """The same, of which the first ones asked are lost before they answer."""

    def __init__(self, num_lost, *answers):
        super().__init__(*answers)
        self._num_lost = num_lost

    def _answer(self, answer):
        return super()._answer(LOST if self.num_asked <= self._num_lost else answer)


LOST = ActorUnavailableError("Actor is unavailable.", None)
GONE, STALLED = VoiceNotFound("gone"), VoicesUnavailable()


async def test_file_that_is_found_is_asked_of_one_replica():
    replicas = Replicas("ada", GONE)
    assert await VoiceLookup(replicas, 60).ask("prepare", "ada.ogg") == "ada"
    assert replicas.num_asked == 1


@pytest.mark.parametrize("fault", [GONE, STALLED])
async def test_file_that_one_replica_does_not_see_is_found_by_another(fault):
    replicas = Replicas(fault, STALLED, GONE, "ada")
    assert await VoiceLookup(replicas, 60).ask("prepare", "ada.ogg") == "ada"


async def test_file_that_none_sees_is_what_the_first_one_says():
    with pytest.raises(VoicesUnavailable):
        await VoiceLookup(Replicas(STALLED, GONE), 60).ask("prepare", "ada.ogg")


async def test_file_that_cannot_be_used_is_asked_of_one_replica():
    replicas = Replicas(InvalidRequest("undecodable"), "ada")
    with pytest.raises(InvalidRequest):
        await VoiceLookup(replicas, 60).ask("prepare", "ada.ogg")
    assert replicas.num_asked == 1


async def test_call_of_a_replica_that_is_lost_goes_to_another():
    assert await VoiceLookup(DyingReplicas(1, "ada"), 60).ask("prepare", "ada.ogg") == "ada"


async def test_call_that_replica_after_replica_is_lost_under_ends():
    replicas = DyingReplicas(MAX_ASKED, "ada")
    with pytest.raises(ActorUnavailableError):
        await VoiceLookup(replicas, 60).ask("prepare", "ada.ogg")
    assert replicas.num_asked == MAX_ASKED


class Silent:
    """A VoicePrep that answers nothing until it is woken."""

    def __init__(self):
        self.wakes = asyncio.Event()

    async def prepare(self, name):
        await self.wakes.wait()
        return name

    async def stats(self):
        await self.wakes.wait()

    async def wake(self):
        self.wakes.set()


class Busy(Silent):
    """A VoicePrep with a file that takes long."""

    async def stats(self):
        await self.wake()


async def test_call_that_no_replica_answers_fails_until_one_is_there_again(monkeypatch):
    monkeypatch.setattr("deployments.voice_lookup.PROMPT_S", 0.1)
    silent = local_handle(Silent)
    lookup = VoiceLookup(silent, 0.1, patience_s=0.01)
    for _ in range(2):
        with pytest.raises(NotReady, match=r"^No VoicePrep answers, retry later$"):
            await lookup.ask("prepare", "ada.ogg")
    await silent.wake.remote()
    assert await lookup.ask("prepare", "ada.ogg") == "ada.ogg"


async def test_call_that_takes_long_goes_on_while_a_replica_answers():
    lookup = VoiceLookup(local_handle(Busy), 60, patience_s=0.01)
    assert await lookup.ask("prepare", "ada.ogg") == "ada.ogg"
