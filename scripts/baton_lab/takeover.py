"""scripts/bench takeover: for how long an end system's packets stop when the active router is killed.

Two boxes of the topology `routers` are the gateways of both networks; e1 sends numbered datagrams to `far` through them,
the active box is killed with -9, the other takes over. The killed one comes back as the backup and is the next one's
heir: neither preempts. Prints a JSON object for each run and, in the end, one of all."""

import argparse
import json
import math
import signal
import subprocess
import sys
import time
from pathlib import Path

from .commands import LabError
from .lab import Lab

LAB = "baton-takeover"
BOX = """\
node: {{name: {name}}}
api: {{socket: {state}/{name}.sock, metrics: ""}}
dataplane: {{access_rows: 10000, packet_buffers: 16384}}
ports:
  - {{name: wan, device: "af_packet:wan", addresses: [192.0.2.{host}/24]}}
  - {{name: lan, device: "af_packet:lan", addresses: [10.0.0.{host}/24]}}
virtual_routers:
  - {{id: 1, port: lan, addresses: [10.0.0.1], advertise_every: {ms}ms, preempt: false}}
  - {{id: 2, port: wan, addresses: [192.0.2.1], advertise_every: {ms}ms, preempt: false}}
"""
FAR, PORT = "192.0.2.2", 7007
STREAM = Path(__file__).with_name("udp_stream.py")


def until(condition, limit_s, what):
    deadline = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > deadline:
            raise LabError(f"not within {limit_s} s: {what}")
        time.sleep(0.02)


class Pair:
    """The two boxes: `up` once, then `kill_active` as often as wanted."""

    def __init__(self, lab, interval_ms):
        self.lab, self.interval_ms = lab, interval_ms
        self.boxes = [lab.boxes["r1"], lab.boxes["r2"]]
        self.patience_s = 5 * interval_ms / 1000 + 5

    def up(self):
        for number, box in enumerate(self.boxes, 11):
            box.configuration.write_text(BOX.format(name=box.name, state=self.lab.state, host=number, ms=self.interval_ms))
            box.start()
            first = self.boxes[0]
            until(lambda: self.roles(first) == ["active", "active"], self.patience_s, "the first box is active")
        until(lambda: self.roles(self.boxes[1]) == ["backup", "backup"], self.patience_s, "the second is its backup")

    def down(self):
        for box in self.boxes:
            box.stop(signal.SIGKILL)

    @staticmethod
    def roles(box):
        return [router["role"] for router in box.ctl_json("show", "virtual-routers")["virtual_routers"]]

    def run(self, rate):
        """One take-over, as far sees it."""
        active, backup = self.boxes
        receiver = subprocess.Popen([*self.lab.enter("far"), sys.executable, str(STREAM), "receive", str(PORT)], text=True,
                                    stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        receiver.stdout.readline()
        sender = subprocess.Popen([*self.lab.enter("e1"), sys.executable, str(STREAM), "send", FAR, str(PORT), str(rate)])
        try:
            time.sleep(0.5)
            active.stop(signal.SIGKILL)
            until(lambda: self.roles(backup) == ["active", "active"], self.patience_s, "the backup is active")
            time.sleep(0.3)
        finally:
            sender.kill()
            sender.wait()
            told, _ = receiver.communicate("\n")
        active.start()
        until(lambda: self.roles(active) == ["backup", "backup"], self.patience_s, "it is the backup when it comes back")
        self.boxes.reverse()
        return json.loads(told)


def quantile(values, share):
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def summary(runs, interval_ms, rate):
    gaps = [run["longest_gap_ms"] for run in runs]
    lost = [sum(last - first + 1 for first, last in run["missing"]) for run in runs]
    return {"interval_ms": interval_ms, "rate": rate, "runs": len(runs), "limit_ms": 4.5 * interval_ms + 20,
            "gap_p50_ms": quantile(gaps, 0.5), "gap_p99_ms": quantile(gaps, 0.99), "gap_max_ms": max(gaps),
            "lost_p50": quantile(lost, 0.5), "lost_max": max(lost), "doubled": sum(run["doubled"] for run in runs),
            "late": sum(run["late"] for run in runs)}


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench takeover", description=__doc__.split("\n\n")[0])
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--interval", type=int, default=10, metavar="MS", help="between advertisements (10)")
    parser.add_argument("--rate", type=int, default=1000, help="datagrams per second (1000)")
    options = parser.parse_args()
    lab = Lab("routers", LAB)
    try:
        lab.up(start_boxes=False)
        pair = Pair(lab, options.interval)
        pair.up()
        runs = []
        for _ in range(options.runs):
            runs.append(pair.run(options.rate))
            print(json.dumps(runs[-1]), flush=True)
        print(json.dumps(summary(runs, options.interval, options.rate)))
    finally:
        lab.down()


if __name__ == "__main__":
    main()
