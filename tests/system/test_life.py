"""Start, stop, crash and refusal to start."""

import signal
import subprocess
import time

import pytest

from baton_lab.balancer import SOURCE, program
from conftest import wait_until
from services import TARGETS, fetch

pytestmark = pytest.mark.batond


@pytest.fixture
def box(lab):
    """The box, running again afterwards."""
    yield lab.boxes["box"]
    if lab.boxes["box"].process.pid() is None:
        lab.boxes["box"].start()


def served(lab):
    return sum(backend.served() for backend in lab.backends.values())


def test_sigterm_ends_it_cleanly_under_load(lab, box):
    wrk = subprocess.Popen([*lab.enter("client"), "wrk", "-t1", "-c20", "-d30s", TARGETS[0].url],
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        before = served(lab)
        assert wait_until(lambda: served(lab) >= before + 100, 60)
        asked = time.monotonic()
        assert box.stop(signal.SIGTERM, timeout_s=5.0) == 0
        assert time.monotonic() - asked < 5.0
        assert not box.socket.exists()
    finally:
        wrk.kill()
        wrk.wait()
    box.start()
    assert fetch(lab, TARGETS[0])


def test_a_killed_box_starts_again(lab, box, converse):
    client = converse(lab, "client", "kept_connection", TARGETS[0].address, 80)
    assert client.ask().startswith("s")
    assert box.stop(signal.SIGKILL) == -signal.SIGKILL
    box.start()
    for target in TARGETS:
        assert fetch(lab, target)
    # Its access died with the table: the client hears a reset, not silence. [AM-08]
    assert client.ask() == "failed: ConnectionResetError"


def test_metrics_are_served_in_the_format_of_openmetrics(lab, box):
    printed = lab.run("box", "curl", "-sS", "--fail", "--max-time", "5", "http://127.0.0.1:9111/metrics")
    assert printed.endswith("# EOF\n")
    assert any(line.startswith("baton_build_info{") for line in printed.splitlines())


def check(path):
    """The exit status of `batond --check` and what it said."""
    done = subprocess.run([program("batond"), "--check", "--config", path], timeout=10, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode, done.stdout


@pytest.mark.parametrize("sample", sorted((SOURCE / "conf" / "lab").glob("*.yaml")), ids=lambda path: path.stem)
def test_the_samples_of_the_lab_are_accepted(sample):
    status, told = check(sample)
    assert status == 0, told


def test_a_bad_configuration_is_refused_with_all_its_errors(tmp_path):
    good = (SOURCE / "conf" / "lab" / "nat.yaml").read_text()
    bad = good.replace("polling: adaptive", "poling: adaptive", 1).replace("port: 5201", "port: 70000", 1)
    path = tmp_path / "bad.yaml"
    path.write_text(bad)
    status, told = check(path)
    assert status == 2, told
    for position in (position_of(bad, "poling"), position_of(bad, "70000")):
        assert f"bad.yaml:{position}" in told, told


def position_of(text, word):
    before = text[:text.index(word)]
    return before.count("\n") + 1
