"""Load sharing in other networks than one with a virtual router on each side: IPv6, several groups on one port, a protocol
on one port alone, and virtual routers at both ends of a carrier's network."""

import re
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from baton_lab.ledger import Ledger, profile, warm_up
from baton_lab.sharing import (LINK_LOCAL, SHARING, configuration, forwarded, group, in_charge, lan_group, port,
                               sharing, until, wan_group)
from conftest import Judge, assert_every_packet_is_accounted_for, lab_of
from test_generator import assert_sums_hold

pytestmark = pytest.mark.batond

END_SYSTEMS = 60


def ping(lab, host, address, count=100):
    return subprocess.Popen([*lab.enter(host), "ping", "-q", "-i", "0.01", "-c", str(count), address],
                            stdout=subprocess.PIPE, text=True)


def answers(process):
    """How many came, and whether any came twice."""
    printed, _ = process.communicate(timeout=30)
    return int(re.search(r"(\d+) received", printed).group(1)), "duplicates" in printed


def test_ipv6_end_systems_are_shared(sharing_lab, routers, judge):
    """[VR-01] [VR-60]: conditions are addresses of either family. The routers' own are none, though they solicit
    neighbours with them."""
    global_addresses = [f"2001:db8:a::{10 + n}" for n in (1, 2, 3)]
    shared = {"routers": LINK_LOCAL, "other_routers": global_addresses, "skew": "20ms", "review_every": "1s",
              "hold_off": "500ms", **SHARING}
    lan = {"id": 1, "port": "lan", "addresses": ["fe80::1", "2001:db8:a::1"], "load_sharing": shared}
    wan = {"id": 2, "port": "wan", "addresses": ["fe80::2:1", "2001:db8:1::1"]}
    routers.start(lambda priority: [{**g, "priority": priority, "advertise_every": "100ms"} for g in (lan, wan)])
    before = [forwarded(box) for box in routers.boxes]
    judge.begin()
    warm_up(sharing_lab, 1, "ipv6")
    ledger = Ledger(sharing_lab, profile(6, family="ipv6"))
    report = ledger.report()
    judge.nothing_is(report["total"], "lost", "duplicated")
    assert_sums_hold(report)
    assert sum(in_charge(routers.boxes[0]).values()) == END_SYSTEMS
    assert min(forwarded(box) - b for box, b in zip(routers.boxes, before)) > 1000
    for box in routers.boxes:
        assert_every_packet_is_accounted_for(box)


def test_two_groups_on_one_port_are_told_apart(sharing_lab, routers):
    """[VR-16]: each router is active, or a backup, of either; each group has end systems of its own."""
    second = {"id": 3, "addresses": ["10.0.0.2"]}
    routers.start(lambda priority: [
        lan_group({"end_systems": ["10.0.0.51", "10.0.0.61", "10.0.0.71"], "discovery": ["static"]}, priority),
        lan_group({"end_systems": ["10.0.0.52", "10.0.0.62", "10.0.0.72"], "discovery": ["static"]}, 250 - priority) | second,
        wan_group(priority)])
    routers.wait_until_shared(3)
    routers.wait_until_shared(3, number=3)
    assert [group(box, 1)["role"] for box in routers.boxes] == ["active", "backup", "backup"]
    assert [group(box, 3)["role"] for box in routers.boxes] == ["backup", "backup", "active"]
    sharing_lab.run("e2", "ip", "route", "replace", "default", "via", "10.0.0.2")
    try:
        pings = [ping(sharing_lab, host, "192.0.2.2") for host in ("e1", "e2")]
        assert [answers(process) for process in pings] == [(100, False)] * 2
    finally:
        sharing_lab.run("e2", "ip", "route", "replace", "default", "via", "10.0.0.1")
    for box in routers.boxes:
        assert_every_packet_is_accounted_for(box)


