"""Load sharing in `directed` delivery: each end system knows its gateway by the MAC address of the box in charge of it,
and the bridge between them learns all of these: nothing is flooded."""

import signal
import subprocess

import pytest

from baton_lab.sharing import ADVERTISE_MS, SERVER, Server, forwarded, in_charge, lan_group, sharing, until, wan_group
from conftest import assert_every_packet_is_accounted_for
from test_sharing_networks import answers, ping

pytestmark = pytest.mark.batond

END_SYSTEMS = ("e1", "e2", "e3")
PINGS, EVERY_S = 700, 0.01
FAR = {"ipv4": "192.0.2.2", "ipv6": "2001:db8:1::2"}
GATEWAY = {"ipv4": "10.0.0.1", "ipv6": "2001:db8:a::1"}
VIRTUAL_MAC = {"ipv4": "00:00:5e:00:01:01", "ipv6": "00:00:5e:00:02:01"}
# Three advertisements, a skew and a turn, and what a machine that many share takes; or the server's way of it.
NOTICED_S = 4 * ADVERTISE_MS / 1000 + 1.1


def start(routers, family="ipv4", **more):
    shared = {"delivery": "directed", "review_every": "1s", "hold_off": "500ms", **more}
    routers.start(lambda priority: [lan_group(shared, priority, family), wan_group(priority, family)])


def gateways(lab, family):
    """The MAC addresses that the end systems know their gateway by."""
    shown = [lab.run(host, "ip", "neigh", "show", GATEWAY[family]) for host in END_SYSTEMS]
    return sorted(line.split("lladdr ")[1].split()[0] if "lladdr" in line else "none" for line in shown)


def macs(numbers, family):
    """The MAC addresses of these boxes' ports, the first one's replaced by the virtual one: it is active."""
    return [VIRTUAL_MAC[family]] + [f"02:00:00:00:02:{10 + n:02x}" for n in numbers[1:]]


def pings_through_all(lab, routers, family):
    """Pings of all end systems that go on, once each has a router of its own, and knows it."""
    pings = [ping(lab, host, FAR[family], PINGS) for host in END_SYSTEMS]
    until(lambda: gateways(lab, family) == macs((1, 2, 3), family), 8,
          lambda: f"a router each: {gateways(lab, family)}, {in_charge(routers.boxes[0])}")
    return pings


@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
def test_each_end_system_is_told_its_router(sharing_lab, routers, family):
    """[VR-01] [VR-62]: without a packet lost, doubled or flooded."""
    start(routers, family)
    pings = pings_through_all(sharing_lab, routers, family)
    before = [forwarded(box) for box in routers.boxes]
    assert [answers(process) for process in pings] == [(PINGS, False)] * 3
    after = [forwarded(box) for box in routers.boxes]
    assert all(b - a > 50 for a, b in zip(before, after)), (before, after)
    # The address of the gateway itself answers, whoever it is.
    for host in END_SYSTEMS:
        assert answers(ping(sharing_lab, host, GATEWAY[family], 2)) == (2, False)
    for box in routers.boxes:
        assert_every_packet_is_accounted_for(box)


@pytest.mark.parametrize("dies, family", [(0, "ipv4"), (2, "ipv4"), (0, "ipv6"), (2, "ipv6")],
                         ids=["active", "backup", "active-ipv6", "backup-ipv6"])
def test_the_others_are_told_when_one_dies(sharing_lab, routers, dies, family):
    """[VR-13]: the end systems of the dead box are told of another one as soon as it is missed."""
    start(routers, family)
    pings = pings_through_all(sharing_lab, routers, family)
    routers.boxes[dies].stop(signal.SIGKILL)
    results = [answers(process) for process in pings]
    assert all(not doubled for _, doubled in results)
    lost = sorted(PINGS - came for came, _ in results)
    assert lost[-1] * EVERY_S < NOTICED_S, lost    # the way back is through the active box
    if dies == 2:
        assert lost[:2] == [0, 0], lost
    alive = macs((2, 3) if dies == 0 else (1, 2), family)
    until(lambda: sorted(set(gateways(sharing_lab, family))) == alive, 10,
          lambda: f"two routers: {gateways(sharing_lab, family)}, not {alive}")


@pytest.fixture
def server(sharing_lab):
    server = Server(sharing_lab, delivery="directed")
    server.start()
    yield server
    server.process.stop(signal.SIGKILL)


def state_of_server(box):
    return next(unit["state"] for unit in sharing(box)["units"] if unit["address"] == SERVER)


def test_a_server_says_whose_they_are_and_the_active_router_tells_them(sharing_lab, routers, server):
    """[VR-107] [VR-111] [VR-119]: the server, then the active router while the server is gone: what either allocates
    the end systems are told, also after a router has died. Nothing is lost when shares or makers change."""
    start(routers, server=SERVER)
    boxes = routers.boxes
    pings = pings_through_all(sharing_lab, routers, "ipv4")
    assert server.allocations() >= 1 and state_of_server(boxes[0]) == "server"
    assert [answers(process) for process in pings] == [(PINGS, False)] * 3
    boxes[2].stop(signal.SIGKILL)
    until(lambda: sorted(set(gateways(sharing_lab, "ipv4"))) == macs((1, 2), "ipv4"), 10,
          lambda: f"two routers: {gateways(sharing_lab, 'ipv4')}, {in_charge(boxes[0])}")
    server.process.stop(signal.SIGKILL)
    until(lambda: state_of_server(boxes[0]) == "server-fault", 3, "the server is missed")
    boxes[2].start()
    pings = pings_through_all(sharing_lab, routers, "ipv4")
    server.start()
    until(lambda: state_of_server(boxes[0]) == "server", 5, "the server is back")
    assert [answers(process) for process in pings] == [(PINGS, False)] * 3
    for box in boxes:
        assert_every_packet_is_accounted_for(box)
