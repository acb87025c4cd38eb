"""What `echo-tts` can do: a module each, `main(arguments)` returns the exit code."""
