"""Ray reads its variables when it is imported, so a program sets them before that."""

import os
import subprocess
import sys

import pytest

from serve_app.environment import ONLY_LOOPBACK, set_ray_defaults

VARIABLE = "RAY_SERVE_PROXY_USE_GRPC"


def test_defaults_are_set_and_what_the_environment_says_stays(monkeypatch):
    monkeypatch.delenv("RAY_SERVE_REPLICA_GRPC_MAX_MESSAGE_LENGTH", raising=False)
    monkeypatch.delenv("RAY_ROTATION_MAX_BYTES", raising=False)
    monkeypatch.setenv(VARIABLE, "0")
    set_ray_defaults()
    assert os.environ["RAY_SERVE_REPLICA_GRPC_MAX_MESSAGE_LENGTH"] == str(2**31 - 1)
    assert int(os.environ["RAY_ROTATION_MAX_BYTES"]) > 0  # else logs grow without end
    assert os.environ[VARIABLE] == "0"


@pytest.mark.parametrize(("address", "only_loopback"), [(None, True), ("10.0.0.1:6379", False)])
def test_node_of_its_own_listens_on_loopback(monkeypatch, address, only_loopback):
    [(name, value)] = ONLY_LOOPBACK.items()
    monkeypatch.setattr(os, "environ", {} if address is None else {"RAY_ADDRESS": address})
    set_ray_defaults()
    assert name not in os.environ
    set_ray_defaults(only_loopback=True)
    assert os.environ.get(name) == (value if only_loopback else None)


@pytest.mark.slow
@pytest.mark.parametrize("module", ["serve_app.settings", "serve_app.commands.serve", "handler"])
def test_importing_a_program_neither_imports_ray_nor_sets_variables(module):
    code = (
        f"import os, sys, {module}; print('ray.serve' in sys.modules, {VARIABLE!r} in os.environ)"
    )
    environment = {name: value for name, value in os.environ.items() if name != VARIABLE}
    process = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True
    )
    assert process.stdout.split() == ["False", "False"]


@pytest.mark.slow
def test_looking_up_the_application_sets_them_before_ray_is_imported():
    code = (
        "import serve_app; serve_app.build_app\n"
        "from ray.serve._private.constants import RAY_SERVE_PROXY_USE_GRPC as value; print(value)"
    )
    environment = {name: value for name, value in os.environ.items() if name != VARIABLE}
    process = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True
    )
    assert process.stdout.split() == ["True"]
