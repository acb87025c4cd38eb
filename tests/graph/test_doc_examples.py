"""Every example of README, docs/ and voices/ runs as it stands, against the graph."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import av
import pytest
import soundfile

pytestmark = pytest.mark.ray

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "voices" / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^( *)```(sh|python)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
ELSEWHERE = {
    "scripts/serve": "tests/server/test_start_and_stop.py",
    ".venv/bin/python handler.py": "tests/runpod/test_local_modes.py",
}
"""Blocks that boot a graph of their own, by how they begin, and the tests that run them."""


def blocks():
    """Yield page, language and code of every block that is meant to run."""
    for page in PAGES:
        for indent, language, code in BLOCK.findall(page.read_text()):
            lines = (line.removeprefix(indent) for line in code.splitlines(keepends=True))
            yield str(page.relative_to(ROOT)), language, "".join(lines)


EXAMPLES = [block for block in blocks() if not block[2].startswith(tuple(ELSEWHERE))]


@pytest.mark.parametrize(("page", "language", "code"), EXAMPLES)
def test_example_runs(graph, tmp_path, page, language, code):
    for scheme in ("http", "ws"):
        code = code.replace(f"{scheme}://127.0.0.1:8000", graph.replace("http", scheme, 1))
    shutil.copytree(ROOT / "voices", tmp_path / "voices")
    shutil.copy(ROOT / "voices" / "ada.ogg", tmp_path / "recording.wav")
    bin_folder = tmp_path / ".venv" / "bin"
    bin_folder.mkdir(parents=True)
    (bin_folder / "python").symlink_to(sys.executable)
    (bin_folder / "echo-tts").symlink_to(Path(sys.prefix) / "bin" / "echo-tts")
    environment = os.environ | {"ECHO_URL": graph, "PYTHONPATH": str(ROOT)}
    interpreter = {"sh": ["bash", "-euo", "pipefail", "-c"], "python": [sys.executable, "-c"]}
    done = subprocess.run(
        [*interpreter[language], code],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    for name in re.findall(r"-o (\w\S*)|\"(\w+\.wav)\"", code):
        assert duration_s(tmp_path / "".join(name)) > 0.5


def duration_s(path):
    if path.suffix != ".m4b":
        return soundfile.info(path).duration
    with av.open(path) as container:  # libsndfile does not read it
        return container.duration / av.time_base


def test_blocks_left_to_other_tests_exist():
    for start, test in ELSEWHERE.items():
        assert any(code.startswith(start) for _, _, code in blocks()), start
        assert (ROOT / test).exists()
