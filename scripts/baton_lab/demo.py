"""What scripts/demo shows once everything is built. A check that fails is told at once and counts at the end."""

import json
import pathlib
import re
import signal
import subprocess
import sys
import time

from .balancer import program
from .commands import LabError
from .lab import Lab

# Method and family, the address in a URL, and the source that backends see.
TARGETS = (
    ("destination", "v4", "192.0.2.10", "192.0.2.2"),
    ("destination", "v6", "[2001:db8:1::10]", "2001:db8:1::2"),
    ("full", "v4", "198.51.100.20", "10.0.0.100"),
    ("full", "v6", "[2001:db8:51::20]", "2001:db8:a::100"),
)
LOADS = (TARGETS[0], TARGETS[3])
REQUESTS = 9
LOAD_S = 6


class Demo:
    def __init__(self, lab):
        self.lab = lab
        self.box = lab.boxes["box"]
        self.failures = []

    def check(self, good, claim):
        print(f"  {'ok    ' if good else 'FAILED'} {claim}", flush=True)
        if not good:
            self.failures.append(claim)

    def run(self):
        heading("The lab")
        print(self.lab.status())
        heading(f"{REQUESTS} requests to each service with curl: who answers, and which source it sees")
        for target in TARGETS:
            self.ask(*target)
        for target in LOADS:
            heading(f"wrk for {LOAD_S} s over {target[1]}, `{target[0]}` translation, 50 connections")
            self.load(*target)
        heading("2000 new connections with ab, one request each")
        self.connect_anew(TARGETS[2][2])
        heading("What each backend served")
        self.served()
        heading("Every packet is accounted for")
        self.balance()
        return self.failures

    def ask(self, method, family, address, source):
        curl = ("curl", "-sS", "--fail", "--max-time", "10", f"http://{address}/")
        answers = [self.lab.run("client", *curl).split() for _ in range(REQUESTS)]
        backends = [backend for backend, _ in answers]
        counts = {name: backends.count(name) for name in self.lab.backends}
        sources = {seen for _, seen in answers}
        self.check(min(counts.values()) > 0 and sources == {source},
                   f"{method:11} {family}  {address:18} " +
                   "  ".join(f"{name}: {count}" for name, count in counts.items()) + f"   client seen as {source}")

    def load(self, method, family, address, _):
        wrk = subprocess.Popen([*self.lab.enter("client"), "wrk", "-t1", "-c50", f"-d{LOAD_S}s", f"http://{address}/"],
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        try:
            self.watch(wrk)
            printed, _ = wrk.communicate(timeout=30)
        finally:
            wrk.kill()
            wrk.wait()
        done = re.search(r"(\d+) requests in", printed)
        rate = re.search(r"Requests/sec:\s+([\d.]+)", printed)
        clean = wrk.returncode == 0 and "Socket errors" not in printed and "Non-2xx" not in printed
        self.check(clean and done is not None and int(done[1]) > 0,
                   f"wrk: {done[1]} requests, {rate[1]} a second, no errors" if clean and done and rate else printed)

    def watch(self, running):
        """One line a second until `running` ends."""
        print("  second          rows   packets/s in      out   dropped so far   busy so far")
        before, second = self.sample(), 0
        while running.poll() is None:
            started = time.monotonic()
            try:
                running.wait(timeout=1)
            except subprocess.TimeoutExpired:
                pass
            now, second = self.sample(), second + 1
            span = time.monotonic() - started
            received = (now["received"] - before["received"]) / span
            sent = (now["sent"] - before["sent"]) / span
            print(f"  {second:6} {now['rows']:13} {received:14.0f} {sent:8.0f} {now['dropped']:16} {now['busy']:13.0%}",
                  flush=True)
            before = now

    def sample(self):
        status = self.box.ctl_json("status")
        workers = self.box.ctl_json("show", "workers")["workers"]
        balance = status["balance"]
        return {"rows": int(status["rows"]), "received": int(balance["received"]), "sent": int(balance["sent"]),
                "dropped": int(balance["dropped"]), "busy": max(worker["busy_share"] for worker in workers)}

    def connect_anew(self, address):
        ab = ("ab", "-q", "-n", "2000", "-c", "20", "-s", "30", f"http://{address}/")
        printed = self.lab.run("client", *ab, timeout=90)
        figures = dict(re.findall(r"^(\w+ requests|Requests per second):\s+([\d.]+)", printed, re.M))
        good = figures.get("Complete requests") == "2000" and figures.get("Failed requests") == "0"
        self.check(good, f"ab: {figures.get('Complete requests')} complete, {figures.get('Failed requests')} failed, "
                         f"{figures.get('Requests per second')} a second")

    def served(self):
        listed = [b for b in self.box.ctl_json("show", "backends")["backends"] if b["service"].startswith("web-")]
        for name, backend in self.lab.backends.items():
            own = [b for b in listed if b["name"] == name]
            connections = sum(int(b["load"]["created"]) for b in own)
            size = sum(int(b["load"]["bytes_from"]) for b in own)
            self.check(backend.served() > 0 and connections > 0,
                       f"{name}: {backend.served()} requests in nginx's log; batond counts {connections} connections, "
                       f"{size / 1e6:.1f} MB of answers")

    def balance(self):
        deadline = time.monotonic() + 5
        while True:
            balance = self.box.ctl_json("status")["balance"]
            if int(balance["difference"]) == 0 or time.monotonic() > deadline:
                break
            time.sleep(0.1)
        left, right = (" + ".join(f"{key} {balance[key]}" for key in keys) for keys in (
            ("received", "originated", "from_kernel"),
            ("sent", "dropped", "held", "waiting", "to_control", "to_kernel")))
        self.check(int(balance["difference"]) == 0, f"{left} = {right}")
        print(self.box.ctl("show", "drops"))


HELD = "192.0.2.10"
PROFILE = pathlib.Path(__file__).parents[2] / "conf/gen/lab.yaml"


class Ledger:
    """baton-gen plays clients and backends of a box of its own, which holds an address for a second."""

    def __init__(self, lab):
        self.lab = lab
        self.box = lab.boxes["box"]
        self.failures = []

    check = Demo.check

    def profile(self):
        """At a rate of which two seconds fit the receive rings: a machine that builds may stop the box for so long."""
        ctl = f"{program('batonctl')} --socket {self.box.socket} mode {HELD}"
        text = PROFILE.read_text()
        for old, new in (("duration: 10s", "duration: 5s"), ("count: 1000, rate: 3k", "count: 50, rate: 250"),
                         (", activity: zipf", "")):
            text = text.replace(old, new)
        return text + (f'events:\n  - {{at: 2s, run: "{ctl} migration"}}\n  - {{at: 3s, run: "{ctl} normal"}}\n')

    def run(self):
        heading(f"baton-gen: 4 classes of 50 flows for 5 s; from 2 s to 3 s {HELD} is on its way to another box, and held")
        profile, report = self.lab.state / "demo.yaml", self.lab.state / "demo.json"
        page = program("batond").parents[1] / "demo.html"
        profile.write_text(self.profile())
        command = (program("baton-gen"), "--report", report, "--html", page, profile)
        ran = subprocess.run([*self.lab.enter("gen"), *map(str, command)], stderr=subprocess.PIPE, text=True,
                             timeout=60)
        print(*(f"  {line}" for line in ran.stderr.splitlines()), sep="\n")
        if not report.exists():
            self.check(False, "baton-gen made a report")
            return self.failures
        found = json.loads(report.read_text())
        total = found["total"]
        self.check(ran.returncode == 0 and total["lost"] == total["duplicated"] == total["reordered"] == 0,
                   f"{total['sent']} packets sent, {total['lost']} lost, {total['duplicated']} duplicated, "
                   f"{total['reordered']} out of order")
        gap = found["classes"][0]["responses"]["longest_gap_us"]["max"] / 1e6
        self.check(gap > 0.8, f"the flows to {HELD} felt a pause of {gap:.2f} s; page with plots: {page}")
        return self.failures


def heading(text):
    print(f"\n== {text}", flush=True)


def look_further(lab):
    box = lab.boxes["box"]
    print(f"""
== To look further
  scripts/demo --stay        this, but the lab stays up; scripts/lab up|status|down without the show
  ctl="{program('batonctl')} --socket {box.socket}"
  $ctl status
  $ctl show backends         also ports workers services access routes neighbors drops modes
  $ctl backend web-full-v4 s1 drain     no new connections for s1; `enable` gives it back
  $ctl mode 192.0.2.10 migration        its packets are held; `normal` releases them
  ip netns exec {lab.name}-client curl http://192.0.2.10/         or http://[2001:db8:51::20]/
  ip netns exec {lab.name}-box curl http://127.0.0.1:9111/metrics""")


def count_packets():
    lab = Lab("generator", "baton-demo-gen")
    try:
        lab.up()
        return Ledger(lab).run()
    except (LabError, subprocess.TimeoutExpired) as error:
        return [str(error)]
    finally:
        lab.down()


def main():
    stay = "--stay" in sys.argv[1:]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))    # so that the lab is removed then, too
    lab = Lab("nat")
    demo = Demo(lab)
    try:
        lab.up()
        failures = demo.run() + count_packets()
        look_further(lab)
    except (LabError, subprocess.TimeoutExpired) as error:
        failures = [str(error)]
        print(f"\nbatond's log:\n{demo.box.process.tail()}")
    finally:
        if not stay:
            lab.down()
    print()
    for failure in failures:
        print(f"demo: failed: {failure}")
    print("demo: " + ("all went well" if not failures else f"{len(failures)} failed") +
          (f"; the lab is up, state in {lab.state}" if stay else "; the lab is removed"))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
