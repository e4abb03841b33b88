"""scripts/bench reference: the same profile against batond and its references on this machine, in turn.

The references are the kernel's forwarding with nftables NAT, and dpdk-testpmd, which swaps the MAC addresses of what
it receives and sends it back: the ceiling of these wires. Prints a JSON object for each run and, in the end, the ratios.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

from .balancer import BALANCERS, SOURCE, eal_arguments, program
from .commands import LabError, run
from .lab import Lab
from .processes import Process

PROFILE = SOURCE / "conf" / "gen" / "reference.yaml"
LAB = "baton-reference"
GATEWAY = "192.0.2.1/24"  # of the profile's clients


class Testpmd:
    """Sends back what comes in on `wan`. The kernel answers for the address, and drops the rest early."""

    def __init__(self, state, lab, host):
        self.host = host
        self.name = host.name
        self.namespace = f"{lab}-{host.name}"
        self.process = Process(state, self.namespace, host.name)

    def prepare(self):
        rules = ("table netdev quiet {\nchain wan {\n type filter hook ingress device wan priority 0;\n"
                 " ip protocol udp drop\n}\n}\n")
        run("ip", "-n", self.namespace, "address", "add", GATEWAY, "dev", "wan")
        run("ip", "netns", "exec", self.namespace, "nft", "-f", "-", text=rules)

    def start(self):
        rings = "blocksz=8192,framesz=2048,framecnt=2048"  # as batond's
        with eal_arguments(self.namespace) as memory:
            self.process.start("dpdk-testpmd", *memory, f"--vdev=net_af_packet0,iface=wan,{rings}", "--",
                               "--forward-mode=macswap", "--auto-start", "--stats-period=3600",
                               "--total-num-mbufs=32768")
            self.process.wait_for("macswap packet forwarding", 30)

    def stop(self):
        return self.process.stop()


TARGETS = {"batond": BALANCERS["batond"], "nftables": BALANCERS["nftables"], "testpmd": Testpmd}


def profile_for(target, seconds, rate):
    text = PROFILE.read_text().replace("duration: 5s", f"duration: {seconds}s").replace("rate: max", f"rate: {rate}")
    if target == "testpmd":  # the requests themselves come back
        text = "".join(line for line in text.splitlines(keepends=True) if "role: servers" not in line)
    return text


def measure(target, seconds, rate):
    lab = Lab("generator", LAB, target)
    try:
        lab.up()
        profile, report = lab.state / "reference.yaml", lab.state / "report.json"
        profile.write_text(profile_for(target, seconds, rate))
        command = (program("baton-gen"), "--quiet", "--report", report, profile)
        subprocess.run([*lab.enter("gen"), *map(str, command)], stderr=subprocess.DEVNULL, timeout=seconds + 60)
        found = json.loads(report.read_text())
    finally:
        lab.down()
    if "failure" in found:
        raise LabError(f"{target}: {found['failure']}")
    (flows,) = found["classes"]
    answered = flows["responses"]["arrived"] / found["sending_seconds"]
    sent = flows["requests"]["sent"]
    return {"bench": "reference", "target": target, "offered_per_second": sent / found["sending_seconds"],
            "answered_per_second": answered, "lost_share": 1 - flows["responses"]["arrived"] / sent,
            "round_trip_p50_us": flows["round_trip_us"]["p50"], "round_trip_p99_us": flows["round_trip_us"]["p99"]}


def ratios(runs):
    """batond over each reference, run by run: the machine's own pace falls out of what ran one after the other."""
    for reference in ("nftables", "testpmd"):
        of = sorted(batond["answered_per_second"] / other["answered_per_second"]
                    for batond, other in zip(runs["batond"], runs[reference]))
        yield {"bench": "reference", "ratio": f"batond/{reference}", "median": statistics.median(of),
               "least": of[0], "most": of[-1], "runs": len(of)}


def plot(runs, path):
    """A bar for each target: the median of the answers a second, a line from the least to the most."""
    values = {target: sorted(r["answered_per_second"] for r in found) for target, found in runs.items()}
    scale = 400 / max(found[-1] for found in values.values())
    parts = []
    for row, (target, found) in enumerate(values.items()):
        y, median = 20 + row * 40, statistics.median(found)
        parts.append(f'<text x="90" y="{y + 16}" text-anchor="end">{target}</text>'
                     f'<rect x="100" y="{y}" width="{median * scale:.0f}" height="24" fill="#4477aa"/>'
                     f'<path d="M{100 + found[0] * scale:.0f} {y + 12}H{100 + found[-1] * scale:.0f}" stroke="#222"/>'
                     f'<text x="{108 + found[-1] * scale:.0f}" y="{y + 16}">{median / 1000:.0f}k/s</text>')
    height = 30 + len(values) * 40
    path.write_text(f'<svg xmlns="http://www.w3.org/2000/svg" width="600" height="{height}" font-family="sans-serif" '
                    f'font-size="13"><rect width="600" height="{height}" fill="#fff"/>{"".join(parts)}</svg>\n')


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench reference", description=__doc__)
    parser.add_argument("runs", nargs="?", type=int, default=5, help="of each target, in turn (5)")
    parser.add_argument("--seconds", type=int, default=5, help="that each run sends (5)")
    parser.add_argument("--rate", default="max", help="requests a second, as in a profile (max)")
    parser.add_argument("--out", type=Path, default=program("baton-gen").parents[1],
                        help="folder for reference.json and reference.svg (the build folder)")
    arguments = parser.parse_args()
    if os.geteuid() != 0:
        parser.error("the lab makes network namespaces: run it as root")
    BALANCERS["testpmd"] = Testpmd
    runs = {target: [] for target in TARGETS}
    try:
        for _ in range(arguments.runs):
            for target, found in runs.items():
                found.append(measure(target, arguments.seconds, arguments.rate))
                print(json.dumps(found[-1]), flush=True)
    except (LabError, subprocess.TimeoutExpired) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    compared = list(ratios(runs))
    for line in compared:
        print(json.dumps(line))
    (arguments.out / "reference.json").write_text(json.dumps({"runs": runs, "ratios": compared}, indent=2) + "\n")
    plot(runs, arguments.out / "reference.svg")
    return 0


if __name__ == "__main__":
    sys.exit(main())
