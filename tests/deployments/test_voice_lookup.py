"""A folder that one node lacks, a replica that is lost: what another one sees is found."""

import pytest
from ray.exceptions import ActorUnavailableError

from deployments.voice_lookup import MAX_ASKED, ask_voice_prep
from speech.errors import InvalidRequest, VoiceNotFound, VoicesUnavailable


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
    assert await ask_voice_prep(replicas, "prepare", "ada.ogg") == "ada"
    assert replicas.num_asked == 1


@pytest.mark.parametrize("fault", [GONE, STALLED])
async def test_file_that_one_replica_does_not_see_is_found_by_another(fault):
    replicas = Replicas(fault, STALLED, GONE, "ada")
    assert await ask_voice_prep(replicas, "prepare", "ada.ogg") == "ada"


async def test_file_that_none_sees_is_what_the_first_one_says():
    with pytest.raises(VoicesUnavailable):
        await ask_voice_prep(Replicas(STALLED, GONE), "prepare", "ada.ogg")


async def test_file_that_cannot_be_used_is_asked_of_one_replica():
    replicas = Replicas(InvalidRequest("undecodable"), "ada")
    with pytest.raises(InvalidRequest):
        await ask_voice_prep(replicas, "prepare", "ada.ogg")
    assert replicas.num_asked == 1


async def test_call_of_a_replica_that_is_lost_goes_to_another():
    assert await ask_voice_prep(DyingReplicas(1, "ada"), "prepare", "ada.ogg") == "ada"


async def test_call_that_replica_after_replica_is_lost_under_ends():
    replicas = DyingReplicas(MAX_ASKED, "ada")
    with pytest.raises(ActorUnavailableError):
        await ask_voice_prep(replicas, "prepare", "ada.ogg")
    assert replicas.num_asked == MAX_ASKED
