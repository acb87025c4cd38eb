"""The program of a RunPod worker: boots the graph and works for RunPod until told to stop."""

from __future__ import annotations

import signal
import sys

from serve_app.environment import set_ray_defaults
from serve_app.haproxy.choice import choose_proxy
from serve_app.wrong_settings import EXIT_STATUS, WrongSetting, read_settings, require_weights


def main() -> None:
    """Boot the graph and work for RunPod until told to stop."""
    # Without a handler, the first process of a container ignores SIGTERM while it boots, and Ctrl-C
    # leaves a traceback.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    try:
        settings = read_settings({})
        require_weights(settings)
        choose_proxy(settings, http=False)
    except WrongSetting as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(EXIT_STATUS)
    set_ray_defaults()
    from serve_app.boot import boot_graph, stop_ray
    from serve_app.ray_node import StartFailed
    from serve_app.runpod_worker import begin_import, work

    begin_import()
    try:
        ingress = boot_graph(settings, http=False)
    except StartFailed as error:
        sys.exit(str(error))
    try:
        work(ingress, settings)
    finally:
        stop_ray(gracefully=False)


if __name__ == "__main__":
    main()
