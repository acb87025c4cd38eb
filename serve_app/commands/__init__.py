"""What `python -m serve_app` can do: a module each, `main(arguments)` returns the exit code."""
