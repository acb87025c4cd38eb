import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.engine.echo.model.ops.compile_kernels import SHARED_BYTES

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def costs():
    script = Path(__file__).with_name("compile_kernels.py")
    environment = {k: v for k, v in os.environ.items() if k != "TRITON_INTERPRET"}
    environment["PYTHONPATH"] = str(Path.cwd())
    done = subprocess.run(
        [sys.executable, script], env=environment, capture_output=True, text=True, timeout=250
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_kernels_compile_for_ampere_ada_hopper_and_blackwell(costs):
    assert {cost["capability"] for cost in costs} == set(SHARED_BYTES)
    assert len({cost["name"] for cost in costs}) == 9


def test_kernels_fit_the_shared_memory_of_each(costs):
    for cost in costs:
        assert cost["shared"] <= SHARED_BYTES[cost["capability"]], cost


def test_tiles_know_what_shared_memory_they_take(costs):
    for cost in costs:
        if cost["expected_shared"] is not None:
            assert cost["shared"] == cost["expected_shared"], cost


def test_kernels_of_a_step_wait_for_each_other_where_the_next_starts_early(costs):
    for cost in costs:
        waits = cost["capability"] >= 90 and cost["name"] != "causal_conv"
        assert cost["waits"] == waits, cost


def test_clamp_does_not_hide_what_is_no_number(costs):
    # In the interpreter no clamp does.
    clamps = [each for cost in costs if cost["name"] == "causal_conv" for each in cost["clamps"]]
    assert clamps
    assert all(".NaN" in each for each in clamps)


def test_kernels_spill_little(costs):
    for cost in costs:
        # Tiles of attention and of a convolution live in registers: two programs of 128 threads
        # fill those of a core. One layer of the decoder pushes four of them out, and a product
        # of few rows two on consumer Blackwell.
        in_tiles = cost["name"] in {"attend", "join_splits", "causal_conv", "few_rows"}
        pushes_out = cost["name"] in {"causal_conv", "few_rows"}
        assert cost["stack"] <= (16 if pushes_out else 0), cost
        assert cost["local"] == 0, cost
        assert cost["registers"] <= (255 if in_tiles else 64), cost
