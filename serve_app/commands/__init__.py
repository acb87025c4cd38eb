"""The commands of `echo-tts`: a module each, whose `main(arguments)` returns the exit code."""
