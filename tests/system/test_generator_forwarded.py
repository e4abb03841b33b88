"""Packets of baton-gen that batond does not balance yet, forwarded by the kernel and read on the way by tshark."""

import collections
import socket
import subprocess

import pytest

from baton_lab.lab import Lab
from conftest import wait_until
from test_generator import Run, assert_sums_hold

FORWARDED = """ports:
  - {name: wan, device: "af_packet:wan", role: clients, addresses: [192.0.2.100-192.0.2.103, "2001:db8:1::100-2001:db8:1::103"],
     gateway: [192.0.2.1, "2001:db8:1::1"]}
  - {name: lan, device: "af_packet:lan", role: servers, addresses: [10.0.0.11, "2001:db8:a::11"],
     gateway: [10.0.0.1, "2001:db8:a::1"]}
duration: 3s
limits: {lost: 0, duplicated: 0, reordered: 0, corrupted: 0, wrong_server: 0}
"""
NOBODY = "10.0.0.99"


@pytest.fixture(scope="module")
def lab():
    lab = Lab("generator", "baton-forward", "nftables")
    try:
        lab.up()
        yield lab
    finally:
        lab.down()


class Capture:
    """tcpdump on the servers' wire at the router."""

    def __init__(self, lab, file, match):
        self.lab, self.file = lab, file
        self.process = subprocess.Popen((*lab.enter("box"), "tcpdump", "-i", "lan", "-U", "-B", "16384", "-Z", "root",
                                         "-w", str(file), f"({match}) or (arp and host {NOBODY})"),
                                        stderr=subprocess.PIPE, text=True)
        assert "listening" in self.process.stderr.readline()

    def read(self, *fields, match):
        # The router asks for somebody who is not there: what came before has been read when that has.
        self.lab.run("box", "ping", "-c", "1", "-W", "1", NOBODY, check=False)
        assert wait_until(lambda: socket.inet_aton(NOBODY) in self.file.read_bytes()[-1000:], 10)
        self.process.terminate()
        _, said = self.process.communicate(timeout=20)
        assert "0 packets dropped by kernel" in said, said
        asked = [word for field in fields for word in ("-e", field)]
        text = subprocess.run(["tshark", "-r", str(self.file), "-o", "udp.check_checksum:TRUE", "-T", "fields", *asked, "-Y",
                               match], check=True, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
        return [line.split("\t") for line in text.splitlines()]


def run(lab, tmp_path, flows, match):
    """The report of a run, and what passed the servers' wire."""
    capture = Capture(lab, tmp_path / "lan.pcap", match)
    try:
        status, said, report = Run(lab, text=FORWARDED + flows).end()
    except BaseException:
        capture.process.kill()
        raise
    assert status == 0, said
    assert_sums_hold(report)
    return report, capture


def test_esp_flows_get_new_spis(lab, tmp_path):
    flows = """flows:
  - {name: v4, protocol: esp, to: 10.0.0.11, count: 10, rate: 500, size: 130, first_spi: 1000, rekey: 2s}
  - {name: v6, protocol: esp, to: "2001:db8:a::11", count: 10, rate: 500, size: 130, answer_size: 1518, first_spi: 3000}
"""
    report, capture = run(lab, tmp_path, flows, "esp or ip6 proto 50")
    seen = collections.defaultdict(list)
    for v4, v6, spi, number in capture.read("ip.dst", "ipv6.dst", "esp.spi", "esp.sequence", match="esp"):
        to_server = (v4 or v6) in ("10.0.0.11", "2001:db8:a::11")
        assert to_server == (int(spi, 16) < 0x80000000)
        seen[int(spi, 16)].append(int(number))
    for numbers in seen.values():  # RFC 4303, 3.3.3: from 1, one by one
        assert numbers == list(range(1, len(numbers) + 1))
    v4, v6 = report["classes"]
    spis = {first + i for c in (v4, v6) for first in (a["first_spi"] for a in c["esp"]["associations"]) for i in range(10)}
    assert [(a["first_spi"], a["last_spi"]) for a in v4["esp"]["associations"]] == [(1000, 1009), (1010, 1019)]
    assert v4["esp"]["associations"][1]["from"] == 2 and v6["esp"]["rekeyings"] == 0
    assert set(seen) == spis | {0x80000000 + spi for spi in spis}
    assert sum(len(seen[spi]) for spi in spis) == sum(c["requests"]["sent"] for c in (v4, v6)) > 2900
    assert report["total"]["corrupted"] == report["total"]["wrong_address"] == 0


def test_mobile_terminals_move(lab, tmp_path):
    """Home addresses stay in their option, sources change; every UDP checksum is right over the home address."""
    flows = """flows:
  - {name: roaming, protocol: udp, to: "[2001:db8:a::11]:7", count: 20, rate: 1k, size: 200,
     mobile: {home: 2001:db8:f::/64, moves_every: 1s}}
"""
    report, capture = run(lab, tmp_path, flows, "ip6 and (ip6[6] == 60 or ip6[6] == 43)")
    care_of, responses = collections.defaultdict(list), collections.Counter()
    for src, dst, option, routed, status in capture.read(
            "ipv6.src", "ipv6.dst", "ipv6.opt.mipv6.home_address", "ipv6.routing.mipv6.home_address", "udp.checksum.status",
            match="udp"):
        assert status == "1", "tshark knows what takes a home address's place in the checksum"
        if option:
            home = option
            assert dst == "2001:db8:a::11"
            if src not in care_of[home]:
                care_of[home].append(src)
        else:
            assert src == "2001:db8:a::11" and routed in care_of and dst in care_of[routed]
            responses[routed] += 1
    assert sorted(care_of) == sorted(f"2001:db8:f::{i + 1:x}" for i in range(20))
    hosts = [f"2001:db8:1::10{i}" for i in range(4)]
    for i in range(20):
        assert care_of[f"2001:db8:f::{i + 1:x}"] == [hosts[(i + move) % 4] for move in range(3)]
    c = report["classes"][0]
    assert sum(responses.values()) == c["responses"]["arrived"] > 2900
    assert c["mobile"]["moves"] == 40 == c["mobile"]["gap_over_move_us"]["count"]
    assert c["wrong_address"] == 0 and c["mobile"]["gap_over_move_us"]["max"] < 500_000


RATE = 2000


def test_hosts_follow_their_gateway_to_another_mac_address(lab):
    """As when a virtual router's address moves: told by gratuitous ARP and an unsolicited advertisement, both with time."""
    network = f"ip -n {lab.name}-box"
    change = f"{network} link set dev wan address 02:00:5e:00:01:07"
    flows = f"""events:
  - {{at: 1s, run: "{change}"}}
flows:
  - {{name: v4, protocol: udp, to: "10.0.0.11:7", count: 40, rate: {RATE // 2}}}
  - {{name: v6, protocol: udp, to: "[2001:db8:a::11]:7", count: 40, rate: {RATE // 2}, size: 84}}
"""
    lab.run("box", "sysctl", "-qw", "net.ipv4.conf.wan.arp_notify=1", "net.ipv6.conf.wan.ndisc_notify=1")
    lab.run("box", "ip", "neigh", "flush", "dev", "wan")  # the hosts had the port's MAC address in the tests before
    text = FORWARDED.replace("role: clients,", "role: clients, macs: own,").replace("lost: 0, ", "")
    status, said, report = Run(lab, text=text + flows).end()
    assert status == 0, said
    assert report["gateway_changes_count"] == 2, report["gateway_changes"]
    for change, address in zip(sorted(report["gateway_changes"], key=lambda c: c["address"]), ("192.0.2.1", "2001:db8:1::1")):
        assert change["address"] == address and change["port"] == "wan"
        assert change["to"] == "02:00:5e:00:01:07"
        assert 1 <= change["at"] < 2.5
    # What was sent to the old address meanwhile is lost, and nothing before or afterwards.
    known_at = max(change["at"] for change in report["gateway_changes"])
    assert report["intervals"][0]["lost"] == 0, said
    assert sum(interval["lost"] for interval in report["intervals"]) <= (known_at - 0.9) * RATE, said
    assert all(second["lost"] == 0 for second in report["timeline"][int(known_at) + 1:]), said
    assert {g["address"]: g["mac"] for g in report["gateways"] if g["port"] == "wan"} == {
        "192.0.2.1": "02:00:5e:00:01:07", "2001:db8:1::1": "02:00:5e:00:01:07"}
