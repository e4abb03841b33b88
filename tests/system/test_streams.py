"""Long streams: a download that must arrive bit for bit, and iperf3 both ways."""

import hashlib
import json
import random

import pytest

from conftest import BALANCER, wait_until
from services import each_target

GIB = 1 << 30


@pytest.fixture(scope="module")
def large_file(nat_lab, tmp_path_factory):
    """1 GiB that does not repeat, so that a lost, doubled or displaced piece shows; served by all backends."""
    path = tmp_path_factory.mktemp("www") / "large.bin"
    numbers = random.Random(20240229)
    digest = hashlib.sha256()
    with open(path, "wb") as out:
        for _ in range(GIB >> 20):
            block = numbers.randbytes(1 << 20)
            digest.update(block)
            out.write(block)
    (nat_lab.state / "www" / "large.bin").symlink_to(path)
    yield digest.hexdigest()
    path.unlink()


@each_target
def test_a_gibibyte_arrives_intact(lab, target, large_file):
    command = f"set -o pipefail; curl -sS --fail --max-time 120 {target.url}large.bin | tee >(wc -c >&2) | sha256sum"
    printed = lab.run("client", "bash", "-c", command, timeout=130)
    assert printed.split()[0] == large_file


def iperf(lab, target, *options):
    return json.loads(lab.run("client", "iperf3", "--client", target.address, "--json", *options, timeout=60))["end"]


@each_target
@pytest.mark.parametrize("direction", [[], ["--reverse"]], ids=["up", "down"])
def test_iperf_over_tcp(lab, target, direction):
    volume = 100 << 20
    end = iperf(lab, target, "--bytes", str(volume), *direction)
    # iperf3 ends when the sender has written the volume: the receiver's count lacks what the sockets' buffers hold, by
    # Linux's defaults (tcp_wmem, tcp_rmem) at most 4 and 6 MiB.
    assert end["sum_sent"]["bytes"] >= volume
    assert end["sum_received"]["bytes"] >= volume - (10 << 20)


def lost_for_want_of_cpu(lab):
    """Packets so far that found a buffer full, since the program behind it did not get a CPU: a socket's of either end of
    iperf3 (RcvbufErrors of both families), and of the box a port's ring or the one from worker to worker."""
    total = 0
    if BALANCER == "batond":
        box = lab.boxes["box"]
        total += sum(int(port["missed"]) for port in box.ctl_json("show", "ports")["ports"])
        total += sum(int(drop["packets"]) for drop in box.ctl_json("show", "drops")["drops"]
                     if drop["reason"] == "steer_ring_full")
    for host in ("client", "s1"):
        names, values = [line.split() for line in lab.run(host, "cat", "/proc/net/snmp").splitlines()
                         if line.startswith("Udp:")]
        total += int(values[names.index("RcvbufErrors")])
        six = dict(line.split() for line in lab.run(host, "cat", "/proc/net/snmp6").splitlines())
        total += int(six["Udp6RcvbufErrors"])
    return total


def udp_loses_nothing(lab, target, more_than, *options):
    """Two seconds of datagrams, of which more than so many arrive: none lost of none would say nothing."""
    before = lost_for_want_of_cpu(lab)
    received = iperf(lab, target, "--udp", "--time", "2", *options)["sum_received"]
    assert received["packets"] > more_than
    assert wait_until(lambda: received["lost_packets"] <= lost_for_want_of_cpu(lab) - before, 2), received


@each_target
@pytest.mark.parametrize("direction", [[], ["--reverse"]], ids=["up", "down"])
def test_iperf_over_udp_loses_nothing_at_a_modest_rate(lab, target, direction):
    udp_loses_nothing(lab, target, 2000, "--bitrate", "20M", "--length", "1200", *direction)
