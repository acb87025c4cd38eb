"""How tests are spread over the processes of pytest-xdist."""

import os

from xdist.scheduler import LoadScopeScheduling

IN_ONE_PROCESS = (
    ("tests/graph/", "tests/server/test_outage.py"),
    ("tests/runpod/", "tests/server/"),
    ("tests/page/",),
    ("tests/engine/echo/model/ops/test_compile_kernels.py",),
)
"""Folders whose tests share a Ray, a browser or kernels, which take half a minute to compile; and
those that follow them: no more than two Rays start at a time, since on two cores a third would give
up. The first two take about as long, and begin first: the largest do."""

IN_BACKGROUND = "gw2"
"""The process, where there is a third, that uses what the others leave of two cores while they wait
for a Ray or a browser. It gives way to them."""
ONLY_COMPUTE = ("tests/engine/", "tests/speech/", "tests/training/")
"""Tests for it: they take no longer than they may, however little it gets."""
HAVE_TIME_LIMITS = (
    "tests/engine/echo/model/ops/test_compile_kernels.py",
    "tests/engine/echo/test_proof.py",
)
"""Those among them that are not."""


def give_way() -> None:
    """Let every other process go first, in the process in the background."""
    if os.environ.get("PYTEST_XDIST_WORKER") == IN_BACKGROUND:
        os.nice(10)


class FoldersInOneProcess(LoadScopeScheduling):
    """Keeps those folders in one process each, and spreads all other tests."""

    def _split_scope(self, nodeid: str) -> str:
        chain = next((chain for chain in IN_ONE_PROCESS if nodeid.startswith(chain)), (nodeid,))
        return chain[0]

    def _assign_work_unit(self, node) -> None:
        if node.gateway.id == IN_BACKGROUND:
            scope = next(filter(_only_computes, self.workqueue), None)
            if scope is None:
                node.shutdown()
                return
            self.workqueue.move_to_end(scope, last=False)
        super()._assign_work_unit(node)


def _only_computes(scope: str) -> bool:
    return scope.startswith(ONLY_COMPUTE) and not scope.startswith(HAVE_TIME_LIMITS)