def test_the_other_port_is_an_ordinary_one(sharing_lab, routers):
    """[VR-18]: nothing of VRRP on `wan`; every router forwards what is sent to its own address there, for end systems of
    whichever router."""
    routers.start(lambda priority: [lan_group({"end_systems": ["10.0.0.51", "10.0.0.52", "10.0.0.53"]}, priority)])
    routers.wait_until_shared(3)
    for n in (1, 2, 3):     # answers to each end system come back through another router
        sharing_lab.run("far", "ip", "route", "replace", f"10.0.0.{50 + n}/32", "via", f"192.0.2.{10 + n}")
    try:
        command = ("timeout", "3", "tcpdump", "-nn", "-i", "wan", "ip proto 112")
        listener = subprocess.Popen([*sharing_lab.enter("far"), *command], stdout=subprocess.PIPE,
                                    stderr=subprocess.DEVNULL, text=True)
        before = [(forwarded(box), forwarded(box, "lan")) for box in routers.boxes]
        pings = [ping(sharing_lab, host, "192.0.2.2") for host in ("e1", "e2", "e3")]
        assert [answers(process) for process in pings] == [(100, False)] * 3
        after = [(forwarded(box), forwarded(box, "lan")) for box in routers.boxes]
        assert all(a - b >= 100 for old, new in zip(before, after) for b, a in zip(old, new)), (before, after)
        assert listener.communicate(timeout=10)[0].strip() == ""
    finally:
        for n in (1, 2, 3):
            sharing_lab.run("far", "ip", "route", "delete", f"10.0.0.{50 + n}/32")
    for box in routers.boxes:
        assert_every_packet_is_accounted_for(box)


@pytest.fixture
def carrier():
    for lab in lab_of("carrier", "baton-carry", start_boxes=False):
        lab.judge = Judge([lab.boxes[f"r{n}"] for n in (1, 2, 3, 4)])
        yield lab
        lab.judge.end()


def nothing_is_lost_between_the_ends(carrier):
    for process in [ping(carrier, host, address) for host, address in (("e1", "10.2.0.53"), ("e2", "10.2.0.54"))]:
        came, doubled = answers(process)
        carrier.judge.nothing_is({"sent": 100, "lost": 100 - came, "duplicated": int(doubled)}, "lost", "duplicated")


def edge(number):
    """Router 1 or 2 of the first network, 3 or 4 of the second: ports and virtual routers. The second one, in the carrier's
    network, is where the other end sends to; its load is not shared."""
    own, other = (1, 2) if number < 3 else (2, 1)
    near = (1, 2) if own == 1 else (3, 4)
    shared = {"routers": [f"10.{own}.0.{10 + n}" for n in near], "end_systems": [f"10.{own}.0.{50 + n}" for n in near],
              "review_every": "0s", **SHARING}
    vrrp = {"priority": 200 - number, "advertise_every": "100ms"}
    return {"ports": [port("cnw", [f"172.16.0.{10 + number}/24"], 0x300 + number),
                      port(f"nw{own}", [f"10.{own}.0.{10 + number}/24"], 0x400 + number)],
            "groups": [{"id": 1, "port": f"nw{own}", "addresses": [f"10.{own}.0.1"], "load_sharing": shared, **vrrp},
                       {"id": 10 + own, "port": "cnw", "addresses": [f"172.16.0.{own}"], **vrrp}],
            "routes": [{"to": f"10.{other}.0.0/24", "via": f"172.16.0.{other}"}]}


def test_each_end_of_a_carriers_network_has_a_virtual_router_of_its_own(carrier):
    """[VR-120] [VR-121]: two networks of a company; both ends share their load, and know nothing of each other."""
    boxes = carrier.judge.boxes
    for number, box in enumerate(boxes, 1):
        box.configuration.write_text(configuration(box, **edge(number)))
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda box: box.start(), boxes))
    ends = {1: boxes[:2], 2: boxes[2:]}
    for own, both in ends.items():
        first = 11 if own == 1 else 13
        shared = {f"10.{own}.0.{first}": 1, f"10.{own}.0.{first + 1}": 1}
        until(lambda: all(in_charge(box) == shared for box in both), 10, lambda: [in_charge(box) for box in both])
    carrier.judge.begin()
    before = [forwarded(box, "cnw") for box in boxes]
    nothing_is_lost_between_the_ends(carrier)
    # The echo requests of one end system, or the replies of one.
    assert min(forwarded(box, "cnw") - b for box, b in zip(boxes, before)) >= 100
    generation = sharing(boxes[2])["generation"]
    boxes[1].stop()
    until(lambda: in_charge(boxes[0]) == {"10.1.0.11": 2, "10.1.0.12": 0}, 10, lambda: in_charge(boxes[0]))
    assert sharing(boxes[2])["generation"] == generation
    nothing_is_lost_between_the_ends(carrier)
    for box in (boxes[0], boxes[2], boxes[3]):
        assert_every_packet_is_accounted_for(box)
