"""Speaks through a pipeline, as an agent of Pipecat does; the argument chooses the service."""

import asyncio
import os
import sys
import wave

from pipecat.frames.frames import EndFrame, TTSAudioRawFrame, TTSSpeakFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.runner import PipelineRunner
from pipecat.pipeline.task import PipelineParams, PipelineTask
from pipecat.processors.frame_processor import FrameProcessor

RATE_HZ = 24000


def service(name):
    if name == "openai":
        from pipecat.services.openai.tts import OpenAITTSService

        return OpenAITTSService(
            base_url=f"{os.environ['URL']}/v1",
            api_key=os.environ["KEY"],
            settings=OpenAITTSService.Settings(voice="alloy"),
        )
    from pipecat.services.elevenlabs.tts import ElevenLabsTTSService

    return ElevenLabsTTSService(
        url=os.environ["URL"].replace("http", "ws", 1),
        api_key=os.environ["KEY"],
        settings=ElevenLabsTTSService.Settings(voice="deep.wav"),
    )


class Recorder(FrameProcessor):
    def __init__(self):
        super().__init__()
        self.pcm = b""

    async def process_frame(self, frame, direction):
        await super().process_frame(frame, direction)
        if isinstance(frame, TTSAudioRawFrame):
            assert frame.sample_rate == RATE_HZ
            self.pcm += frame.audio
        await self.push_frame(frame, direction)


async def main():
    recorder = Recorder()
    params = PipelineParams(audio_out_sample_rate=RATE_HZ)
    task = PipelineTask(Pipeline([service(sys.argv[1]), recorder]), params=params)
    await task.queue_frames([TTSSpeakFrame(os.environ["TEXT"]), EndFrame()])
    await PipelineRunner(handle_sigint=False).run(task)
    with wave.open("speech.wav", "wb") as file:
        file.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
        file.writeframes(recorder.pcm)


asyncio.run(main())
