"""baton-gen around routers that share their load (topology `sharing`): many end systems with MAC addresses of their own on
`lan`, a server on `wan`, and a ledger of every packet between them."""

import json
import subprocess

from .balancer import program
from .commands import LabError

SERVER = {"ipv4": ("192.0.2.100", "192.0.2.100:7"), "ipv6": ("2001:db8:1::100", "[2001:db8:1::100]:7")}
GATEWAYS = {"ipv4": ("10.0.0.1", "192.0.2.1"), "ipv6": ("2001:db8:a::1", "2001:db8:1::1")}

PACKETS = 15    # of a connection of `web`


def end_systems(count, family="ipv4"):
    """Their addresses; up to 150."""
    return [f"10.0.0.{100 + n}" if family == "ipv4" else f"2001:db8:a::{0x100 + n:x}" for n in range(count)]


def known(count):
    """They are configured, and no other host of `lan` that happens to send is one."""
    return {"end_systems": end_systems(count), "discovery": ["static"]}


def profile(duration_s, count=60, rate=3000, family="ipv4"):
    """A flow of each end system, in turn; the way back is through the active router alone."""
    addresses = end_systems(count, family)
    server, to = SERVER[family]
    gateways = GATEWAYS[family]
    return json.dumps({
        "ports": [
            {"name": "lan", "device": "af_packet:lan", "role": "clients", "addresses": f"{addresses[0]}-{addresses[-1]}",
             "macs": "own", "gateway": gateways[0]},
            {"name": "wan", "device": "af_packet:wan", "role": "servers", "addresses": [server], "gateway": gateways[1]}],
        "duration": f"{duration_s}s",
        "flows": [{"name": "echo", "protocol": "udp", "to": to, "count": count, "rate": rate, "size": 128}],
        "limits": {"lost": 0, "duplicated": 0}})


def web(duration_s, count=60, rate=200):
    """So many connections a second, of each end system in turn: of five requests, of PACKETS packets, of a few ms."""
    return json.dumps(json.loads(profile(duration_s, count)) | {
        "flows": [{"name": "web", "protocol": "tcp", "to": SERVER["ipv4"][1], "count": 20 * count, "rate": rate,
                   "requests": 5, "activity": "in_turn"}]})


def warm_up(lab, count=60, family="ipv4"):
    """A second of few packets: the boxes learn the server's MAC address, for which at most 16 packets may wait."""
    Ledger(lab, profile(1, count, 3 * count, family)).report()


def start_generator(lab, text):
    """baton-gen with a profile, on the host `gen`: the process, and the file that it will report in."""
    written, report = lab.state / "profile.yaml", lab.state / "report.json"
    report.unlink(missing_ok=True)
    written.write_text(text)
    command = (*lab.enter("gen"), str(program("baton-gen")), "--report", str(report), str(written))
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True), report


class Ledger:
    """A run of baton-gen that has begun to send. `stop` ends the sending before its time."""

    def __init__(self, lab, text):
        self.process, self.file = start_generator(lab, text)
        self.said = self.process.stderr.readline()    # of the first second

    def stop(self):
        self.process.terminate()

    def report(self):
        self.said += self.process.stderr.read()
        self.process.wait(timeout=60)
        if not self.file.exists():
            raise LabError(f"baton-gen has not reported: {self.said}")
        return json.loads(self.file.read_text())
