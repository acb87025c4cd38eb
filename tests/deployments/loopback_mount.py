"""Mounts a folder at another place through FUSE: `python -m … SOURCE TARGET`.

Stopped with SIGSTOP, it is a file server that went away: every call into TARGET hangs.
"""

import errno
import os
import sys

import mfusepy


class Loopback(mfusepy.Operations):
    """Every file below a folder, read-only, as it is."""

    def __init__(self, source: str) -> None:
        self._source = source

    def _real(self, path: str) -> str:
        return self._source + path

    @mfusepy.overrides(mfusepy.Operations)
    def getattr(self, path: str, fh: int | None = None) -> dict[str, int | float]:
        try:
            status = os.lstat(self._real(path))
        except OSError as error:
            raise mfusepy.FuseOSError(error.errno or errno.EIO) from None
        names = ("st_mode", "st_size", "st_nlink", "st_uid", "st_gid", "st_ino")
        times = {f"st_{kind}time": getattr(status, f"st_{kind}time") for kind in "acm"}
        return {name: getattr(status, name) for name in names} | times

    @mfusepy.overrides(mfusepy.Operations)
    def readdir(self, path: str, fh: int) -> list[str]:
        return [".", "..", *os.listdir(self._real(path))]

    @mfusepy.overrides(mfusepy.Operations)
    def open(self, path: str, flags: int) -> int:
        return os.open(self._real(path), os.O_RDONLY)

    @mfusepy.overrides(mfusepy.Operations)
    def read(self, path: str, size: int, offset: int, fh: int) -> bytes:
        return os.pread(fh, size, offset)

    @mfusepy.overrides(mfusepy.Operations)
    def release(self, path: str, fh: int) -> int:
        os.close(fh)
        return 0


if __name__ == "__main__":
    source, target = sys.argv[1:]
    # Nothing is kept: every call reaches this process.
    mfusepy.FUSE(Loopback(source), target, foreground=True, attr_timeout=0, entry_timeout=0)
