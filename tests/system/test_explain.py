"""`batonctl explain` beside what really happens: a packet is asked about, then sent, and must go where it was said to."""

import json

import pytest

from conftest import balance, wait_until
from services import TARGETS, each_target, fetch

pytestmark = pytest.mark.batond


def explain(box, *words):
    return json.loads(box.ctl("--json", "explain", *words))


def end(address, port):
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def client_of(target):
    return "2001:db8:1::2" if ":" in target.address else "192.0.2.2"


@each_target
def test_a_connection_goes_where_it_was_said_to(lab, target):
    box = lab.boxes["box"]
    fetch(lab, target, times=6)     # the box knows all backends now
    port = 40000 + TARGETS.index(target)
    syn = ("tcp", end(client_of(target), port), ">", end(target.address, 80), "on", "wan")
    told = explain(box, *syn)
    assert told["result"] == "forwarded", told
    assert told["row"] == "would be made"
    assert told["service"] == target.service("web")
    assert told["way"]["neighbor_state"] == "reachable"
    chosen = [c["name"] for c in told["candidates"] if c["chosen"]]
    assert len(chosen) == 1 and told["why"]
    answer = lab.run("client", "curl", "--silent", "--show-error", "--fail", "--max-time", "10", "--local-port", str(port),
                     target.url)
    assert answer.split()[0] == chosen[0]
    now = explain(box, *syn[:-2], "ack", *syn[-2:])
    assert now["row"] == "found"
    assert now["access"]["backend"] == told["access"]["backend"]
    assert now["access"]["internal_port"] == told["access"]["internal_port"]    # the port that was the next free one


def test_to_ask_leaves_no_trace(lab):
    box = lab.boxes["box"]
    target = TARGETS[2]
    fetch(lab, target)

    def counts():
        """What only traffic adds to. Rows of earlier tests may end at any time, and hosts send multicast when they like."""
        loads = [backend["load"] for backend in box.ctl_json("show", "backends")["backends"]]
        drops = box.ctl_json("show", "drops")["drops"]
        return ([{name: count for name, count in load.items() if name not in ("open", "rows")} for load in loads],
                [drop for drop in drops if drop["reason"] != "multicast"])

    def at_rest():    # the connection's end has passed
        seen.append(counts())
        return len(seen) > 1 and seen[-1] == seen[-2]

    seen = []
    assert wait_until(at_rest, 10)
    for port in range(1000, 1050):
        explain(box, "tcp", end(client_of(target), port), ">", end(target.address, 80), "on", "wan")
    explain(box, "tcp", "203.0.113.9:1", ">", "203.0.113.10:80", "on", "wan")
    assert counts() == seen[-1]
    assert int(balance(box)["difference"]) == 0


def test_a_drop_is_explained(lab):
    told = explain(lab.boxes["box"], "tcp", "192.0.2.2:999", ">", "192.0.2.10:4444", "on", "wan")
    assert told["drop"] == "no_service"
    assert "batonctl show services" in told["change"]
    assert " rst " in told["out_packet"] and told["out_port"] == "wan"


def test_a_frame_that_was_captured_is_explained(lab, tmp_path):
    box = lab.boxes["box"]
    scapy = pytest.importorskip("scapy.all")
    mac = next(p["mac"] for p in box.ctl_json("show", "ports")["ports"] if p["name"] == "wan")
    file = str(tmp_path / "asked.pcapng")
    writer = scapy.PcapNgWriter(file)
    ethernet = scapy.Ether(src="02:00:00:00:00:99", dst=mac)
    writer.write(ethernet / scapy.ARP())
    writer.write(ethernet / scapy.IP(src="192.0.2.2", dst="192.0.2.10") / scapy.UDP(sport=7, dport=4445) / b"?")
    writer.close()
    assert "control" in explain(box, "1", "--pcap", file, "--port", "wan")["result"]
    assert explain(box, "2", "--pcap", file, "--port", "wan")["drop"] == "no_service"
