"""Virtual routers: a box in one group with keepalived or with FRR, each in turn active, killed and preempted, while an end
system pings through its one default gateway."""

import json
import re
import signal

import pytest

from baton_lab.lab import Lab
from conftest import assert_every_packet_is_accounted_for, wait_until
from vrrp_peers import ADDRESSES, Keepalived, Vrrpd

pytestmark = pytest.mark.batond

BOX = """\
node: {{name: r1}}
api: {{socket: {state}/r1.sock, metrics: ""}}
dataplane: {{access_rows: 10000, packet_buffers: 16384}}
ports:
  - {{name: wan, device: "af_packet:wan", addresses: [192.0.2.11/24, "2001:db8:1::11/64"]}}
  - {{name: lan, device: "af_packet:lan", addresses: [10.0.0.11/24, "2001:db8:a::11/64"]}}
virtual_routers:
  - {{id: 1, port: lan, addresses: [{addresses}], version: {version}, priority: {priority}, advertise_every: {interval}{more}}}
"""
FAR = {"ipv4": "192.0.2.2", "ipv6": "2001:db8:1::2"}
VIRTUAL_MAC = {"ipv4": "00:00:5e:00:01:01", "ipv6": "00:00:5e:00:02:01"}


@pytest.fixture(scope="module")
def routers_lab():
    lab = Lab("routers", "baton-vr")
    try:
        lab.up(start_boxes=False)
        lab.run("peer", "sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")
        yield lab
    finally:
        lab.down()


class Box:
    def __init__(self, lab, family, version, interval, password=""):
        self.lab, self.family, self.version, self.interval, self.password = lab, family, version, interval, password
        self.batond = lab.boxes["r1"]

    def start(self, priority):
        quoted = ", ".join(f'"{a}"' for a in ADDRESSES[self.family])
        more = f", password: {self.password}" if self.password else ""
        self.batond.configuration.write_text(BOX.format(state=self.lab.state, addresses=quoted, version=self.version,
                                                        priority=priority, interval=self.interval, more=more))
        self.batond.start()

    def shown(self):
        return self.batond.ctl_json("show", "virtual-routers")

    def router(self):
        return self.shown()["virtual_routers"][0]

    def active(self):
        return self.router()["role"] == "active"


def gateway_mac(lab, family):
    gateway = ADDRESSES[family][-1]
    lab.run("e1", "ip", "neighbor", "flush", "all")
    lab.run("e1", "ping", "-c", "1", "-W", "2", gateway, check=False)
    found = re.search(r"lladdr (\S+)", lab.run("e1", "ip", "neighbor", "show", gateway))
    return found and found.group(1)


def passes(lab, family):
    """Whether what an end system sends reaches the other network through its gateway, whoever that is."""
    name = "IcmpInEchos" if family == "ipv4" else "Icmp6InEchos"

    def heard():
        return json.loads(lab.run("far", "nstat", "-asz", "--json"))["kernel"][name]
    before = heard()
    lab.run("e1", "ping", "-c", "1", "-W", "0.2", FAR[family], check=False)
    return heard() == before + 1


def only(one, other):
    return lambda: one.active() and not other.active()


def each_in_turn(lab, box, peer, takeover_s):
    """Who is stronger is active; the other takes over when it is killed, and gives way when it comes back."""
    family = box.family
    peer.start(100)
    assert wait_until(peer.active, takeover_s), peer.told()
    box.start(150)                                          # stronger: it preempts
    assert wait_until(only(box, peer), takeover_s), (box.shown(), peer.told())
    assert wait_until(lambda: passes(lab, family), 5)
    assert gateway_mac(lab, family) == VIRTUAL_MAC[family]
    box.batond.stop(signal.SIGKILL)
    assert wait_until(peer.active, takeover_s), peer.told()
    assert wait_until(lambda: passes(lab, family), 5)
    box.start(150)
    assert wait_until(only(box, peer), takeover_s)
    assert box.batond.stop() == 0                           # it resigns: nobody has to wait for a time-out
    assert wait_until(peer.active, 0.7 * takeover_s)
    box.start(50)                                           # weaker: it minds the other
    assert wait_until(lambda: int(box.router()["heard"]) > 2, takeover_s)
    assert only(peer, box)()
    assert wait_until(lambda: passes(lab, family), 5)
    peer.kill()
    assert wait_until(box.active, takeover_s), box.shown()
    assert wait_until(lambda: passes(lab, family), 5)
    assert gateway_mac(lab, family) == VIRTUAL_MAC[family]
    peer.start(100)
    assert wait_until(only(peer, box), takeover_s), (box.shown(), peer.told())
    assert box.router()["refused"] == [] and box.shown()["strays"] == []
    assert_every_packet_is_accounted_for(box.batond)


# Version 2 cannot advertise more often than once a second: one case, with its password.
@pytest.mark.parametrize("make, family, version, seconds, password", [
    (Keepalived, "ipv4", 3, "0.1", ""), (Keepalived, "ipv6", 3, "0.1", ""), (Keepalived, "ipv4", 2, "1", "s3cret"),
    (Vrrpd, "ipv4", 3, "0.1", ""), (Vrrpd, "ipv6", 3, "0.1", "")],
    ids=["keepalived-v3-ipv4", "keepalived-v3-ipv6", "keepalived-v2-password", "frr-ipv4", "frr-ipv6"])
def test_each_is_active_killed_and_preempted(routers_lab, make, family, version, seconds, password):
    """[VR-02] [VR-06] [VR-07]."""
    interval = f"{int(float(seconds) * 1000)}ms"
    box = Box(routers_lab, family, version, interval, password)
    peer = make(routers_lab, family, version, seconds, password)
    try:
        each_in_turn(routers_lab, box, peer, 4 * float(seconds) + 3)
        assert peer.complaints() == []
    finally:
        peer.stop()
        box.batond.stop()
