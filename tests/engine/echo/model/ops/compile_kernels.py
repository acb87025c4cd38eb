"""Compiles every kernel at the published size, without a GPU; prints what each costs, as JSON.

A process of its own runs it: here the kernels are not interpreted.
"""

import itertools
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

from engine.echo.model.ops.convolution import Activation, ConvLayer, Stream
from engine.echo.model.ops.kernels import (
    attention,
    convolution,
    few_rows,
    heads,
    norms,
    products,
    steps,
)
from engine.echo.model.ops.kernels.launch import FIRST_CAPABILITY, MAX_ROWS
from engine.echo.model.ops.kernels.tiles import best_tile, fit

CUOBJDUMP = Path(triton.__file__).parent / "backends/nvidia/bin/cuobjdump"
UNALIGNED = {"layer", "T", "N", "num_turning", "dilation"}
"""Integers that may not be multiples of 16."""

HALF, FLOAT, INDEX = "*bf16", "*fp32", "*i32"
ATTEND_TYPES = {
    **{"qkvg": HALF, "tiles": INDEX, "parts": "*i64", "out": HALF, "scale": "fp32"},
    **{"sums": FLOAT, "scales": FLOAT},
}
ATTEND = {"H": 16, "D": 128, "TILE": 64}
KERNELS = [
    (
        norms._norm_modulate,
        {"x": HALF, "modulation": HALF, "rows": INDEX, "out": HALF, "eps": "fp32"},
        {"BLOCK": 2048},
    ),
    (
        norms._residual_norm_modulate,
        {
            **dict.fromkeys(("x", "gates", "modulation", "out"), HALF),
            "y": FLOAT,
            "rows": INDEX,
            "eps": "fp32",
        },
        {"BLOCK": 2048, "GATE": 2, "PARTS": 4},
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
    *(
        (
            attention._attend,
            ATTEND_TYPES,
            ATTEND | {"KEYS": division.keys, "SPLITS": division.splits, "CAUSAL": causal},
            {"num_stages": division.stages},
            None,
        )
        for division, causal in (
            (attention._MANY_TILES, False),
            (attention._MANY_TILES, True),
            (attention._FEW_TILES, False),
        )
    ),
    (attention._join_splits, ATTEND_TYPES, ATTEND | {"SPLITS": 4, "ROWS": 16}),
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
PRODUCTS = [(False, HALF), (True, HALF), (False, FLOAT)]
"""Products of few rows in the published model: whether they are gated, and what they return."""
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
ENCODER_LAYERS = [
    ((1024, 2, 16), Stream.START),
    ((64, 7, 64), Stream.PASS),
    ((256, 7, 256), Stream.PASS),
    ((512, 1, 512), Stream.ADD),
    ((64, 1, 64), Stream.END),
    ((1024, 2, 4096), Stream.PASS),
]
"""The same of the encoder."""
LAST = {LAYERS[-1][0]: Activation.TANH, ENCODER_LAYERS[-1][0]: Activation.NONE}
"""Those that no Snake follows."""
SHARED_BYTES = {80: 163 * 1024, 89: 99 * 1024, 90: 227 * 1024, 120: 99 * 1024}
"""The most shared memory of a program, by capability."""


def products_of_few_rows(capability):
    """Return the kernel of each of `PRODUCTS`, for half of the rows that it takes and for all."""
    for (gated, out), num_rows in itertools.product(PRODUCTS, (64, MAX_ROWS)):
        tile = fit(few_rows.best_tile(num_rows, gated), 2, capability, SHARED_BYTES[capability])
        constants = {"EVEN": True, "GATED": gated}
        constants |= {"ROWS": tile.rows, "COLUMNS": tile.wide, "DEPTH": tile.depth}
        types = {"x": HALF, "weight": HALF, "out": out}
        options = {"num_warps": tile.warps, "num_stages": tile.stages}
        expected = tile.shared_bytes(2, capability)
        yield few_rows._few_rows, types, constants, options, expected


def convolutions(capability):
    """Return the kernel of each layer as a GPU of that capability runs it."""
    for kind, layers in (("*fp16", LAYERS), (FLOAT, ENCODER_LAYERS)):
        for shape, stream in layers:
            weight, size = torch.empty(shape, device="meta"), 4 if kind == FLOAT else 2
            bias = weight.new_empty(shape[0])
            end = LAST.get(shape, Activation.SNAKE)
            snakes = end is Activation.SNAKE
            layer = ConvLayer(weight, bias, bias, shape[0], stream=stream, activation=end)
            tile = fit(best_tile(*shape, size), size, capability, SHARED_BYTES[capability])
            constants = convolution.constants(layer, tile, "tf32x3")
            constants |= {} if snakes else {"alpha": None}
            constants |= {"stream": None} if stream is Stream.PASS else {}
            types = dict.fromkeys(("bias", "alpha", "stream"), FLOAT)
            types |= {"a": kind, "weight": kind, "out": kind if snakes else FLOAT}
            options = {"num_warps": tile.warps, "num_stages": tile.stages}
            expected = tile.shared_bytes(size, capability)
            yield convolution._causal_conv, types, constants, options, expected


def compile_kernel(capability, kernel, types, constants, options=(), expected_shared=None):
    """Return what `kernel` takes on GPUs of `capability`, and what shared memory is expected."""
    if "CHAINED" in kernel.arg_names:
        constants = {**constants, "CHAINED": capability >= FIRST_CAPABILITY}
        options = {**dict(options), "launch_pdl": constants["CHAINED"]}
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
        "waits": compiled.asm["ptx"].count("griddepcontrol.wait"),
        "clamps": re.findall(r"\bmin\.[\w.]*f32", compiled.asm["ptx"]),
    }


def main():
    """Compile everything for every capability."""
    costs = []
    for capability in SHARED_BYTES:
        kernels = [*KERNELS, *products_of_few_rows(capability), *convolutions(capability)]
        costs += [compile_kernel(capability, *kernel) for kernel in kernels]
    json.dump(costs, sys.stdout)


if __name__ == "__main__":
    main()
