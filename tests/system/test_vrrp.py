"""Virtual routers: a box in one group with keepalived or with FRR, each in turn active, killed and preempted, while an end
system pings through its one default gateway."""

import json
import re
import signal
import subprocess

import pytest

from baton_lab.lab import Lab
from baton_lab.processes import Process
from conftest import assert_every_packet_is_accounted_for, wait_until

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
KEEPALIVED = """\
global_defs {{
  vrrp_version {version}
  vrrp_garp_master_delay 0
}}
vrrp_instance one {{
  state BACKUP
  interface lan
  virtual_router_id 1
  priority {priority}
  advert_int {interval}
{authentication}  virtual_ipaddress {{
{addresses}  }}
}}
"""
ADDRESSES = {"ipv4": ("10.0.0.1",), "ipv6": ("fe80::1", "2001:db8:a::1")}
FAR = {"ipv4": "192.0.2.2", "ipv6": "2001:db8:1::2"}
VIRTUAL_MAC = {"ipv4": "00:00:5e:00:01:01", "ipv6": "00:00:5e:00:02:01"}


class Keepalived:
    """On `peer`, without a virtual MAC address, as most people run it."""

    def __init__(self, lab, family, version, seconds, password=""):
        self.lab, self.family = lab, family
        self.version, self.seconds, self.password = version, seconds, password
        self.process = Process(lab.state, f"{lab.name}-peer", "keepalived")

    def start(self, priority):
        authentication = f"  authentication {{\n    auth_type PASS\n    auth_pass {self.password}\n  }}\n" if self.password else ""
        text = KEEPALIVED.format(version=self.version, priority=priority, interval=self.seconds,
                                 authentication=authentication,
                                 addresses="".join(f"    {a} dev lan\n" for a in ADDRESSES[self.family]))
        file = self.lab.state / "keepalived.conf"
        file.write_text(text)
        self.process.log.unlink(missing_ok=True)
        self.process.start("keepalived", "--dont-fork", "--log-console", "--log-detail", "--vrrp", "--use-file", str(file),
                           "--pid", str(self.lab.state / "keepalived.pid"),
                           "--vrrp_pid", str(self.lab.state / "keepalived-vrrp.pid"))
        self.process.wait_for("Startup complete", 10)

    def active(self):
        return ADDRESSES[self.family][-1] in self.lab.run("peer", "ip", "-brief", "address", "show", "dev", "lan").replace("/", " ").split()

    def kill(self):
        """Parent and child at once, as a crash: without a resignation. Its addresses go with the machine."""
        pids = [self.process.pid()] + [int((self.lab.state / "keepalived-vrrp.pid").read_text())]
        subprocess.run(["kill", "-KILL", *map(str, pids)], check=True)
        assert wait_until(lambda: self.process.pid() is None, 5)
        for file in self.lab.state.glob("keepalived*.pid"):
            file.unlink()
        for address in ADDRESSES[self.family]:
            self.lab.run("peer", "ip", "address", "delete", f"{address}/{'32' if self.family == 'ipv4' else '128'}",
                         "dev", "lan", check=False)

    def stop(self):
        self.process.stop()
        self.process.stop(signal.SIGKILL)

    def complaints(self):
        """What it says of advertisements that it does not like."""
        return [line for line in self.process.tail(400).splitlines()
                if re.search(r"checksum|incorrect|mismatch|invalid|wrong|unexpected|bogus|TTL|drop", line, re.IGNORECASE)]


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
    assert wait_until(peer.active, takeover_s), peer.process.tail()
    box.start(150)                                          # stronger: it preempts
    assert wait_until(only(box, peer), takeover_s), (box.shown(), peer.process.tail())
    assert wait_until(lambda: passes(lab, family), 5)
    assert gateway_mac(lab, family) == VIRTUAL_MAC[family]
    box.batond.stop(signal.SIGKILL)
    assert wait_until(peer.active, takeover_s), peer.process.tail()
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
    assert wait_until(only(peer, box), takeover_s), (box.shown(), peer.process.tail())
    assert box.router()["refused"] == [] and box.shown()["strays"] == []
    assert_every_packet_is_accounted_for(box.batond)


@pytest.mark.parametrize("family, version, seconds, password", [
    ("ipv4", 3, "0.1", ""), ("ipv6", 3, "0.1", ""), ("ipv4", 2, "1", ""), ("ipv4", 2, "1", "s3cret")],
    ids=["v3-ipv4", "v3-ipv6", "v2-ipv4", "v2-ipv4-password"])
def test_with_keepalived_each_is_active_killed_and_preempted(routers_lab, family, version, seconds, password):
    """[VR-02] [VR-06] [VR-07]."""
    interval = f"{int(float(seconds) * 1000)}ms"
    box = Box(routers_lab, family, version, interval, password)
    peer = Keepalived(routers_lab, family, version, seconds, password)
    try:
        each_in_turn(routers_lab, box, peer, 4 * float(seconds) + 3)
        assert peer.complaints() == []
    finally:
        peer.stop()
        box.batond.stop()
