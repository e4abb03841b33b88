"""The lab as a fixture. BATON_LAB_BALANCER=nftables runs what does not need batond's commands against the kernel's NAT:
what fails there is a fault of the lab or of the test."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "scripts"))
sys.path.insert(0, str(Path(__file__).resolve().parent))
from baton_lab import network  # noqa: E402
from baton_lab.lab import Lab  # noqa: E402
from baton_lab.sharing import ADVERTISE_MS, Routers  # noqa: E402
from baton_lab.stalls import Stalls  # noqa: E402

BALANCER = os.environ.get("BATON_LAB_BALANCER", "batond")
TEST_TIME_LIMIT_S = 150


def pytest_configure(config):
    config.addinivalue_line("markers", "batond: needs batond's commands; skipped with the kernel's stand-in")


def pytest_collection_modifyitems(items):
    for item in items:
        if os.geteuid() != 0 and "lab" in item.fixturenames:
            item.add_marker(pytest.mark.skip(reason="network namespaces need root"))
        if BALANCER != "batond" and item.get_closest_marker("batond"):
            item.add_marker(pytest.mark.skip(reason="needs batond"))


@pytest.fixture(autouse=True)
def time_limit():
    def too_late(*_):
        raise TimeoutError(f"the test took longer than {TEST_TIME_LIMIT_S} s")
    previous = signal.signal(signal.SIGALRM, too_late)
    signal.alarm(TEST_TIME_LIMIT_S)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, previous)


def lab_of(topology, name, prepare=None, start_boxes=True):
    """A lab that is up. `prepare(lab)` comes before its boxes start."""
    lab = Lab(topology, name, BALANCER)
    try:
        lab.up(start_boxes=start_boxes and prepare is None)
        if prepare is not None:
            prepare(lab)
            for box in lab.boxes.values():
                box.start()
        yield lab
    finally:
        lab.down()


@pytest.fixture(scope="session")
def nat_lab():
    yield from lab_of("nat", "baton-test")


@pytest.fixture(scope="session")
def sharing_lab():
    """The topology `sharing`, without its boxes."""
    yield from lab_of("sharing", "baton-share", start_boxes=False)


@pytest.fixture
def routers(sharing_lab):
    """Its boxes, which the test starts."""
    routers = Routers(sharing_lab)
    yield routers
    network.end_processes(f"{sharing_lab.name}-gen")    # of a test that failed
    routers.stop()


@pytest.fixture
def judge(routers):
    """Judges what a ledger says of a run: `judge.begin()` once the boxes run, then `judge.nothing_is(report, "lost", ...)`."""
    judge = Judge(routers.boxes)
    yield judge
    judge.end()


class Judge:
    """`exact` rests on both routers looking at a frame in time. Where the scheduler says that this machine kept a box from
    running for longer than the configured skew, one packet in a hundred may suffer; otherwise none. After three intervals
    of advertisements it looked dead to the others: then nothing can be said."""

    SKEW_MS = 20

    def __init__(self, boxes):
        self.boxes, self.stalls = boxes, None

    def begin(self):
        self.stalls = Stalls([box.process.pid() for box in self.boxes], self.SKEW_MS)
        self.stalls.start()

    def nothing_is(self, counts, *fates):
        if self.stalls.longest_ms > 3 * ADVERTISE_MS:
            pytest.skip(f"this machine kept a box from running for {self.stalls.longest_ms:.0f} ms")
        allowed = counts["sent"] // 100 if self.stalls.longest_ms > self.SKEW_MS else 0
        suffered = {fate: counts[fate] for fate in fates}
        assert max(suffered.values()) <= allowed, f"{suffered}, longest stall {self.stalls.longest_ms:.0f} ms"

    def end(self):
        if self.stalls is not None:
            self.stalls.end()


@pytest.fixture
def lab(nat_lab):
    """The topology `nat`, with a running box; afterwards the box must have accounted for every packet."""
    yield nat_lab
    for box in nat_lab.boxes.values():
        if BALANCER == "batond":
            assert box.process.pid() is not None, "batond is gone"
            assert_every_packet_is_accounted_for(box)


def assert_every_packet_is_accounted_for(box):
    """received + originated + from_kernel = sent + dropped + held + waiting + to_control + to_kernel, once the box is at
    rest."""
    assert wait_until(lambda: int(balance(box)["difference"]) == 0, 5), f"packets unaccounted for: {balance(box)}"


def balance(box):
    return box.ctl_json("status")["balance"]


def wait_until(condition, timeout_s):
    """Asks until `condition()` is true; false when it never was."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


@contextmanager
def heard_by(lab, host, interface, what, file, *options):
    """tcpdump writes what a host hears meanwhile to the file."""
    command = ("tcpdump", "-U", "-nn", "-B", "16384", *options, "-i", interface, "-w", str(file), what)
    with subprocess.Popen([*lab.enter(host), *command], stderr=subprocess.PIPE, text=True) as listener:
        try:
            listener.stderr.readline()      # it listens
            yield
        finally:
            listener.terminate()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    report = (yield).get_result()
    used = next((value for value in getattr(item, "funcargs", {}).values() if isinstance(value, Lab)), None)
    if not report.failed or used is None or used.balancer != "batond":
        return
    for box in used.boxes.values():
        report.sections.append((f"log of {box.name}", box.process.tail(30)))
        for verb in (("status",), ("show", "drops"), ("show", "ports")):
            try:
                report.sections.append((f"{box.name}: batonctl {' '.join(verb)}", box.ctl(*verb)))
            except Exception as error:  # the report is to come out whatever the box's state
                report.sections.append((f"{box.name}: batonctl {' '.join(verb)}", str(error)))


class Conversation:
    """A program of clients/ in a host, to which the test talks by lines."""

    def __init__(self, lab, host, program, *arguments):
        path = Path(__file__).with_name("clients") / f"{program}.py"
        self.process = subprocess.Popen([*lab.enter(host), sys.executable, str(path), *map(str, arguments)], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def hear(self):
        return self.process.stdout.readline().strip()    # bounded by the test's time limit

    def say(self, line=""):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def ask(self):
        self.say()
        return self.hear()


@pytest.fixture
def converse():
    """Starts conversations and ends them with the test."""
    started = []

    def start(lab, host, program, *arguments):
        started.append(Conversation(lab, host, program, *arguments))
        return started[-1]
    yield start
    for conversation in started:
        conversation.process.kill()
        conversation.process.communicate()


