"""The table of clients tells the versions that the tests run."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = {
    "OpenAI, Python": "openai",
    "OpenAI, Node.js": "npm openai",
    "Vercel AI SDK": "npm ai",
    "LiteLLM": "litellm",
    "LangChain": "langchain-core",
    "LiveKit, OpenAI plugin": "livekit-plugins-openai",
    "LiveKit, ElevenLabs plugin": "livekit-plugins-elevenlabs",
    "Pipecat, OpenAI service": "pipecat-ai",
    "Pipecat, ElevenLabs service": "pipecat-ai",
    "ElevenLabs, Python": "elevenlabs",
    "ElevenLabs, Node.js": "npm @elevenlabs/elevenlabs-js",
    "RunPod, Python": "runpod",
    "RunPod, Node.js": "npm runpod-sdk",
    "httpx": "httpx",
    "websockets": "websockets",
}


def pinned():
    """Return the versions of packages by name."""
    files = (path.read_text() for path in ROOT.glob("requirements*.txt"))
    pins = dict(re.findall(r"^([\w-]+)==(\S+)", "\n".join(files), re.M))
    node = json.loads((ROOT / "tests/clients/package.json").read_text())["dependencies"]
    return pins | {f"npm {name}": version for name, version in node.items()}


@pytest.mark.parametrize("client", PACKAGES)
def test_table_of_clients_tells_the_pinned_version(client):
    table = (ROOT / "docs/clients.md").read_text()
    told = re.search(rf"^\| {re.escape(client)} \| ([\d.]+) \|", table, re.M)
    assert told[1] == pinned()[PACKAGES[client]]
