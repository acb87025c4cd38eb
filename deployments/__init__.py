"""The three deployments as plain classes, and the path of a request between them."""
