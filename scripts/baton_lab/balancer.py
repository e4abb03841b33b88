"""The box: batond in its namespace, or in its place the kernel's own NAT (`--balancer nftables`), which tells a fault
of the lab from a fault of batond."""

import json
import os
import signal
import threading
from contextlib import contextmanager
from pathlib import Path

from . import network
from .commands import LabError, run
from .processes import Process

SOURCE = Path(__file__).resolve().parents[2]
MEMORY_MB = 512


def program(name):
    """batond and batonctl from the build folder, or the one that BATON_BUILD names."""
    return SOURCE / os.environ.get("BATON_BUILD", "build") / "programs" / name


def hugepages_free_mb():
    fields = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines())
    return int(fields.get("HugePages_Free", "0")) * int(fields.get("Hugepagesize", "0 kB").split()[0]) // 1024


starting_with_hugepages = 0
counting = threading.Lock()


@contextmanager
def eal_arguments(prefix):
    """For a program until it has its memory. Boxes are started at the same time: what one will take is not free."""
    global starting_with_hugepages
    with counting:
        huge = hugepages_free_mb() >= MEMORY_MB * (1 + starting_with_hugepages)
        starting_with_hugepages += huge
    memory = ["--huge-unlink"] if huge else ["--no-huge", "--no-shconf"]
    try:
        yield [*memory, "--no-pci", "-m", str(MEMORY_MB), "--file-prefix", prefix]
    finally:
        with counting:
            starting_with_hugepages -= huge


class Batond:
    def __init__(self, state, lab, host):
        self.host = host
        self.name = host.name
        self.state = Path(state)
        self.namespace = f"{lab}-{host.name}"
        self.socket = self.state / f"{host.name}.sock"
        self.configuration = self.state / f"{host.name}.yaml"
        self.process = Process(state, self.namespace, host.name)

    def prepare(self):
        network.silence_kernel(self.namespace, [interface.segment for interface in self.host.interfaces])
        text = (SOURCE / "conf" / "lab" / self.host.configuration).read_text()
        # The samples name the default lab's folder.
        self.configuration.write_text(text.replace("/run/baton-lab/", f"{self.state}/"))

    def start(self, timeout_s=60.0):
        if not program("batond").exists():
            raise LabError(f"{program('batond')} does not exist: build first (scripts/demo does)")
        self.process.log.unlink(missing_ok=True)
        with eal_arguments(self.namespace) as memory:
            self.process.start(str(program("batond")), "--config", str(self.configuration), "--", *memory)
            self.process.wait_for("batond ready", timeout_s)

    def stop(self, sign=signal.SIGTERM, timeout_s=5.0):
        return self.process.stop(sign, timeout_s)

    def ctl(self, *verb):
        """batonctl's answer as text."""
        return run(str(program("batonctl")), "--socket", str(self.socket), *verb)

    def ctl_json(self, *verb):
        return json.loads(self.ctl("--json", *verb))


class KernelStandIn:
    """Answers on the addresses of conf/lab/nat.yaml with nftables. Knows no commands; for the `nat` topology only."""

    def __init__(self, state, lab, host):
        self.host = host
        self.name = host.name
        self.namespace = f"{lab}-{host.name}"

    def prepare(self):
        if self.host.configuration != "nat.yaml":
            raise LabError("the nftables stand-in knows the topology `nat` only")

    def start(self):
        enter = ("ip", "netns", "exec", self.namespace)
        run(*enter, "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=0", "net.ipv6.conf.wan.disable_ipv6=0",
            "net.ipv6.conf.lan.disable_ipv6=0", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")
        network.give_addresses(self.namespace, self.host)
        for interface, address in (("wan", "192.0.2.10/32"), ("wan", "2001:db8:1::10/128"),
                                   ("lo", "198.51.100.20/32"), ("lo", "2001:db8:51::20/128"),
                                   ("lan", "10.0.0.100/32"), ("lan", "2001:db8:a::100/128")):
            nodad = ["nodad"] if ":" in address else []
            run("ip", "-n", self.namespace, "address", "add", address, "dev", interface, *nodad)
        run(*enter, "nft", "-f", str(Path(__file__).with_name("stand_in.nft")))

    def stop(self, sign=signal.SIGTERM, timeout_s=5.0):
        run("ip", "netns", "exec", self.namespace, "nft", "flush", "ruleset")
        return 0


BALANCERS = {"batond": Batond, "nftables": KernelStandIn}
