"""Output formats."""
from typing import Literal
FormatName = Literal["opus", "mp3", "aac", "flac", "wav", "pcm"]
DEFAULT_FORMAT: FormatName = "opus"
FORMATS = {"opus", "mp3", "aac", "flac", "wav", "pcm"}
