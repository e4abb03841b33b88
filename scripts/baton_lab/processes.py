"""Programs that go on running in a host. Their pid and log are files in the lab's state folder, so that another run of
`scripts/lab` finds them. A pid counts only while it is in the host's namespace: a reused one is not ours."""

import os
import signal
import subprocess
import time
from pathlib import Path

from .commands import LabError


class Process:
    def __init__(self, state, namespace, name):
        self.namespace = namespace
        self.name = name
        self.pid_file = Path(state) / "pids" / name
        self.log = Path(state) / "log" / f"{name}.log"
        self.child = None    # when this very process started it: then its exit status can be known

    def start(self, *command):
        self.pid_file.parent.mkdir(parents=True, exist_ok=True)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        # `ip netns exec` becomes the program: the pid stays. A session of its own keeps Ctrl-C from reaching it.
        with open(self.log, "ab") as log:
            self.child = subprocess.Popen(["ip", "netns", "exec", self.namespace, *command], stdin=subprocess.DEVNULL,
                                          stdout=log, stderr=log, start_new_session=True)
        self.pid_file.write_text(str(self.child.pid))

    def pid(self):
        """The pid, or None when the process is gone."""
        if self.child is not None:
            return self.child.pid if self.child.poll() is None else None
        try:
            pid = int(self.pid_file.read_text())
            ours = os.stat(f"/run/netns/{self.namespace}").st_ino
            return pid if os.stat(f"/proc/{pid}/ns/net").st_ino == ours else None
        except (OSError, ValueError):
            return None

    def wait_for(self, text, timeout_s):
        """Waits until the log, from this start on, holds `text`."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            if text in self.log.read_text(errors="replace"):
                return
            if self.pid() is None:
                raise LabError(f"{self.name} ended at its start:\n{self.tail()}")
            time.sleep(0.05)
        raise LabError(f"{self.name} did not say {text!r} within {timeout_s} s:\n{self.tail()}")

    def stop(self, sign=signal.SIGTERM, timeout_s=5.0):
        """Sends the signal and waits for the end. Returns the exit status as far as it can be known, else None."""
        pid = self.pid()
        if pid is None:
            return self.child.returncode if self.child else None
        os.kill(pid, sign)
        deadline = time.monotonic() + timeout_s
        while self.pid() is not None:
            if time.monotonic() > deadline:
                raise LabError(f"{self.name} (pid {pid}) did not end within {timeout_s} s of signal {sign}")
            time.sleep(0.01)
        return self.child.returncode if self.child else None

    def tail(self, lines=40):
        try:
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
        except FileNotFoundError:
            return "(no log)"
