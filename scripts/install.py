"""Installs packages with uv, in a fifth of the time that pip takes, and with pip where uv cannot.

Usage: .venv/bin/python scripts/install.py PYTHON [arguments of pip install]

The packages go where PYTHON is. uv is put where this script's own Python is; it is told what pip is
told of where packages come from.
"""

import ast
import fcntl
import os
import subprocess
import sys
from pathlib import Path

UV = "uv==0.13.9"

OPTIONS = {
    "index-url": "--default-index",
    "extra-index-url": "--index",
    "find-links": "--find-links",
    "constraint": "--constraints",
    "trusted-host": "--allow-insecure-host",
}
"""Settings of pip that may have several values, and uv's options for one."""
VARIABLES = {
    "cert": "SSL_CERT_FILE",
    "timeout": "UV_HTTP_TIMEOUT",
    "default-timeout": "UV_HTTP_TIMEOUT",
}
WITHOUT_EFFECT = {
    *("cache-dir", "config-file", "disable-pip-version-check", "no-cache-dir", "no-color"),
    *("no-input", "no-python-version-warning", "progress-bar", "quiet", "retries"),
    *("root-user-action", "verbose"),
}
"""Settings that do not tell what is installed."""


class OnlyPip(Exception):
    """pip is told what uv cannot be told."""


def pip_settings() -> dict[str, str]:
    """Return what pip's files and variables say of `pip install`."""
    command = [sys.executable, "-m", "pip", "config", "list"]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    by_section: dict[str, dict[str, str]] = {"global": {}, "install": {}, ":env:": {}}
    for line in told.splitlines():
        name, _, value = line.partition("=")
        section, _, setting = name.rpartition(".")
        by_section.get(section, {})[setting] = ast.literal_eval(value)
    return by_section["global"] | by_section["install"] | by_section[":env:"]


def as_uv_takes_them(settings: dict[str, str]) -> tuple[list[str], dict[str, str]]:
    """Return options and variables that tell uv the same."""
    # pip takes the best release of all indexes.
    options, variables = ["--index-strategy", "unsafe-best-match"], {}
    for setting, value in settings.items():
        if setting in OPTIONS:
            options += [f"{OPTIONS[setting]}={each}" for each in value.split()]
        elif setting in VARIABLES:
            variables[VARIABLES[setting]] = value
        elif setting not in WITHOUT_EFFECT:
            raise OnlyPip(setting)
    return options, variables


def uv() -> Path:
    """Return the path of uv, which is installed where it is not yet."""
    path = Path(sys.executable).parent / "uv"
    with Path(sys.prefix, "uv.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # scripts install side by side
        if not path.exists():
            pip = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check"]
            subprocess.run([*pip, "--no-deps", UV], check=True, capture_output=True)
    return path


def install_with_uv(python: str, arguments: list[str]) -> None:
    """Raise `OnlyPip`, `OSError` or `CalledProcessError` where uv could not install."""
    options, variables = as_uv_takes_them(pip_settings())
    command = [str(uv()), "pip", "install", "--quiet", "--python", python, *options, *arguments]
    subprocess.run(command, check=True, env=os.environ | variables, capture_output=True)


def main() -> int:
    """Return the exit status of whatever has installed."""
    python, *arguments = sys.argv[1:]
    is_compiled = "--no-compile" not in arguments
    try:
        arguments_of_uv = [each for each in arguments if each != "--no-compile"]
        install_with_uv(python, arguments_of_uv + ["--compile-bytecode"] * is_compiled)
    except (OnlyPip, OSError, subprocess.CalledProcessError) as why:
        print(f"Installing with pip, since uv cannot: {why}", file=sys.stderr)
        command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        return subprocess.run([*command, *arguments]).returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
