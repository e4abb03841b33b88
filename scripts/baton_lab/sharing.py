"""Three routers of the topology `sharing` that are one gateway and all forward: their configuration, and what they say of
their load sharing. For tests/system and for `scripts/bench hand-over`."""

import json
import re
import signal
import time
from concurrent.futures import ThreadPoolExecutor

from .balancer import program
from .commands import LabError
from .processes import Process

ADDRESSES = ["10.0.0.11", "10.0.0.12", "10.0.0.13"]
LINK_LOCAL = [f"fe80::ff:fe00:{0x200 + 10 + n:x}" for n in (1, 2, 3)]
UNITS = {"ipv4": ADDRESSES, "ipv6": LINK_LOCAL}
GATEWAYS = {"ipv4": ["10.0.0.1"], "ipv6": ["fe80::1", "2001:db8:a::1"]}
SERVER = "10.0.0.20"
FAR = "192.0.2.2"
ADVERTISE_MS = 100


def until(condition, limit_s, what):
    """Waits for the condition and returns what it said; `what` may be a function of what is wrong."""
    deadline = time.monotonic() + limit_s
    while not (said := condition()):
        if time.monotonic() > deadline:
            raise LabError(f"not within {limit_s} s: {what() if callable(what) else what}")
        time.sleep(0.05)
    return said


SHARING = {"key": "a secret of the three", "average_over": "1s"}


def lan_group(sharing, priority=200, family="ipv4"):
    """The gateway of `lan`, which the routers share."""
    if family == "ipv6":    # the global addresses solicit neighbours, too
        sharing = {"other_routers": [f"2001:db8:a::{10 + n}" for n in (1, 2, 3)], **sharing}
    return {"id": 1, "port": "lan", "addresses": GATEWAYS[family], "priority": priority,
            "advertise_every": f"{ADVERTISE_MS}ms", "load_sharing": {"routers": UNITS[family], **SHARING, **sharing}}


def wan_group(priority=200, family="ipv4"):
    """The way back, through the active router alone."""
    addresses = ["192.0.2.1"] if family == "ipv4" else ["fe80::2:1", "2001:db8:1::1"]
    return {"id": 2, "port": "wan", "addresses": addresses, "priority": priority,
            "advertise_every": f"{ADVERTISE_MS}ms"}


def port(name, addresses, number):
    """Its MAC address is fixed, and so its link-local address is: fe80::ff:fe00:NUMBER."""
    return {"name": name, "device": f"af_packet:{name}", "addresses": addresses,
            "mac": f"02:00:00:00:{number >> 8:02x}:{number & 255:02x}"}


def configuration(box, ports, groups, **more):
    """A configuration is YAML, and JSON is."""
    return json.dumps({
        "node": {"name": box.name},
        "api": {"socket": str(box.socket), "metrics": ""},
        "dataplane": {"access_rows": 10000, "packet_buffers": 16384},
        "ports": ports, "virtual_routers": groups, **more}, indent=1)


def router_ports(number):
    host = 10 + number
    return [port("wan", [f"192.0.2.{host}/24", f"2001:db8:1::{host}/64"], 0x100 + host),
            port("lan", [f"10.0.0.{host}/24", f"2001:db8:a::{host}/64"], 0x200 + host)]


class Routers:
    """The boxes r1, r2 and r3; r1 has the highest priority."""

    def __init__(self, lab):
        self.lab = lab
        self.boxes = [lab.boxes[f"r{n}"] for n in (1, 2, 3)]

    def start(self, groups=None, **sharing):
        """`groups(priority)`: the virtual routers of a box; by default those of both networks, with load sharing `sharing`
        in `lan`."""
        groups = groups or (lambda priority: [lan_group(sharing, priority), wan_group(priority)])
        for number, box in enumerate(self.boxes, 1):
            box.configuration.write_text(configuration(box, router_ports(number), groups(250 - 50 * number)))
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda box: box.start(), self.boxes))
        until(lambda: group(self.boxes[0])["role"] == "active", 5, "r1 is active")

    def stop(self):
        for box in self.boxes:
            box.stop(signal.SIGKILL)

    def wait_until_shared(self, end_systems, limit_s=20, number=1):
        """Until all boxes agree that each has a good part of so many end systems, and nothing changes hands."""
        least = end_systems // len(self.boxes) // 2

        def shared():
            told = [in_charge(box, number) for box in self.boxes]
            return (told.count(told[0]) == len(told) and sum(told[0].values()) == end_systems
                    and min(told[0].values()) >= max(least, 1) and all(settled(box, number) for box in self.boxes))
        until(shared, limit_s,
              lambda: f"{end_systems} end systems are shared: {[in_charge(box, number) for box in self.boxes]}")

    def move_all_to(self, unit, limit_s=10):
        """Has those that are not there handed over to a router, once all boxes have done with what was before; how many."""
        until(lambda: all(settled(box) for box in self.boxes), limit_s, "no hand-over is under way")
        deadline = time.monotonic() + limit_s
        while True:
            try:
                said = self.boxes[0].ctl("virtual-router", "1", "move", "all", unit)
                return int(re.search(r"moved: (\d+)", said).group(1))
            except LabError as refused:
                if "ask again soon" not in str(refused) or time.monotonic() > deadline:
                    raise

    def hand_overs(self):
        return sum(int(sharing(box)["hand_overs_taken"]) for box in self.boxes if box.process.pid())


class Server:
    """The substitution server of the routers of `lan`, on the host `server`."""

    def __init__(self, lab, **sharing):
        shared = lan_group({"server": SERVER, **sharing})
        del shared["port"], shared["priority"]
        text = {"interface": "lan", "virtual_routers": [shared]}
        self.configuration = lab.state / "controller.yaml"
        self.configuration.write_text(json.dumps(text))
        self.process = Process(lab.state, f"{lab.name}-server", "controller")

    def start(self):
        self.process.log.unlink(missing_ok=True)
        self.process.start(str(program("baton-controller")), "--config", str(self.configuration))
        self.process.wait_for("baton-controller ready", 5)

    def allocations(self):
        return len(re.findall(r"allocation \d+: \d+ end systems change", self.process.log.read_text()))


def group(box, number=1):
    return next(r for r in box.ctl_json("show", "virtual-routers")["virtual_routers"] if r["id"] == number)


def sharing(box, number=1):
    return group(box, number)["load_sharing"]


def settled(box, number=1):
    return sharing(box, number)["settled"]


def in_charge(box, number=1):
    """How many end systems each router is in charge of, as the box knows it."""
    return {unit["address"]: int(unit["end_systems"]) for unit in sharing(box, number)["units"]}


def forwarded(box, port="wan"):
    """Packets that the box has sent from the port."""
    return int(next(p for p in box.ctl_json("show", "ports")["ports"] if p["name"] == port)["sent"])
