"""Whether what Parley stands on is there."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from parley.domain.errors import UnavailableError
from parley.ports import Probe, Probes


class Health:
    """Asks every service that Parley needs, side by side."""

    def __init__(self, *, probes: Probes) -> None:
        self._probes = dict(probes)

    def check(self) -> dict[str, bool]:
        """By the probe's name, whether what it asks answered; takes as long as the slowest, 2 s at most."""
        if not self._probes:
            return {}
        # The pool ends before the answer: a thread that is left would stop half-way when the environment is frozen.
        with ThreadPoolExecutor(max_workers=len(self._probes), thread_name_prefix="health") as pool:
            return dict(zip(self._probes, pool.map(_answers, self._probes.values()), strict=True))


def _answers(probe: Probe) -> bool:
    try:
        probe()
    except UnavailableError:
        return False
    return True
