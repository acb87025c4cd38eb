"""The health report: whose it is, and of VoicePrep replicas that see different folders."""

from contextvars import ContextVar

import pytest

from deployments.health import health_report
from tests.deployments.conftest import local_handle


class Answers:
    """A handle to replicas of VoicePrep, and what their `report` gives or raises."""

    def __init__(self, *answers):
        self.answers = answers

    def broadcast(self, method):
        assert method == "report"
        return self

    async def results_async(self, return_exceptions):
        assert return_exceptions
        return list(self.answers)


CALLER = ContextVar("caller", default="nobody")


class SamplerOfACaller:
    async def report(self):
        return {"engine": "echo", "device": "cuda", "warning": f"asked by {CALLER.get()}"}


class UnloadedSampler:
    async def report(self):
        return {"engine": "echo", "device": "cuda", "warning": None, "loaded": False}


class SilentSampler:
    async def report(self):
        raise RuntimeError("still loading")


async def checks(*seen):
    report = await health_report(
        "echo", [], Answers(*seen), local_handle(SilentSampler), None, draining=False
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
    sampler = local_handle(UnloadedSampler)
    report = await health_report("echo", [], Answers(folder("ok")), sampler, None, draining=False)
    told = report["checks"]["models"]
    assert (report["status"], told["status"]) == ("healthy", "pass")
    assert told["details"] == "engine echo is unloaded until the next request, as none came"
