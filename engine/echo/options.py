"""The options of an Echo engine: the one place of their names, defaults, bounds and descriptions.

Imports no torch: the settings inherit these fields, and the descriptions fill the settings' table.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from engine.echo.config import MAX_FRAMES, PATCH_FRAMES


class EchoOptions(BaseModel):
    """The choices an operator has, the same for every job.

    `auto` and None leave the choice to the device; `engine.echo.device.resolve` makes it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    weights_dir: Annotated[
        str | None,
        Field(
            description="`echo-tts-base` (cached, or the hub), `echo-mini` (bundled) or a folder; "
            "if none, the first on a GPU, the second on a CPU."
        ),
    ] = None
    device: Annotated[
        Literal["auto", "cpu", "cuda"], Field(description="`auto`, `cpu` or `cuda`.")
    ] = "auto"
    dtype: Annotated[
        Literal["auto", "float32", "bfloat16"],
        Field(
            description="Precision of the transformer; `auto`: bfloat16 where the device "
            "computes in it."
        ),
    ] = "auto"
    streaming: Annotated[
        bool, Field(description="Load the weights for streaming in blocks (0.8 GB).")
    ] = True
    stream_blocks: Annotated[
        tuple[Annotated[int, Field(ge=4, le=MAX_FRAMES, multiple_of=PATCH_FRAMES)], ...],
        Field(
            min_length=1,
            description="Frames (46 ms) of a stream's blocks, comma-separated; the last repeats. "
            "A short first one brings early audio; longer ones cost less and sound better.",
        ),
    ] = (32, 128, 480)
    compile: Annotated[
        bool, Field(description="Compile the transformer while starting: minutes, once.")
    ] = False
    kernels: Annotated[
        Literal["auto", "on", "off"],
        Field(
            description="Fused kernels and CUDA graphs; `auto`: on a GPU, where they prove at "
            "start that they compute what plain PyTorch does; `on`: without a proof."
        ),
    ] = "auto"
    overlap_codec: Annotated[
        bool,
        Field(
            description="Encode and decode beside the other jobs' next steps, in a second queue of "
            "a GPU. Off until it has been measured on one."
        ),
    ] = False
    codec_tile_frames: Annotated[
        int,
        Field(
            ge=32,
            le=MAX_FRAMES,
            multiple_of=32,
            description="Frames whose audio a GPU encodes or decodes at once: up to 4 MB each. "
            "Fewer fit a smaller card and take a little longer.",
        ),
    ] = MAX_FRAMES
    max_lane_frames_per_tick: Annotated[
        Literal["auto"] | Annotated[int, Field(ge=1)],
        Field(
            description="Frames times guidance lanes of one forward pass; more than fills the "
            "device only makes every job wait longer. `auto`: 2560 on a GPU, 640 on a CPU."
        ),
    ] = "auto"
    max_active_jobs: Annotated[
        int, Field(ge=1, description="Jobs that take turns on a device; each up to 0.5 GB.")
    ] = 16
    speaker_host_bytes: Annotated[
        int,
        Field(
            ge=0,
            description="Host memory for encoded voices (0.4 MB per voice of 30 s).",
        ),
    ] = 2**30
    speaker_device_bytes: Annotated[
        int,
        Field(
            ge=0,
            description="Device memory for encoded voices (32 MB per voice of 30 s).",
        ),
    ] = 4 * 2**30
    unload_after_s: Annotated[
        float | None,
        Field(
            gt=0,
            allow_inf_nan=False,
            description="Time with nothing to speak after which the model leaves the device's "
            "memory; the next request loads it again. Never if none.",
        ),
    ] = None

    @property
    def blocks(self) -> tuple[int, ...]:
        """`stream_blocks`, or none where nothing streams."""
        return self.stream_blocks if self.streaming else ()
