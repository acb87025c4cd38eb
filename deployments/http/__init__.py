"""Everything HTTP: routes, access, request ids, the page. Knows the ingress and not Ray."""
