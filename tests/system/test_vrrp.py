"""Virtual routers: a box in one group with keepalived or with FRR, each in turn active, killed and preempted, while an end
system pings through its one default gateway."""

import json
import re
import signal

import pytest

from baton_lab.lab import Lab
from conftest import assert_every_packet_is_accounted_for, wait_until
from vrrp_messages import EXTENSION, refusals, send
from vrrp_peers import ADDRESSES, Keepalived, KeepalivedVmac, Vrrpd

pytestmark = pytest.mark.batond

BOX = """\
node: {{name: {name}}}
api: {{socket: {state}/{name}.sock, metrics: ""}}
dataplane: {{access_rows: 10000, packet_buffers: 16384}}
ports:
  - {{name: wan, device: "af_packet:wan", addresses: [192.0.2.{host}/24, "2001:db8:1::{host}/64"]}}
  - {{name: lan, device: "af_packet:lan", addresses: [10.0.0.{host}/24, "2001:db8:a::{host}/64"]}}
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
    def __init__(self, lab, family, version, interval, password="", name="r1"):
        self.lab, self.family, self.version, self.interval, self.password = lab, family, version, interval, password
        self.batond = lab.boxes[name]

    def start(self, priority, track=""):
        quoted = ", ".join(f'"{a}"' for a in ADDRESSES[self.family])
        more = f", password: {self.password}" if self.password else ""
        more += f", track: {track}" if track else ""
        self.batond.configuration.write_text(BOX.format(
            name=self.batond.name, host=10 + int(self.batond.name[1:]), state=self.lab.state, addresses=quoted,
            version=self.version, priority=priority, interval=self.interval, more=more))
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
    assert (gateway_mac(lab, family) == VIRTUAL_MAC[family]) == peer.has_virtual_mac
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
    (KeepalivedVmac, "ipv4", 3, "0.1", ""), (KeepalivedVmac, "ipv6", 3, "0.1", ""),
    (Vrrpd, "ipv4", 3, "0.1", ""), (Vrrpd, "ipv6", 3, "0.1", "")],
    ids=["keepalived-v3-ipv4", "keepalived-v3-ipv6", "keepalived-v2-password", "keepalived-vmac-ipv4",
         "keepalived-vmac-ipv6", "frr-ipv4", "frr-ipv6"])
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


def test_a_link_that_is_down_makes_the_other_box_take_over(routers_lab):
    """Tracking: `wan` of the stronger box goes down, and the other takes the role on `lan`; it gives it back afterwards."""
    lab = routers_lab
    strong, weak = Box(lab, "ipv4", 3, "100ms"), Box(lab, "ipv4", 3, "100ms", name="r2")
    try:
        strong.start(150, track="[{port: wan, lower_by: 100}]")
        weak.start(100)
        assert wait_until(only(strong, weak), 5)
        lab.run("switch", "ip", "link", "set", "wan-r1", "down")    # the other end of the wire
        assert wait_until(only(weak, strong), 5), strong.shown()
        told = strong.batond.ctl("show", "events")
        assert "priority 150 -> 50" in told and "active -> backup, active is 10.0.0.12" in told, told
        assert int(strong.router()["priority"]) == 50 and int(strong.router()["configured_priority"]) == 150
        assert wait_until(lambda: passes(lab, "ipv4"), 5)
        lab.run("switch", "ip", "link", "set", "wan-r1", "up")
        assert wait_until(only(strong, weak), 5), strong.shown()
        assert wait_until(lambda: passes(lab, "ipv4"), 5)
        for box in (strong, weak):
            assert_every_packet_is_accounted_for(box.batond)
    finally:
        lab.run("switch", "ip", "link", "set", "wan-r1", "up")
        strong.batond.stop()
        weak.batond.stop()


@pytest.mark.parametrize("ours", ["backup", "active"])
def test_keepalived_ignores_types_2_to_8(routers_lab, ours):
    """[VR-09]: a stronger router's messages of other types than 1 change nobody's role, whichever of the two is active. The
    box, which shares no load here, counts each of them. One at a time: an active keepalived 2.2.7 begins its interval anew
    with each packet that it refuses, so that a stream of them would silence it."""
    lab = routers_lab
    box = Box(lab, "ipv4", 3, "100ms")
    peer = Keepalived(lab, "ipv4", 3, "0.1")

    def adverts():
        return int(box.router()["heard"]) + int(box.router()["sent"])
    try:
        peer.start(100)
        box.start(150 if ours == "active" else 50)
        assert wait_until(lambda: peer.active() != box.active() and box.router()["role"] == ours, 8), peer.told()
        before, became = refusals(box.batond), (box.router()["became_active"], peer.told().count("Entering"))
        for message in EXTENSION.values():
            seen = adverts()
            send(lab, message)
            assert wait_until(lambda: adverts() > seen + 1, 3)
        assert sum(refusals(box.batond).values()) == sum(before.values()) + len(EXTENSION), box.shown()
        assert box.router()["role"] == ours and peer.active() == (ours == "backup")
        assert (box.router()["became_active"], peer.told().count("Entering")) == became, peer.told()
        assert_every_packet_is_accounted_for(box.batond)
    finally:
        peer.stop()
        box.batond.stop()
