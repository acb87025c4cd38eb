"""Compiles every kernel at the published size, without a GPU; prints what each costs, as JSON.

A process of its own runs it: here the kernels are not interpreted.
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from engine.echo.model.ops.kernels import attention, heads, norms, products, snake, steps

CUOBJDUMP = Path(triton.__file__).parent / "backends/nvidia/bin/cuobjdump"
UNALIGNED = {"left", "layer", "T", "num_turning"}
"""Integers that may not be multiples of 16."""

HALF, FLOAT, INDEX = "*bf16", "*fp32", "*i32"
KERNELS = [
    (
        norms._norm_modulate,
        {"x": HALF, "modulation": HALF, "rows": INDEX, "out": HALF, "eps": "fp32"},
        {"BLOCK": 2048},
    ),
    (
        norms._residual_norm_modulate,
        {
            **dict.fromkeys(("x", "y", "gates", "modulation", "out"), HALF),
            "rows": INDEX,
            "eps": "fp32",
        },
        {"BLOCK": 2048, "GATE": 2},
    ),
    (
        heads._turn_heads,
        {
            **dict.fromkeys(("qkvg", "q_weight", "k_weight"), HALF),
            "rotation": FLOAT,
            "eps": "fp32",
        },
        {"H": 16, "D": 128},
    ),
    (
        attention._attend,
        {"qkvg": HALF, "tiles": INDEX, "parts": "*i64", "out": HALF, "scale": "fp32"},
        {"H": 16, "D": 128, "TILE": 64, "KEYS": 64, "CAUSAL": False},
    ),
    (products._silu_mul, {"w13": HALF, "out": HALF}, {"BLOCK": 1024}),
    (
        steps._take_step,
        {
            **dict.fromkeys(("x", "scalars", "out"), FLOAT),
            **dict.fromkeys(("updates", "no_text", "no_speaker"), INDEX),
            "v": HALF,
        },
        {"BLOCK": 128},
    ),
    (snake._snake_pad, {"x": FLOAT, "alpha": FLOAT, "out": FLOAT}, {"BLOCK": 1024}),
]


def compile_kernel(kernel, types, constants, capability):
    """Return the registers, stack and spilled bytes of `kernel` on GPUs of `capability`."""
    signature = {
        name: "constexpr" if name in constants else types.get(name, "i32")
        for name in kernel.arg_names
    }
    aligned = {
        (i,): [["tt.divisibility", 16]]
        for i, (name, kind) in enumerate(signature.items())
        if kind.startswith("*") or (kind == "i32" and name not in UNALIGNED)
    }
    places = {(kernel.arg_names.index(name),): value for name, value in constants.items()}
    source = ASTSource(fn=kernel, signature=signature, constexprs=places, attrs=aligned)
    compiled = triton.compile(source, target=GPUTarget("cuda", capability, 32))
    with tempfile.NamedTemporaryFile(suffix=".cubin") as file:
        file.write(compiled.asm["cubin"])
        file.flush()
        usage = subprocess.run(
            [CUOBJDUMP, "-res-usage", file.name], capture_output=True, text=True, check=True
        )
    found = re.search(r"REG:(\d+) STACK:(\d+).* LOCAL:(\d+)", usage.stdout + usage.stderr)
    registers, stack, local = map(int, found.groups())
    return {
        "name": kernel.__name__.lstrip("_"),
        "capability": capability,
        "registers": registers,
        "stack": stack,
        "local": local,
    }


if __name__ == "__main__":
    json.dump([compile_kernel(*kernel, sm) for kernel in KERNELS for sm in (80, 90)], sys.stdout)
