"""How tests are spread over the processes of pytest-xdist."""

import os

from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

IN_ONE_PROCESS = (
    ("tests/graph/", "tests/page/", "tests/server/test_outage.py"),
    ("tests/runpod/", "tests/server/"),
    ("tests/engine/echo/model/ops/test_compile_kernels.py",),
)
"""Folders whose tests share a Ray, or a browser, and those that follow them: no more than two Rays
start at a time, since on two cores a third would give up. Both take about as long. The last shares
kernels, which take half a minute to compile."""
COMPUTING = ("tests/engine/", "tests/speech/", "tests/training/")
"""Folders whose tests wait for nothing, so that they may be slow."""
THIRD = "gw2"


def give_way() -> None:
    """Let the other processes of the machine go first, if this is the third of pytest-xdist."""
    if os.environ.get("PYTEST_XDIST_WORKER") == THIRD:
        os.nice(5)


class FoldersInOneProcess(LoadScopeScheduling):
    """Keeps those folders in one process each, and spreads all other tests.

    Of three processes, the third computes what two that wait for a Ray leave of two cores. It takes
    no other tests, and the first two take those first.
    """

    def _split_scope(self, nodeid: str) -> str:
        chain = next((chain for chain in IN_ONE_PROCESS if nodeid.startswith(chain)), (nodeid,))
        return chain[0]

    def _assign_work_unit(self, node: WorkerController) -> None:
        computes = node.gateway.id == THIRD
        units = (unit for unit in self.workqueue if unit.startswith(COMPUTING) == computes)
        unit = next(units, None)
        if unit is not None:
            self.workqueue.move_to_end(unit, last=False)
        elif computes:
            node.shutdown()
            return
        super()._assign_work_unit(node)
