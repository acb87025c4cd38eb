"""How tests are spread over the processes of pytest-xdist."""

from xdist.scheduler import LoadScopeScheduling

IN_ONE_PROCESS = (
    ("tests/graph/", "tests/page/", "tests/server/test_outage.py"),
    ("tests/runpod/", "tests/server/"),
    ("tests/engine/echo/model/ops/test_compile_kernels.py",),
)
"""Folders whose tests share a Ray, or a browser, and those that follow them: no more than two Rays
start at a time, since on two cores a third would give up. Both take about as long. The last shares
kernels, which take half a minute to compile."""


class FoldersInOneProcess(LoadScopeScheduling):
    """Keeps those folders in one process each, and spreads all other tests."""

    def _split_scope(self, nodeid: str) -> str:
        chain = next((chain for chain in IN_ONE_PROCESS if nodeid.startswith(chain)), (nodeid,))
        return chain[0]
