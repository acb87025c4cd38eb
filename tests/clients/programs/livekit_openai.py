import asyncio
import os
from pathlib import Path

from livekit.plugins import openai


async def speak():
    tts = openai.TTS(
        base_url=f"{os.environ['URL']}/v1",
        api_key=os.environ["KEY"],
        model="any",
        voice="deep.wav",
        response_format="mp3",
    )
    frame = await tts.synthesize(os.environ["TEXT"]).collect()
    await tts.aclose()
    return frame.to_wav_bytes()


Path("speech.wav").write_bytes(asyncio.run(speak()))
