"""The ways in which a file gets a new content."""

import os
from collections.abc import Callable
from pathlib import Path


def replace_by_rename(path: Path, data: bytes) -> None:
    temporary = path.with_name(".new")
    temporary.write_bytes(data)
    os.replace(temporary, path)


def delete_and_recreate(path: Path, data: bytes) -> None:
    path.unlink()
    path.write_bytes(data)


WAYS: tuple[Callable[[Path, bytes], object], ...] = (
    replace_by_rename,
    Path.write_bytes,
    delete_and_recreate,
)
