"""What batond tells the service manager that started it: sd_notify(3), on a socket of the test's own."""

import ctypes
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

from baton_lab.balancer import program
from conftest import BALANCER

PTRACE_SEIZE, PTRACE_INTERRUPT, PTRACE_DETACH = 0x4206, 0x4207, 17
FILE = """
dataplane: {{access_rows: 1000, packet_buffers: 2048, hold: {{packets: 64}}}}
api: {{socket: {folder}/batond.sock, metrics: ""}}
ports: [{{name: wan, device: "null:", addresses: [198.51.100.2/24]}}]
services: []
"""

pytestmark = [pytest.mark.batond, pytest.mark.skipif(os.geteuid() != 0 or BALANCER != "batond", reason="needs batond")]


class Service:
    def __init__(self, folder):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(folder / "notify"))
        (folder / "box.yaml").write_text(FILE.format(folder=folder))
        environment = {**os.environ, "NOTIFY_SOCKET": str(folder / "notify"), "WATCHDOG_USEC": "400000"}
        self.process = subprocess.Popen(
            [program("batond"), "--config", folder / "box.yaml", "--", "--no-huge", "--no-shconf", "--no-pci", "-m", "256",
             "--file-prefix", f"notify{os.getpid()}"], env=environment, stdout=subprocess.DEVNULL)

    def hear(self, timeout_s):
        """The next message, or None."""
        self.socket.settimeout(timeout_s)
        try:
            return self.socket.recv(512).decode()
        except TimeoutError:
            return None

    def hear_all(self, for_s):
        deadline, heard = time.monotonic() + for_s, []
        while (left := deadline - time.monotonic()) > 0:
            heard += filter(None, [self.hear(left)])
        return heard

    def hear_but_watchdog(self):
        while (heard := self.hear(20)) == "WATCHDOG=1":
            pass
        return heard

    def worker_thread(self):
        return next(int(task.name) for task in Path(f"/proc/{self.process.pid}/task").iterdir()
                    if (task / "comm").read_text().startswith(("lcore-worker", "rte-worker")))


@pytest.fixture
def service(tmp_path):
    service = Service(tmp_path)
    yield service
    if service.process.poll() is None:
        service.process.kill()
        service.process.wait()


def test_readiness_reload_and_stop_are_told(service):
    assert service.hear(60).startswith("READY=1")
    assert "WATCHDOG=1" in service.hear_all(1.0)
    service.process.send_signal(signal.SIGHUP)
    assert service.hear_but_watchdog().startswith("RELOADING=1\nMONOTONIC_USEC=")
    assert service.hear_but_watchdog().startswith("READY=1")
    service.process.send_signal(signal.SIGTERM)
    assert service.hear_but_watchdog() == "STOPPING=1"
    assert service.process.wait(10) == 0


def test_a_worker_that_stands_still_starves_the_watchdog(service):
    assert service.hear(60).startswith("READY=1")
    assert service.hear(5) == "WATCHDOG=1"
    worker = service.worker_thread()
    ptrace = ctypes.CDLL(None, use_errno=True).ptrace
    ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    assert ptrace(PTRACE_SEIZE, worker, None, None) == 0, os.strerror(ctypes.get_errno())
    assert ptrace(PTRACE_INTERRUPT, worker, None, None) == 0
    os.waitpid(worker, 0x40000000)    # __WALL: the thread stands
    service.hear_all(0.3)             # what was on its way
    assert service.hear_all(1.5) == []
    assert service.process.poll() is None
    assert ptrace(PTRACE_DETACH, worker, None, None) == 0
    assert service.hear(5) == "WATCHDOG=1"
