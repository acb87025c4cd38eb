"""How tests are spread over the processes of pytest-xdist, and which of them go first."""

import os
from pathlib import Path

from xdist.scheduler import LoadScopeScheduling

IN_ONE_PROCESS = (("tests/graph", "tests/runpod"), ("tests/page", "tests/server"))
"""Folders whose tests share a Ray, or a browser, and those that follow them: no more than two Rays
start at a time, since on two cores a third would give up."""
NICENESS = 10


class FoldersInOneProcess(LoadScopeScheduling):
    """Keeps those folders in one process each, and spreads all other tests."""

    def _split_scope(self, nodeid: str) -> str:
        return _first_folder(nodeid) or nodeid


class GivesWay:
    """Has a process of pytest-xdist give way to all others from its first test that only computes.

    The servers under test have to answer in time; what they leave while they wait is enough for the
    rest. Each process has the folders above, if it has any, first.
    """

    def __init__(self) -> None:
        self._gives_way = False

    def pytest_runtest_setup(self, item) -> None:
        """See pytest."""
        if not self._gives_way and not _first_folder(item.nodeid):
            os.nice(NICENESS)
            self._gives_way = True


def _first_folder(nodeid: str) -> str | None:
    """Return the first of the folders that share a test's process, if it shares one."""
    folder = str(Path(nodeid.partition("::")[0]).parent)
    return next((folders[0] for folders in IN_ONE_PROCESS if folder in folders), None)
