"""How tests are spread over the processes of pytest-xdist."""

from pathlib import Path

from xdist.scheduler import LoadScopeScheduling

FOLDERS_IN_ONE_PROCESS = ("tests/graph", "tests/page", "tests/runpod", "tests/server")
"""Their tests share a Ray, or a browser."""


class FoldersInOneProcess(LoadScopeScheduling):
    """Keeps those folders in one process each, and spreads all other tests."""

    def _split_scope(self, nodeid: str) -> str:
        folder = str(Path(nodeid.partition("::")[0]).parent)
        return folder if folder in FOLDERS_IN_ONE_PROCESS else nodeid
