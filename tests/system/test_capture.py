"""`batonctl capture`, read by tshark: packets with what became of them, drops with their reason, and nothing lost by it."""

import signal
import subprocess

import pytest

from baton_lab.balancer import program
from conftest import wait_until
from services import TARGETS, fetch

pytestmark = pytest.mark.batond


class Capture:
    """batonctl writing into a file; from its first bytes on it misses nothing."""

    def __init__(self, box, file, *flags):
        self.file = file
        with open(file, "wb") as out:
            self.process = subprocess.Popen([str(program("batonctl")), "--socket", str(box.socket), "capture", *flags],
                                            stdout=out, stderr=subprocess.PIPE, text=True)
        assert wait_until(lambda: file.stat().st_size > 0 or self.process.poll() is not None, 10)

    def end(self, by_itself=False):
        """Ends it as Ctrl-C does, or waits for the end of its count; its last line."""
        if not by_itself and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        _, said = self.process.communicate(timeout=20)
        assert self.process.returncode == 0, said
        return said

    def read(self, *fields, match=""):
        """The fields of each packet, by tshark."""
        asked = [word for field in fields for word in ("-e", field)]
        text = subprocess.run(["tshark", "-r", str(self.file), "-T", "fields", *asked, "-Y", match], check=True, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
        return [line.split("\t") for line in text.splitlines()]


@pytest.fixture
def captures():
    running = []

    def start(*arguments):
        running.append(Capture(*arguments))
        return running[-1]

    yield start
    for capture in running:
        if capture.process.poll() is None:
            capture.process.kill()
            capture.process.wait()


def test_a_connection_is_captured_on_both_sides(lab, captures, tmp_path):
    target = TARGETS[2]    # full translation: both addresses change
    fetch(lab, target, times=6)    # the box knows all backends now
    capture = captures(lab.boxes["box"], tmp_path / "all.pcapng", "--filter", "tcp port 80")
    fetch(lab, target)
    assert "none missed" in capture.end()
    syns = capture.read("frame.interface_name", "ip.src", "ip.dst", "frame.packet_flags_direction", "frame.comment",
                        match="tcp.flags.syn==1 && tcp.flags.ack==0")
    assert len(syns) == 2, syns
    came, left = syns
    assert came[0] == "wan" and came[1:3] == ["192.0.2.2", target.address]
    assert came[4] == "forwarded on lan"
    assert left[0] == "lan" and left[1] == target.source
    assert left[4] == ""
    assert int(came[3], 0) == 1 and int(left[3], 0) == 2


def test_drops_are_captured_with_their_reason(lab, captures, tmp_path):
    box = lab.boxes["box"]
    capture = captures(box, tmp_path / "drops.pcapng", "--drops", "--count", "1", "--port", "wan", "--filter", "tcp port 4447")
    lab.run("client", "curl", "--silent", "--max-time", "5", "http://192.0.2.10:4447/", check=False)
    assert "1 packet, none missed" in capture.end(by_itself=True)
    (reason, port), = capture.read("frame.comment", "tcp.dstport")
    assert reason.startswith("dropped: no_service: ") and port == "4447"


def test_a_capture_is_read_from_a_pipe(lab):
    box = lab.boxes["box"]
    capture = subprocess.Popen([str(program("batonctl")), "--socket", str(box.socket), "capture", "--count", "1", "--drops"],
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0)
    try:
        begun = capture.stdout.read(8)
        assert "another capture is under way" in second_capture(box)
        lab.run("client", "curl", "--silent", "--max-time", "5", "http://192.0.2.10:4448/", check=False)
        text = subprocess.run(["tshark", "-r", "-", "-T", "fields", "-e", "frame.comment"], check=True,
                              input=begun + capture.communicate(timeout=20)[0], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.decode()
    finally:
        capture.kill()
        capture.wait()
    assert text.startswith("dropped: ")


def second_capture(box):
    return subprocess.run([str(program("batonctl")), "--socket", str(box.socket), "capture", "--count", "1"],
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=20).stderr


def test_a_capture_whose_reader_is_gone_ends(lab, captures, tmp_path):
    box = lab.boxes["box"]
    first = captures(box, tmp_path / "first.pcapng")
    first.process.kill()
    first.process.wait()

    def another():
        second = captures(box, tmp_path / "second.pcapng", "--count", "1")
        if second.process.poll() is not None:    # refused: the first has not ended yet
            return False
        fetch(lab, TARGETS[0])
        return "1 packet" in second.end(by_itself=True)

    assert wait_until(another, 10)


def test_under_load_nothing_is_lost(lab, captures, tmp_path):
    box = lab.boxes["box"]
    capture = captures(box, tmp_path / "load.pcapng", "--snap-length", "64")
    printed = lab.run("client", "wrk", "-t1", "-c10", "-d4s", "--timeout", "10s", TARGETS[0].url)
    assert "Socket errors" not in printed and "Non-2xx" not in printed, printed
    said = capture.end()
    packets = int(said.split()[1])
    assert packets > 1000, said
    ends = {line[0] for line in capture.read("frame.comment", match="frame.number <= 5000")}
    assert ends <= {"", "forwarded on lan", "forwarded on wan", "handed to the control thread"}, ends
