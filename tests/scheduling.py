"""How tests are spread over the processes of pytest-xdist."""

from pathlib import Path

from xdist.scheduler import LoadScopeScheduling

FOLDERS_WITH_RAY = ("tests/graph", "tests/runpod", "tests/server")


class OneProcessPerRay(LoadScopeScheduling):
    """Keeps a folder whose tests share a Ray in one process, and spreads all other tests."""

    def _split_scope(self, nodeid: str) -> str:
        folder = str(Path(nodeid.partition("::")[0]).parent)
        return folder if folder in FOLDERS_WITH_RAY else nodeid
