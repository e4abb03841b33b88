"""For how long a program was ready to run and did not get a CPU, as the kernel's scheduler tells: on a shared machine the
usual reason for what no program did wrong. Needs CONFIG_SCHEDSTATS' run delay, which kernels of distributions have."""

import threading
import time
from pathlib import Path

EVERY_S = 0.01


class Stalls(threading.Thread):
    """Watches processes until `end`. A stall is a thread's wait for a CPU between two looks, of more than `over_ms`; that
    the watcher itself was away for long is one, too, since then the whole machine was."""

    def __init__(self, pids, over_ms):
        super().__init__(daemon=True)
        self.over_ms = over_ms
        self.tasks = [task / "schedstat" for pid in pids for task in Path(f"/proc/{pid}/task").iterdir()]
        self.found = []    # (when, ms)
        self.longest_ms = 0.0
        self.ending = threading.Event()

    def waited_ms(self, task):
        try:
            return int(task.read_text().split()[1]) / 1e6
        except (FileNotFoundError, ProcessLookupError):
            return 0.0

    def run(self):
        before = {task: self.waited_ms(task) for task in self.tasks}
        last = time.monotonic()
        while not self.ending.wait(EVERY_S):
            now = time.monotonic()
            waits = [(now - last - EVERY_S) * 1000]
            for task, had in before.items():
                before[task] = self.waited_ms(task)
                waits.append(before[task] - had)
            last = now
            self.longest_ms = max(self.longest_ms, *waits)
            if max(waits) > self.over_ms:
                self.found.append((now, max(waits)))

    def end(self):
        self.ending.set()
        self.join()
