"""Kills and restarts during the vote, at their times."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from random import Random

from bench.load.processes import Server
from bench.load.rules import Disturbance
from tests.concurrency.cluster import Cluster


class Disturber(threading.Thread):
    """Disturbs a deployment by the schedule, and starts again what ends by itself."""

    def __init__(self, server: Server, cluster: Cluster, schedule: Sequence[tuple[float, Disturbance]]) -> None:
        super().__init__(daemon=True)
        self.server, self.schedule = server, schedule
        self.over, self.done, self.fault = threading.Event(), Counter[Disturbance](), ""
        rng = Random()
        self._acts: dict[Disturbance, Callable[[], None]] = {
            Disturbance.WORKER: lambda: server.kill_worker(rng),
            Disturbance.MASTER: server.kill_master,
            Disturbance.IMMEDIATE: lambda: cluster.restart("immediate"),
            Disturbance.FAST: lambda: cluster.restart("fast"),
        }

    def run(self) -> None:
        """Do what is due until the test is over."""
        started = time.monotonic()
        try:
            for second, what in self.schedule:
                if not self._is_due(started + second):
                    return
                self._acts[what]()
                self.done[what] += 1
            self._is_due(float("inf"))
        except Exception as fault:  # shown with the result: what was not done proves nothing
            self.fault = f"{type(fault).__name__}: {fault}"

    def finish(self) -> None:
        """End after what is being done now."""
        self.over.set()
        if self.is_alive():
            self.join()

    def _is_due(self, moment: float) -> bool:
        """Keep the server running until the moment; False once the test is over."""
        while not self.over.wait(0.1):
            self.server.keep_running()
            if time.monotonic() >= moment:
                return True
        return False
