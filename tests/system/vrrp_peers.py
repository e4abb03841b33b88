"""The other routers of a group with a box, on `peer`: keepalived, and FRR's vrrpd. start, active, kill, stop."""

import json
import re
import shutil
import signal
import subprocess

from baton_lab.processes import Process
from baton_lab.routing import DAEMONS
from conftest import wait_until

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
{more}  virtual_ipaddress {{
{addresses}  }}
}}
"""
ADDRESSES = {"ipv4": ("10.0.0.1",), "ipv6": ("fe80::1", "2001:db8:a::1")}


def ask_in_own_name(lab, does):
    """Whether `lan` asks for MAC addresses from its own address alone, as it has to beside a device with a virtual MAC
    address: who is asked from the virtual address takes the MAC address of `lan` for the gateway's."""
    lab.run("peer", "sysctl", "-qw", f"net.ipv4.conf.all.arp_announce={2 if does else 0}")


class Keepalived:
    """On `peer`, without a virtual MAC address, as most people run it."""

    has_virtual_mac = False
    device = "lan"    # has the virtual addresses
    instance = ""     # of its configuration, beside what all have

    def __init__(self, lab, family, version, seconds, password=""):
        self.lab, self.family = lab, family
        self.version, self.seconds, self.password = version, seconds, password
        self.process = Process(lab.state, f"{lab.name}-peer", "keepalived")

    def start(self, priority):
        authentication = f"  authentication {{\n    auth_type PASS\n    auth_pass {self.password}\n  }}\n" if self.password else ""
        text = KEEPALIVED.format(version=self.version, priority=priority, interval=self.seconds,
                                 more=self.instance + authentication,
                                 addresses="".join(f"    {a}\n" for a in ADDRESSES[self.family]))
        file = self.lab.state / "keepalived.conf"
        file.write_text(text)
        self.process.log.unlink(missing_ok=True)
        self.process.start("keepalived", "--dont-fork", "--log-console", "--log-detail", "--vrrp", "--use-file", str(file),
                           "--pid", str(self.lab.state / "keepalived.pid"),
                           "--vrrp_pid", str(self.lab.state / "keepalived-vrrp.pid"))
        self.process.wait_for("Startup complete", 10)

    def active(self):
        shown = self.lab.run("peer", "ip", "-brief", "address", "show", "dev", self.device, check=False)
        return ADDRESSES[self.family][-1] in shown.replace("/", " ").split()

    def kill(self):
        """Parent and child at once, as a crash: without a resignation. Its addresses go with the machine."""
        pids = [self.process.pid()] + [int((self.lab.state / "keepalived-vrrp.pid").read_text())]
        subprocess.run(["kill", "-KILL", *map(str, pids)], check=True)
        assert wait_until(lambda: self.process.pid() is None, 5)
        for file in self.lab.state.glob("keepalived*.pid"):
            file.unlink()
        self._clean_up()

    def _clean_up(self):
        for address in ADDRESSES[self.family]:
            self.lab.run("peer", "ip", "address", "delete", f"{address}/{'32' if self.family == 'ipv4' else '128'}",
                         "dev", "lan", check=False)

    def stop(self):
        self.process.stop()
        self.process.stop(signal.SIGKILL)

    def told(self):
        return self.process.tail()

    def complaints(self):
        """What it says of advertisements that it does not like."""
        return [line for line in self.process.tail(400).splitlines()
                if re.search(r"checksum|incorrect|mismatch|invalid|wrong|unexpected|bogus|TTL|drop", line, re.IGNORECASE)]


class KeepalivedVmac(Keepalived):
    """With `use_vmac`: advertises from, and is reached at, a macvlan device that has the virtual MAC address. A machine
    that crashes takes the device, and the nftables rules for it, with it."""

    has_virtual_mac = True
    device = "vrrp.1"
    instance = f"  use_vmac {device}\n"

    def start(self, priority):
        ask_in_own_name(self.lab, True)
        super().start(priority)

    def _clean_up(self):
        self.lab.run("peer", "ip", "link", "delete", self.device, check=False)
        self.lab.run("peer", "nft", "flush", "ruleset")

    def stop(self):
        super().stop()
        self._clean_up()
        ask_in_own_name(self.lab, False)


