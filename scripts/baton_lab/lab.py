"""A whole lab: its hosts, what runs on them, and the way back to nothing. State lives in /run/LAB."""

import os
import shutil
from pathlib import Path

from . import network
from .balancer import BALANCERS
from .commands import LabError, run
from .servers import Backend
from .topology import TOPOLOGIES

DEFAULT_NAME = "baton-lab"


class Lab:
    def __init__(self, topology="nat", name=DEFAULT_NAME, balancer="batond"):
        if topology not in TOPOLOGIES:
            raise LabError(f"topology {topology!r} is none of {', '.join(TOPOLOGIES)}")
        self.name = name
        self.topology = TOPOLOGIES[topology]
        self.balancer = balancer
        self.state = Path("/run") / name
        make_box = BALANCERS[balancer]
        self.boxes = {h.name: make_box(self.state, name, h) for h in self.topology.of_role("box")}
        self.backends = {h.name: Backend(self.state, name, h) for h in self.topology.of_role("backend")}

    @classmethod
    def of_state(cls, name=DEFAULT_NAME):
        """The lab that is up, or None."""
        try:
            topology, balancer = (Path("/run") / name / "lab").read_text().split()
        except FileNotFoundError:
            return None
        return cls(topology, name, balancer)

    def up(self, start_boxes=True):
        """Builds everything anew; what was there before, whole or in ruins, is removed first."""
        if os.geteuid() != 0:
            raise LabError("the lab makes network namespaces: run it as root")
        self.down()
        self.state.mkdir(parents=True)
        (self.state / "lab").write_text(f"{self.topology.name} {self.balancer}\n")
        try:
            network.build(self.name, self.topology)
            for backend in self.backends.values():
                backend.start()
            for box in self.boxes.values():
                box.prepare()
                if start_boxes:
                    box.start()
            for backend in self.backends.values():
                backend.wait_until_listening()
        except BaseException:
            self.down()
            raise

    def down(self):
        network.remove(self.name)
        for folder in Path("/var/run/dpdk").glob(f"{self.name}-*"):
            shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(self.state, ignore_errors=True)

    def enter(self, host):
        """The beginning of a command that runs in the host."""
        return ("ip", "netns", "exec", f"{self.name}-{host}")

    def run(self, host, *command, **options):
        return run(*self.enter(host), *command, **options)

    def status(self):
        lines = [f"lab {self.name}, topology {self.topology.name}, balancer {self.balancer}, state {self.state}"]
        for host in self.topology.hosts:
            running = []
            if host.name in self.boxes and self.balancer == "batond":
                running = [self.boxes[host.name].process]
            elif host.name in self.backends:
                backend = self.backends[host.name]
                running = [backend.nginx, backend.echo, backend.iperf]
            told = ", ".join(f"{p.name} {'pid ' + str(p.pid()) if p.pid() else 'not running'}" for p in running)
            addresses = " ".join(a for i in host.interfaces for a in i.addresses)
            lines.append(f"  {self.name + '-' + host.name:20} {host.role:8} {addresses:40} {told}".rstrip())
        return "\n".join(lines)
