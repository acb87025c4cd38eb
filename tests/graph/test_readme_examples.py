"""Every example of the README runs as it stands, against the graph."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile

pytestmark = pytest.mark.ray

ROOT = Path(__file__).parents[2]
BLOCKS = re.findall(r"^```(sh|python)\n(.*?)^```", (ROOT / "README.md").read_text(), re.M | re.S)
ELSEWHERE = {
    "scripts/serve": "tests/graph/test_scripts.py",
    ".venv/bin/python handler.py": "tests/runpod/test_local_modes.py",
}
"""Blocks that boot a graph of their own, by how they begin, and the tests that run them."""
EXAMPLES = [block for block in BLOCKS if not block[1].startswith(tuple(ELSEWHERE))]


@pytest.mark.parametrize(("language", "code"), EXAMPLES)
def test_readme_example_runs(graph, tmp_path, language, code):
    code = code.replace("http://127.0.0.1:8000", graph)
    shutil.copytree(ROOT / "voices", tmp_path / "voices")
    shutil.copy(ROOT / "voices" / "ada.ogg", tmp_path / "recording.wav")
    (tmp_path / ".venv").symlink_to(sys.prefix)
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
        assert soundfile.info(tmp_path / "".join(name)).duration > 0.5


def test_readme_blocks_left_to_other_tests_exist():
    for start, test in ELSEWHERE.items():
        assert any(code.startswith(start) for _, code in BLOCKS), start
        assert (ROOT / test).exists()