VRRPD = """\
interface lan
 vrrp 1 version 3
 vrrp 1 priority {priority}
 vrrp 1 advertisement-interval {milliseconds}
{addresses}
"""
DEVICE = "vrrp1"


class Vrrpd:
    """FRR's, version 3. It forwards through a macvlan device that has the virtual MAC address and the addresses, and that it
    shuts (protodown) while it is no active router."""

    has_virtual_mac = True

    def __init__(self, lab, family, version, seconds, password=""):
        assert version == 3 and not password    # it has no authentication; its version 2 is not asked for
        self.lab, self.family, self.seconds = lab, family, seconds
        self.folder = lab.state / "peer-frr"
        self.daemons = {name: Process(lab.state, f"{lab.name}-peer", f"peer-{name}") for name in ("zebra", "vrrpd")}

    def start(self, priority):
        self._add_device()
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        kind = "ip" if self.family == "ipv4" else "ipv6"
        (self.folder / "zebra.conf").write_text("")
        (self.folder / "vrrpd.conf").write_text(VRRPD.format(
            priority=priority, milliseconds=int(float(self.seconds) * 1000),
            addresses="\n".join(f" vrrp 1 {kind} {address}" for address in ADDRESSES[self.family])))
        shutil.chown(self.folder, "frr", "frr")    # the daemons become this user
        for name, daemon in self.daemons.items():
            daemon.log.unlink(missing_ok=True)
            daemon.start(str(DAEMONS / name), "--config_file", str(self.folder / f"{name}.conf"),
                         "--pid_file", str(self.folder / f"{name}.pid"), "--socket", str(self.folder / "zserv.api"),
                         "--vty_socket", str(self.folder), "--vty_port", "0", "--log", f"file:{self.folder}/{name}.log")
            assert wait_until((self.folder / f"{name}.vty").exists, 10), daemon.tail()

    def _add_device(self):
        """As FRR's manual has it; shut from the beginning, or else the kernel would answer for the addresses at once."""
        mac = f"00:00:5e:00:0{1 if self.family == 'ipv4' else 2}:01"
        # Only the interface that has an address answers for it: `lan` is silent about those of the device on it.
        self.lab.run("peer", "sysctl", "-qw", "net.ipv4.conf.all.arp_ignore=1")
        ask_in_own_name(self.lab, True)
        self.lab.run("peer", "ip", "link", "delete", DEVICE, check=False)
        self.lab.run("peer", "ip", "link", "add", DEVICE, "link", "lan", "address", mac, "type", "macvlan", "mode", "bridge")
        self.lab.run("peer", "ip", "link", "set", DEVICE, "addrgenmode", "random", check=False)
        self.lab.run("peer", "ip", "link", "set", DEVICE, "protodown", "on", check=False)
        self.lab.run("peer", "ip", "link", "set", DEVICE, "up")
        for address in ADDRESSES[self.family]:
            length = "32" if self.family == "ipv4" else "128"
            self.lab.run("peer", "ip", "address", "add", f"{address}/{length}", "dev", DEVICE)

    def shown(self):
        answer = self.lab.run("peer", "vtysh", "--vty_socket", str(self.folder), "-c", "show vrrp json", check=False)
        return json.loads(answer) if answer.strip() else []

    def active(self):
        return any(router["v4" if self.family == "ipv4" else "v6"]["status"] == "Master" for router in self.shown())

    def kill(self):
        """As a crash of the machine: its device goes, too."""
        for daemon in reversed(self.daemons.values()):
            daemon.stop(signal.SIGKILL)
        self.lab.run("peer", "ip", "link", "delete", DEVICE)

    def stop(self):
        for daemon in reversed(self.daemons.values()):
            daemon.stop()
        self.lab.run("peer", "ip", "link", "delete", DEVICE, check=False)
        self.lab.run("peer", "sysctl", "-qw", "net.ipv4.conf.all.arp_ignore=0")
        ask_in_own_name(self.lab, False)

    def complaints(self):
        text = (self.folder / "vrrpd.log").read_text()
        return [line for line in text.splitlines()
                if re.search(r"checksum|invalid|mismatch|malformed|discard|drop|ttl|hop limit", line, re.IGNORECASE)]

    def told(self):
        return f"{self.shown()}\n{self.daemons['vrrpd'].tail()}"
