import os

from openai import OpenAI

client = OpenAI(base_url=f"{os.environ['URL']}/v1", api_key=os.environ["KEY"])
assert client.models.list().data[0].id == "tone"
speech = {"model": "any", "voice": "deep.wav", "input": os.environ["TEXT"]}
client.audio.speech.create(**speech).write_to_file("whole.mp3")
streaming = client.audio.speech.with_streaming_response
with streaming.create(**speech, response_format="wav") as answer:
    answer.stream_to_file("streamed.wav")
