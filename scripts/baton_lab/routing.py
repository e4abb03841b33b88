"""FRR in a host: zebra and bgpd without systemd, with files of their own, so that any number of hosts run one each."""

import json
import shutil
import time
from pathlib import Path

from .commands import LabError, run
from .processes import Process

DAEMONS = Path("/usr/lib/frr")
BGPD = """\
router bgp {own}
 bgp router-id {router}
 no bgp ebgp-requires-policy
 no bgp network import-check
{neighbors} address-family ipv4 unicast
  network {network_v4}
 exit-address-family
 address-family ipv6 unicast
  network {network_v6}
{activations} exit-address-family
"""
# A second for keepalives, three until a session is given up: what a busy operator would dare.
NEIGHBOR = """\
 neighbor {address} remote-as {number}
 neighbor {address} timers 1 3
 neighbor {address} timers connect 1
"""


class Router:
    """Speaks BGP with `neighbors`, (address, AS number) pairs, and announces two networks."""

    def __init__(self, state, namespace, host, own, router, neighbors, networks):
        self.namespace = namespace
        self.folder = Path(state) / f"{host}-frr"
        self.daemons = {name: Process(state, namespace, f"{host}-{name}") for name in ("zebra", "bgpd")}
        network_v4, network_v6 = networks
        self.configuration = BGPD.format(
            own=own, router=router, network_v4=network_v4, network_v6=network_v6,
            neighbors="".join(NEIGHBOR.format(address=address, number=number) for address, number in neighbors),
            activations="".join(f"  neighbor {address} activate\n" for address, _ in neighbors if ":" in address))

    def start(self, timeout_s=10.0):
        if not (DAEMONS / "bgpd").exists():
            raise LabError(f"{DAEMONS}/bgpd does not exist: run scripts/setup")
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "zebra.conf").write_text("")
        (self.folder / "bgpd.conf").write_text(self.configuration)
        shutil.chown(self.folder, "frr", "frr")    # the daemons become this user
        for name, daemon in self.daemons.items():
            folder = self.folder
            daemon.start(str(DAEMONS / name), "--config_file", str(folder / f"{name}.conf"),
                         "--pid_file", str(folder / f"{name}.pid"), "--socket", str(folder / "zserv.api"),
                         "--vty_socket", str(folder), "--vty_port", "0", "--log", f"file:{folder}/{name}.log")
            self._wait_for(folder / f"{name}.vty", daemon, timeout_s)

    def _wait_for(self, path, daemon, timeout_s):
        deadline = time.monotonic() + timeout_s
        while not path.exists():
            if daemon.pid() is None or time.monotonic() > deadline:
                raise LabError(f"{daemon.name} does not start:\n{daemon.tail()}")
            time.sleep(0.05)

    def stop(self):
        for daemon in reversed(self.daemons.values()):
            daemon.stop()

    def sessions(self):
        """The state of each neighbour, by its address."""
        answer = run("ip", "netns", "exec", self.namespace, "vtysh", "--vty_socket", str(self.folder), "-c",
                     "show bgp summary json")
        families = json.loads(answer).values()
        return {address: peer for family in families for address, peer in family.get("peers", {}).items()}
