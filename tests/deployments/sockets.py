"""An ingress over real sockets, for clients that bring their own network."""

import threading
import time
from contextlib import contextmanager

import uvicorn


@contextmanager
def served(ingress, port=0):
    """Serve the ingress's routes from a thread; yields the address."""
    api = ingress.__serve_build_asgi_app__()
    config = uvicorn.Config(
        api,
        port=port,
        log_level="error",
        ws="websockets-sansio",
        timeout_graceful_shutdown=1,  # a test that failed may have left a request behind
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
