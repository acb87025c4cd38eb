"""What `check-voice` measures of a reference file, and what it says of it."""
