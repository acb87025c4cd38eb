"""The program of a RunPod worker: boots the graph and works for RunPod until told to stop."""

from __future__ import annotations

import signal
import sys

from serve_app.environment import set_ray_defaults


def main() -> None:
    """Boot the graph and work for RunPod until told to stop."""
    # Without a handler, the first process of a container ignores SIGTERM while it boots.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    set_ray_defaults()
    import ray

    from serve_app.boot import boot_graph
    from serve_app.runpod_worker import work
    from serve_app.settings import Settings

    settings = Settings()
    ingress = boot_graph(settings, http=False)
    try:
        work(ingress, settings)
    finally:
        ray.shutdown()


if __name__ == "__main__":
    main()
