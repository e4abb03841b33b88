"""The substitution server: baton-controller on a host of its own makes the allocations of three routers, dies, and
comes back."""

import ipaddress
import re
import signal
import subprocess
import time

import pytest

from baton_lab.lab import Lab
from baton_lab.processes import Process
from baton_lab.sharing import group as router
from baton_lab.sharing import in_charge
from conftest import SOURCE, Judge, assert_every_packet_is_accounted_for, wait_until
from test_load_sharing import END_SYSTEMS, EVERY_S, PINGS, fates
from test_sharing_networks import ping

pytestmark = pytest.mark.batond

BOX = """\
node: {{name: r{n}}}
api: {{socket: {state}/r{n}.sock, metrics: ""}}
dataplane: {{access_rows: 10000, packet_buffers: 16384}}
ports:
  - {{name: wan, device: "af_packet:wan", addresses: [192.0.2.{host}/24]}}
  - {{name: lan, device: "af_packet:lan", addresses: [10.0.0.{host}/24]}}
virtual_routers:
  - id: 1
    port: lan
    addresses: [10.0.0.1]
    priority: {priority}
    advertise_every: 100ms
  - {{id: 2, port: wan, addresses: [192.0.2.1], priority: {priority}, advertise_every: 100ms}}
"""
FAR, SERVER = "192.0.2.2", "10.0.0.20"    # `far` and `peer` of the lab
SHARING = """\
      routers: [10.0.0.11, 10.0.0.12, 10.0.0.13]
      server: {server}
      hand_over: {mode}
      key: a secret of the three
      skew: 20ms
      review_every: 1s
      hold_off: 500ms
      average_over: 1s
"""
CONTROLLER = """\
interface: lan
virtual_routers:
  - id: 1
    addresses: [10.0.0.1]
    advertise_every: 100ms
    load_sharing:
"""


class Controller:
    """baton-controller on the host `peer`."""

    def __init__(self, lab, mode, more=""):
        self.configuration = lab.state / "controller.yaml"
        self.configuration.write_text(CONTROLLER + SHARING.format(server=SERVER, mode=mode) + more)
        self.process = Process(lab.state, f"{lab.name}-peer", "controller")

    def start(self):
        self.process.log.unlink(missing_ok=True)
        self.process.start(str(SOURCE / "build/programs/baton-controller"), "--config", str(self.configuration))
        self.process.wait_for("baton-controller ready", 5)

    def stop(self, sign=signal.SIGTERM):
        return self.process.stop(sign)

    def log(self):
        return self.process.log.read_text()

    def allocations(self):
        return len(re.findall(r"allocation \d+: \d+ end systems change", self.log()))


@pytest.fixture(scope="module")
def routers_lab():
    lab = Lab("routers", "baton-vr")
    try:
        lab.up(start_boxes=False)
        yield lab
    finally:
        lab.down()


@pytest.fixture
def judge(routers_lab):
    judge = Judge([routers_lab.boxes[f"r{n}"] for n in (1, 2, 3)])
    yield judge
    judge.end()


@pytest.fixture
def group(routers_lab):
    """Starts the three boxes, which know of a server, and the server; the first box is active."""
    boxes = [routers_lab.boxes[f"r{n}"] for n in (1, 2, 3)]
    controllers = []

    def start(mode, more=""):
        """`more`: another virtual router, as both files have it."""
        more = more.replace("{mode}", mode)
        controller = Controller(routers_lab, mode, more)
        controllers.append(controller)
        controller.start()
        first, second = BOX.split("  - {{id: 2")
        text = first + "    load_sharing:\n" + SHARING.replace("{server}", SERVER) + "  - {{id: 2" + second
        for n, box in enumerate(boxes, start=1):
            priority = 250 - 50 * n
            own = text.format(n=n, host=10 + n, priority=priority, mode=mode, state=routers_lab.state)
            if more:
                own = re.sub(r"(10\.0\.0\.1\d/24)", rf'\1, "2001:db8:a::1{n}/64"', own)
                own = re.sub(r"(192\.0\.2\.1\d/24)", rf'\1, "2001:db8:1::1{n}/64"', own)
                own += more.replace("    load_sharing", f"    port: lan\n    priority: {priority}\n    load_sharing")
                own += f'  - {{id: 4, port: wan, addresses: ["fe80::4:1", "2001:db8:1::1"], priority: {priority}, ' \
                    'advertise_every: 100ms}\n'
            box.configuration.write_text(own)
            box.start()
        assert wait_until(lambda: router(boxes[0])["role"] == "active", 5)
        return boxes, controller
    yield start
    for box in boxes:
        box.stop()
    for controller in controllers:
        controller.stop()


def state_of_server(box):
    return next(u["state"] for u in router(box)["load_sharing"]["units"] if u["address"] == SERVER)


def shares(box):
    return [n for address, n in sorted(in_charge(box).items()) if address != SERVER]


def all_share(boxes):
    return wait_until(lambda: all_equal(boxes), 15)


def all_equal(boxes):
    return all(shares(box) == [1, 1, 1] for box in boxes)


