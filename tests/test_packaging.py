"""The wheel: what is in it, and that its command runs from it alone."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from deployments.version import VERSION

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
PACKAGES = ("speech", "engine", "deployments", "serve_app", "checkpoints")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built by the pinned backend that is installed here."""
    folder = tmp_path_factory.mktemp("wheel")
    options = ["--no-deps", "--no-build-isolation", "--disable-pip-version-check", "-q"]
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", *options, "-w", folder, ROOT],
        check=True,
        timeout=120,
    )
    [path] = folder.glob("*.whl")
    return path


def test_wheel_holds_every_file_of_its_packages(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    files = (path for package in PACKAGES for path in (ROOT / package).rglob("*") if path.is_file())
    wanted = {str(path.relative_to(ROOT)) for path in files if "__pycache__" not in path.parts}
    assert wanted <= names


def test_wheel_states_licence_version_and_requirements(wheel):
    files = zipfile.ZipFile(wheel)
    folder = f"echo_tts_serve-{VERSION}.dist-info"
    metadata = files.read(f"{folder}/METADATA").decode()
    assert "\nLicense-Expression: Apache-2.0\n" in metadata
    assert "\nRequires-Dist: ray[serve]==" in metadata
    assert f"{folder}/licenses/LICENSE" in files.namelist()
    assert f"{folder}/licenses/checkpoints/echo-mini/NOTICE" in files.namelist()


def test_installed_command_runs_without_the_checkout(wheel, tmp_path):
    install = ["--no-deps", "--disable-pip-version-check", "-q", "--target", tmp_path]
    subprocess.run([sys.executable, "-m", "pip", "install", *install, wheel], check=True)
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}

    def run(*arguments):
        return subprocess.run(
            [tmp_path / "bin" / "echo-tts", *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
        )

    assert run("--version").stdout == f"echo-tts {VERSION}\n"
    # check-voice reads the bundled checkpoint's config, which must have come along.
    checked = run("check-voice", "--weights-dir", "echo-mini", ROOT / "voices" / "ada.ogg")
    assert checked.returncode == 0, checked.stderr
