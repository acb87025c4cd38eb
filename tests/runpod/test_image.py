"""The Dockerfile, read as text: what the worker relies on in its image."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from engine.echo.kernel_cache import VARIABLES

REPOSITORY = Path(__file__).parents[2]

Instruction = tuple[str, str]


@pytest.fixture(scope="module")
def instructions() -> list[Instruction]:
    text = (REPOSITORY / "Dockerfile").read_text()
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    return [
        (name, rest.strip()) for name, _, rest in (li.partition(" ") for li in joined.split("\n"))
    ]


def only(instructions: list[Instruction], name: str) -> str:
    (argument,) = [rest for found, rest in instructions if found == name]
    return argument


def copied(instructions: list[Instruction]) -> dict[str, str]:
    """Map each copied path to where it goes, relative to the working folder."""
    paths = {}
    for name, rest in instructions:
        if name == "COPY":
            *sources, target = shlex.split(rest)
            for source in sources:
                into_folder = target == "./"
                paths[source.rstrip("/")] = source if into_folder else target.rstrip("/")
    return paths


def variables(instructions: list[Instruction]) -> dict[str, str]:
    pairs = [pair for name, rest in instructions if name == "ENV" for pair in shlex.split(rest)]
    return dict(pair.split("=", 1) for pair in pairs)


def test_image_starts_the_handler_without_a_shell(instructions: list[Instruction]) -> None:
    assert json.loads(only(instructions, "CMD")) == ["python", "handler.py"]
    assert "ENTRYPOINT" not in dict(instructions)


def test_image_runs_as_an_ordinary_user_that_it_creates(instructions: list[Instruction]) -> None:
    user = only(instructions, "USER")
    assert user != "root"
    assert any(
        name == "RUN" and f"useradd --create-home --uid 1000 {user}" in rest
        for name, rest in instructions
    )
    names = [name for name, _ in instructions]
    assert "RUN" not in names[names.index("USER") :]


def test_image_has_what_kuberay_probes_its_pods_with(instructions: list[Instruction]) -> None:
    [packages] = [rest for name, rest in instructions if name == "RUN" and "apt-get" in rest]
    assert "wget" in packages.split()


def test_image_listens_to_the_outside(instructions: list[Instruction]) -> None:
    environment = variables(instructions)
    assert environment["HOST"] == "0.0.0.0"
    assert environment["PORT"] == only(instructions, "EXPOSE")


def test_image_installs_requirements_before_it_copies_code(
    instructions: list[Instruction],
) -> None:
    copies = [rest for name, rest in instructions if name == "COPY"]
    assert copies[0] == "requirements.txt ./"
    position = instructions.index(("COPY", copies[0]))
    assert instructions[position + 1][0] == "RUN"
    assert instructions[position + 1][1].endswith("-r requirements.txt")


def test_image_gets_exactly_what_dockerignore_lets_through(
    instructions: list[Instruction],
) -> None:
    rules = (REPOSITORY / ".dockerignore").read_text().splitlines()
    assert "*" in rules
    allowed = {rule[1:] for rule in rules if rule.startswith("!")}
    assert allowed == set(copied(instructions))


@pytest.mark.slow
def test_image_holds_all_that_the_handler_imports(
    instructions: list[Instruction], tmp_path: Path
) -> None:
    for source, target in copied(instructions).items():
        found = REPOSITORY / source
        if found.is_dir():
            shutil.copytree(found, tmp_path / target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(found, tmp_path / target)
    probe = (
        "import handler, deployments.sampler, engine, sys; print(sys.modules['handler'].__file__)"
    )
    found = subprocess.run(
        [sys.executable, "-c", probe], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert found.returncode == 0, found.stderr
    assert Path(found.stdout.strip()).parent == tmp_path
    assert (tmp_path / "checkpoints/echo-mini/model.safetensors").is_file()


def test_image_compiles_what_its_user_cannot(instructions: list[Instruction]) -> None:
    names = [name for name, _ in instructions]
    version = only(instructions, "FROM").removeprefix("python:").partition("-")[0]
    library, code = (
        position for position, (_, rest) in enumerate(instructions) if "compileall" in rest
    )
    assert instructions[library][1].endswith(f"/usr/local/lib/python{version}")
    last_copy = len(names) - 1 - names[::-1].index("COPY")
    assert last_copy < code < names.index("USER")
    assert instructions[code] == ("RUN", "python -m compileall -q .")


def test_image_can_build_kernels_and_keeps_them_on_the_volume(
    instructions: list[Instruction],
) -> None:
    assert any(
        name == "RUN" and "apt-get install" in rest and "g++" in rest for name, rest in instructions
    )
    user = only(instructions, "USER")
    (made,) = [
        rest for name, rest in instructions if name == "RUN" and "install --directory" in rest
    ]
    assert f"--owner {user}" in made
    assert "/runpod-volume/echo-tts/kernels" in made
    for name in VARIABLES:
        assert variables(instructions)[name].startswith("/runpod-volume/echo-tts/kernels/")
