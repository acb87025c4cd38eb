import socket

import pytest

from serve_app.boot import StartFailed, start_ray
from serve_app.settings import Settings


def test_taken_metrics_port_is_named_before_ray_starts():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(StartFailed, match=f"metrics_port {port} is taken: choose another"):
            start_ray(Settings(metrics_port=port), http=False)
