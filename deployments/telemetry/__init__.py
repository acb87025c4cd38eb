"""Telemetry of a running graph: metrics, request records, log lines."""
