"""Compiles every kernel at the published size, without a GPU; prints what each costs, as JSON.

A process of its own runs it: here the kernels are not interpreted.
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from engine.echo.model.ops.convolution import ConvLayer, Stream
from engine.echo.model.ops.kernels import attention, convolution, heads, norms, products, steps
from engine.echo.model.ops.kernels.tiles import best_tile, fit

CUOBJDUMP = Path(triton.__file__).parent / "backends/nvidia/bin/cuobjdump"
UNALIGNED = {"layer", "T", "num_turning", "dilation"}
"""Integers that may not be multiples of 16."""

HALF, FLOAT, INDEX = "*bf16", "*fp32", "*i32"
ATTEND_TYPES = {"qkvg": HALF, "tiles": INDEX, "parts": "*i64", "out": HALF, "scale": "fp32"}
ATTEND = {"H": 16, "D": 128, "TILE": 64, "KEYS": 64}
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
    (attention._attend, ATTEND_TYPES, ATTEND | {"CAUSAL": False}),
    (attention._attend, ATTEND_TYPES, ATTEND | {"CAUSAL": True}),
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
]
LAYERS = [
    ((1536, 7, 1024), Stream.PASS),
    ((768, 7, 768), Stream.PASS),
    ((96, 7, 96), Stream.PASS),
    ((96, 1, 96), Stream.ADD),
    ((192, 1, 192), Stream.ADD),
    ((192, 2, 192), Stream.START),
    ((1, 7, 96), Stream.PASS),
]
"""Shapes of the published decoder's convolutions, and what becomes of its residual stream there."""
SHARED_BYTES = {80: 163 * 1024, 89: 99 * 1024, 90: 227 * 1024, 120: 99 * 1024}
"""The most shared memory of a program, by capability."""


def convolutions(capability):
    """Return the kernel of each of `LAYERS` as a GPU of that capability runs it."""
    for shape, stream in LAYERS:
        weight, num_out = torch.empty(shape, dtype=torch.float16, device="meta"), shape[0]
        bias = weight.new_empty(num_out, dtype=torch.float32)
        last = num_out == 1
        layer = ConvLayer(weight, bias, None if last else bias, num_out, stream=stream)
        tile = fit(best_tile(*shape), 2, capability, SHARED_BYTES[capability])
        constants = convolution.constants(layer, tile)
        constants |= {"alpha": None} if last else {}
        constants |= {"stream": None} if stream is Stream.PASS else {}
        types = dict.fromkeys(("bias", "alpha", "stream"), FLOAT)
        types |= {"a": "*fp16", "weight": "*fp16", "out": FLOAT if last else "*fp16"}
        options = {"num_warps": tile.warps, "num_stages": tile.stages}
        expected = tile.shared_bytes(2, capability)
        yield convolution._causal_conv, types, constants, options, expected


def compile_kernel(kernel, types, constants, options, expected_shared, capability):
    """Return what `kernel` takes on GPUs of `capability`, and what shared memory is expected."""
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
    compiled = triton.compile(source, target=GPUTarget("cuda", capability, 32), options=options)
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
        "shared": compiled.metadata.shared,
        "expected_shared": expected_shared,
        "clamps": re.findall(r"\bmin\.[\w.]*f32", compiled.asm["ptx"]),
    }


def main():
    """Compile everything for every capability."""
    costs = []
    for capability in SHARED_BYTES:
        kernels = [*((*kernel, {}, None) for kernel in KERNELS), *convolutions(capability)]
        costs += [compile_kernel(*kernel, capability) for kernel in kernels]
    json.dump(costs, sys.stdout)


if __name__ == "__main__":
    main()
