import os

import requests

body = {"voice": "deep.wav", "input": os.environ["TEXT"], "response_format": "wav"}
headers = {"Authorization": f"Bearer {os.environ['KEY']}"}
url = f"{os.environ['URL']}/v1/audio/speech"
with requests.post(url, json=body, headers=headers, stream=True, timeout=60) as answer:
    answer.raise_for_status()
    with open("speech.wav", "wb") as file:
        for part in answer.iter_content(None):
            file.write(part)
