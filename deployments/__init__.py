"""The three deployments as plain classes, and what they share."""
