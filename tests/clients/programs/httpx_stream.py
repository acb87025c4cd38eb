import os

import httpx

body = {"voice": "deep.wav", "input": os.environ["TEXT"], "response_format": "wav"}
headers = {"Authorization": f"Bearer {os.environ['KEY']}"}
url = f"{os.environ['URL']}/v1/audio/speech"
with httpx.stream("POST", url, json=body, headers=headers) as answer, open("speech.wav", "wb") as f:
    answer.raise_for_status()
    for part in answer.iter_bytes():
        f.write(part)
