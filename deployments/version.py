"""The version: shown by `/health`, the OpenAPI document and `echo-tts --version`, and packaged."""

VERSION = "0.1.0"