@pytest.mark.parametrize("mode", ["exact", "timer"])
def test_the_server_makes_the_first_allocation(routers_lab, group, judge, mode):
    """[VR-107] [VR-110] [VR-111] [VR-112]: it finds the end systems and gives each router one; the active router makes
    no allocation. In `exact` no packet is lost or doubled meanwhile."""
    boxes, controller = group(mode)
    judge.begin()
    pings = [ping(routers_lab, host, FAR, PINGS) for host in END_SYSTEMS]
    assert all_share(boxes), ([in_charge(box) for box in boxes], controller.log())
    assert state_of_server(boxes[0]) == "server"
    results = [fates(process) for process in pings]
    assert controller.allocations() >= 1
    for box in boxes:
        assert not re.search(r"allocation \d+: \d+ end systems change", box.process.log.read_text())
        assert router(box)["load_sharing"]["refused"] == []
        assert_every_packet_is_accounted_for(box)
    assert controller.stop() == 0
    for result in results:
        judge.nothing_is(result, "duplicated", *(["lost"] if mode == "exact" else []))


def test_the_active_router_does_it_itself_while_the_server_is_gone(routers_lab, group, judge):
    """[VR-119] [VR-Q34]: within three intervals of 100 ms the active router knows and makes the allocations; the server
    that comes back makes them again. No packet is lost or doubled on the way."""
    boxes, controller = group("exact")
    judge.begin()
    pings = [ping(routers_lab, host, FAR, 3 * PINGS) for host in END_SYSTEMS]
    assert all_share(boxes), [in_charge(box) for box in boxes]

    def made_by_active():
        return len(re.findall(r"allocation \d+: \d+ end systems change", boxes[0].process.log.read_text()))
    assert made_by_active() == 0
    controller.stop(signal.SIGKILL)
    killed = time.monotonic()
    assert wait_until(lambda: state_of_server(boxes[0]) == "server-fault", 3)
    assert time.monotonic() - killed < 1    # 300 ms, and what asking takes
    # A backup dies meanwhile: its end system is somebody else's, by the active router's allocation.
    boxes[2].stop(signal.SIGKILL)
    assert wait_until(lambda: in_charge(boxes[0])["10.0.0.13"] == 0, 5)
    assert made_by_active() >= 1
    controller.start()
    assert wait_until(lambda: state_of_server(boxes[0]) == "server", 5)
    boxes[2].start()
    assert wait_until(lambda: controller.allocations() >= 1 and all_equal(boxes), 15), controller.log()
    results = sorted((fates(process) for process in pings), key=lambda result: result["lost"])
    assert results[2]["lost"] * EVERY_S < 1.5, results
    for box in boxes[:2]:
        assert_every_packet_is_accounted_for(box)
    for result in results:
        judge.nothing_is(result, "duplicated")
    for result in results[:2]:    # who was not of the router that died notices nothing
        judge.nothing_is(result, "lost")


def link_local(lab, host):
    """The address that the kernel and batond make of the MAC address on `lan` (RFC 4291, appendix A)."""
    mac = bytes.fromhex(lab.run(host, "cat", "/sys/class/net/lan/address").strip().replace(":", ""))
    return str(ipaddress.IPv6Address(b"\xfe\x80" + bytes(6) + bytes([mac[0] ^ 2]) + mac[1:3] + b"\xff\xfe" + mac[3:]))


def test_a_server_of_two_groups_of_both_families(routers_lab, group):
    """[VR-107] [VR-111]: IPv4 and IPv6 have a virtual router each, and the same server, which finds the end systems of
    either by ARP and by neighbour discovery."""
    units = [link_local(routers_lab, host) for host in ("r1", "r2", "r3", "peer")]
    sharing = SHARING.replace("10.0.0.11, 10.0.0.12, 10.0.0.13", ", ".join(f'"{unit}"' for unit in units[:3])) \
        .replace("{server}", f'"{units[3]}"')
    head = '  - id: 3\n    addresses: ["fe80::3:1", "2001:db8:a::1"]\n'
    boxes, controller = group("exact", head + "    advertise_every: 100ms\n    load_sharing:\n" + sharing)

    def shares_v6(box):
        found = next(r for r in box.ctl_json("show", "virtual-routers")["virtual_routers"] if r["id"] == 3)
        by_unit = {u["address"]: int(u["end_systems"]) for u in found["load_sharing"]["units"]}
        return [by_unit[unit] for unit in units[:3]]
    assert wait_until(lambda: all(sum(shares_v6(box)) >= 3 and min(shares_v6(box)) >= 1 for box in boxes), 20), \
        ([shares_v6(box) for box in boxes], controller.log())
    assert all_share(boxes)
    pings = [routers_lab.enter(host) for host in END_SYSTEMS]
    pings = [subprocess.run([*enter, "ping", "-q", "-i", "0.01", "-c", "200", "2001:db8:1::2"], text=True,
                            capture_output=True) for enter in pings]
    assert all("200 packets transmitted, 200 received, 0% packet loss" in p.stdout for p in pings), pings
