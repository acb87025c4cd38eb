"""HAProxy in front of the graph, as Ray Serve runs it: chosen, and its configuration completed.

Ray Serve writes HAProxy's configuration and starts the binary that RAY_SERVE_HAPROXY_BINARY_PATH
names. That is `launcher.py` here: it edits the configuration and becomes HAProxy.
"""
