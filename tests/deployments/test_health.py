"""The health report: whose it is, and of VoicePrep replicas that see different folders."""

import asyncio
from contextvars import ContextVar

import pytest

from deployments.health import health_report
from tests.deployments.conftest import local_handle

FROZEN = object()


class Answer:
    """What the `report` of one replica gives or raises, if it comes at all."""

    def __init__(self, answer):
        self.answer = answer

    async def get_async(self):
        if self.answer is FROZEN:
            await asyncio.Event().wait()
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class Answers:
    """A handle to the replicas of a deployment."""

    def __init__(self, *answers):
        self.answers = answers

    def broadcast(self, method):
        assert method == "report"
        return self

    async def _fetch_replica_results_async(self):
        return [Answer(answer) for answer in self.answers]


CALLER = ContextVar("caller", default="nobody")


class SamplerOfACaller:
    async def report(self):
        return {"engine": "echo", "device": "cuda", "warning": f"asked by {CALLER.get()}"}


async def checks(*seen, samplers=()):
    report = await health_report(
        "echo", [], Answers(*seen), Answers(*samplers), None, draining=False
    )
    return report["checks"]


def folder(state, num_voices=0):
    return {"state": state, "num_voices": num_voices}


@pytest.mark.parametrize(
    ("seen", "status"),
    [
        ([folder("ok", 2), folder("ok", 2)], "pass"),
        ([folder("ok", 2), RuntimeError("died")], "pass"),
        ([folder("missing"), folder("ok", 2)], "warn"),
        ([folder("missing"), folder("missing")], "fail"),
        ([RuntimeError("died")], "fail"),
        ([], "fail"),
    ],
)
async def test_folder_is_as_well_as_the_replicas_that_see_it(seen, status):
    assert (await checks(*seen))["directories"]["status"] == status


async def test_replica_that_hangs_hides_no_other(monkeypatch):
    monkeypatch.setattr("deployments.health.PROBE_TIMEOUT_S", 0.05)
    gpu = {"engine": "echo", "device": "cuda:0", "warning": None}
    told = await checks(FROZEN, folder("ok", 2), samplers=(gpu, FROZEN))
    assert told["directories"]["status"] == "pass"
    assert told["audio_files"]["count"] == 2
    assert told["models"]["status"] == "warn"
    assert told["models"]["details"].endswith("1 of 2 samplers do not answer")
    assert told["hardware"]["status"] == "pass"


async def test_hardware_of_every_sampler_is_told():
    gpu = {"engine": "echo", "device": "cuda:0"}
    told = await checks(samplers=(gpu | {"warning": None}, gpu | {"warning": "plain"}))
    assert told["models"]["status"] == "pass"
    assert told["hardware"]["status"] == "warn"
    assert told["hardware"]["details"] == "running on cuda:0, plain (1 of 2 samplers)"


async def test_folder_that_some_nodes_lack_is_told_with_how_many():
    told = await checks(folder("missing"), folder("ok", 2), folder("ok", 2))
    assert "missing where 1 of 3" in told["directories"]["details"]
    assert told["audio_files"]["count"] == 2


async def test_report_that_several_wait_for_is_part_of_no_request(make_ingress):
    ingress = make_ingress(local_handle(SamplerOfACaller))
    CALLER.set("the first of them")
    told = await ingress.run_job({"action": "health_check"})
    assert told["checks"]["hardware"]["details"] == "running on cuda, asked by nobody"


async def test_model_that_left_the_memory_is_no_fault():
    unloaded = {"engine": "echo", "device": "cuda", "warning": None, "loaded": False}
    told = (await checks(folder("ok"), samplers=(unloaded,)))["models"]
    assert told["status"] == "pass"
    assert told["details"] == "engine echo is unloaded until the next request, as none came"
