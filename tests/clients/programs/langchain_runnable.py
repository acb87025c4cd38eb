import os

from langchain_core.runnables import RunnableLambda
from openai import OpenAI

client = OpenAI(base_url=f"{os.environ['URL']}/v1", api_key=os.environ["KEY"])


def speak(text: str) -> bytes:
    return client.audio.speech.create(model="any", voice="deep.wav", input=text).content


write = RunnableLambda(str.strip)  # where a prompt and a model would be
with open("speech.mp3", "wb") as file:
    file.write((write | speak).invoke(f" {os.environ['TEXT']} "))
