import socket

import pytest

from serve_app.boot import StartFailed, start_ray
from serve_app.settings import Settings


@pytest.mark.parametrize(("setting", "http"), [("metrics_port", False), ("port", True)])
def test_taken_port_is_named_before_ray_starts(setting, http):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(StartFailed, match=f"{setting} {port} is taken: choose another"):
            start_ray(Settings(**{setting: port}), http=http)


def test_address_of_another_machine_is_named_before_ray_starts():
    with pytest.raises(StartFailed, match=r"port 8000 on 203\.0\.113\.1: Cannot assign"):
        start_ray(Settings(host="203.0.113.1", port=8000), http=True)
