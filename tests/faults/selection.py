"""Cells that `make test` runs, at least one of each class; `make test-nightly` runs the others.

A class is represented by the fault that exercises most of the code; faults that last longer, or
that tests/db covers without gunicorn, are marked `nightly`.
"""

from collections.abc import Iterable

import pytest

IN_MAKE_TEST = {
    "adaptive": {
        "none",
        # idle connections
        "error-4031",
        "silent-drop-idle",
        # statements and transactions
        "orphaned-row-lock",
        "commit-response-lost",
        # server
        "crash",
        "failover",
        "access-restored",
    },
    "single": {
        "killed-idle",
        "commit-response-lost",
    },
}


def parametrize_cells(variant: str, faults: Iterable[str]) -> pytest.MarkDecorator:
    """Run a test for the cell of each fault, marking cells outside `IN_MAKE_TEST` as nightly."""
    return pytest.mark.parametrize(
        "cell",
        [
            pytest.param(
                (fault, variant),
                id=fault,
                marks=() if fault in IN_MAKE_TEST[variant] else pytest.mark.nightly,
            )
            for fault in faults
        ],
        indirect=True,
    )
