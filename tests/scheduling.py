"""How tests are spread over the processes of pytest-xdist."""

from pathlib import Path

from xdist.scheduler import LoadScopeScheduling

IN_ONE_PROCESS = (("tests/graph", "tests/page"), ("tests/runpod", "tests/server"))
"""Folders whose tests share a Ray, or a browser, and those that follow them: no more than two Rays
start at a time, since on two cores a third would give up."""


class FoldersInOneProcess(LoadScopeScheduling):
    """Keeps those folders in one process each, and spreads all other tests."""

    def _split_scope(self, nodeid: str) -> str:
        folder = str(Path(nodeid.partition("::")[0]).parent)
        for folders in IN_ONE_PROCESS:
            if folder in folders:
                return folders[0]
        return nodeid
