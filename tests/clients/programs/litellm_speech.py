import os

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # else it asks the internet

import litellm

litellm.speech(
    model="openai/any",
    voice="deep.wav",
    input=os.environ["TEXT"],
    api_base=f"{os.environ['URL']}/v1",
    api_key=os.environ["KEY"],
).stream_to_file("speech.mp3")
