"""Everything HTTP and WebSocket: routes, access, errors, request ids, the page. Knows no Ray."""
