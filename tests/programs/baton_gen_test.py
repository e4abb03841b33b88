#!/usr/bin/python3
"""What baton-gen's caller sees: exit status, report, messages. baton_gen_test.py BATON_GEN. Needs no root."""
import json
import os
import signal
import subprocess
import sys
import tempfile
import time

PROGRAM = sys.argv[1]
PORTS = """ports:
  - {name: a, device: "DEVICE", role: clients, addresses: 10.1.0.2-10.1.0.5}
  - {name: b, device: "null:", role: servers, addresses: [10.2.0.2]}
"""
FLOWS = """flows: [{name: dns, protocol: udp, to: "10.2.0.2:53", count: 10, rate: 10k}]
limits: {lost: 0, duplicated: 0, reordered: 0, corrupted: 0, wrong_server: 0}
"""


def profile(rest, device="null:"):
    return PORTS.replace("DEVICE", device) + rest + FLOWS


def run(folder, text, *options):
    path = os.path.join(folder, "profile.yaml")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return subprocess.run([PROGRAM, *options, path], capture_output=True, text=True, timeout=60)


def expect(what, condition, done):
    if not condition:
        sys.exit(f"{what}: status {done.returncode}\n{done.stdout}\n{done.stderr}")


def check_statuses(folder):
    short = "duration: 200ms\nsettle: 20ms\n"
    done = run(folder, profile(short), "--loopback", "--report", "-")
    expect("a good run", done.returncode == 0, done)
    report = json.loads(done.stdout)
    total = report["total"]
    expect("its report", report["passed"] and total["lost"] == 0 and total["arrived"] == total["sent"] > 1000, done)
    expect("memory per flow", 0 < report["bytes_per_flow"] <= 192, done)

    done = run(folder, profile(short + "impair: {lost: 5%}\n"), "--loopback", "--report", "-")
    expect("a run outside of its limits", done.returncode == 1, done)
    report = json.loads(done.stdout)
    injected = report["injected"]["requests"]["lost"] + report["injected"]["responses"]["lost"]
    expect("what was injected", report["total"]["lost"] == injected > 0 and not report["passed"], done)

    done = run(folder, profile(short), "--check")
    expect("--check", done.returncode == 0 and done.stdout.endswith(": ok\n"), done)
    for options in (["--check"], ["--loopback"], []):
        done = run(folder, profile("durration: 1s\n"), *options)
        expect("a wrong key", done.returncode == 2 and "profile.yaml:4:1: durration: unknown key" in done.stderr, done)
    done = run(folder, profile(short, "af_packet:no-such-if"))
    expect("a port that is not there", done.returncode == 2 and "port a: no interface no-such-if" in done.stderr, done)
    done = subprocess.run([PROGRAM], capture_output=True, text=True, timeout=60)
    expect("no profile", done.returncode == 2, done)
    done = subprocess.run([PROGRAM, "/nonexistent.yaml"], capture_output=True, text=True, timeout=60)
    expect("a missing profile", done.returncode == 2, done)
    done = run(folder, profile(short), "--loopback", "--report", "/nonexistent/report.json")
    expect("a report that cannot be written", done.returncode == 1, done)


def check_saturation(folder):
    """--loopback at `rate: max` tells what the tool itself can do, with one core and with two."""
    for cores in (1, 2):
        text = profile(f"duration: 400ms\nsettle: 500ms\ncores: {cores}\n").replace("rate: 10k", "rate: max")
        done = run(folder, text, "--loopback", "--report", "-")
        expect("a run at most speed", done.returncode == 0, done)
        check = json.loads(done.stdout)["self_check"]
        expect("nothing lost by the tool", check["lost_nothing"] and check["cores"] == cores, done)
        each = check["packets_per_second_per_core"]
        expect("its rate", each > 100_000 and abs(each * cores / check["packets_per_second"] - 1) < 1e-6, done)
        expect("in words", "the tool itself lost nothing; it saturates at" in done.stderr, done)
    done = run(folder, profile("duration: 200ms\nsettle: 20ms\n"), "--loopback", "--report", "-")
    expect("no saturation at a rate", "self_check" not in json.loads(done.stdout), done)


def check_search(folder):
    """Bursts through nothing that could lose any: all of each passes, and the mean is that of the repetitions."""
    text = profile("duration: 100ms\nsettle: 500ms\nsearch: {for: back_to_back, repeat: 3}\n").replace("10k", "max")
    done = run(folder, text, "--loopback", "--report", "-")
    expect("a search for bursts", done.returncode == 0, done)
    found = json.loads(done.stdout)
    expect("its bursts", len(found["bursts"]) == 3 == len(found["trials"]) and min(found["bursts"]) > 1000, done)
    expect("their mean", abs(sum(found["bursts"]) / 3 - found["mean_burst"]) < 1, done)


def check_interrupt(folder):
    path, report = os.path.join(folder, "profile.yaml"), os.path.join(folder, "report.json")
    with open(path, "w", encoding="utf-8") as file:
        file.write(profile('duration: 50s\nsettle: 20ms\nevents: [{at: 40s, run: "false"}]\n'))
    with subprocess.Popen([PROGRAM, "--loopback", "--report", report, path], stderr=subprocess.PIPE, text=True) as process:
        line = process.stderr.readline()  # the first second has passed
        process.send_signal(signal.SIGINT)
        began = time.monotonic()
        status = process.wait(timeout=20)
        took = time.monotonic() - began
        rest = process.stderr.read()
    if status != 0 or took > 10 or " sent " not in line:
        sys.exit(f"an interrupted run: status {status} after {took} s\n{line}{rest}")
    with open(report, encoding="utf-8") as file:
        content = json.load(file)
    if not content["interrupted"] or content["total"]["lost"] != 0 or content["sending_seconds"] > 40 or \
            content["events"][0]["outcome"] != "its time did not come":
        sys.exit(f"the report of an interrupted run: {content}")


def check_events(folder):
    pid_file = os.path.join(folder, "pid")
    commands = [
        ("0ms", "echo going on"),
        ("100ms", "echo no route >&2; echo to host >&2; exit 3"),
        ("200ms", f"echo $$ > {pid_file}; trap '' TERM; while :; do sleep 100; done"),
        ("300ms", "sleep 99 2>/dev/null & head -c 300000 /dev/zero | tr '\\\\0' 'x' >&2"),
        ("400ms", "kill -KILL $$"),
    ]
    events = "events:\n" + "".join(f'  - {{at: {at}, run: "{run}"}}\n' for at, run in commands)
    began = time.monotonic()
    done = run(folder, profile("duration: 700ms\nsettle: 20ms\n" + events), "--loopback", "--report", "-")
    took = time.monotonic() - began
    report = json.loads(done.stdout)
    expect("an event that fails", done.returncode == 1 and "event at 0.1 s failed: exit status 3" in done.stderr, done)
    expect("its packets", report["total"]["lost"] == 0 and all(limit["kept"] for limit in report["limits"]), done)
    expect("a hanging command ends with the run", took < 5, done)
    good, failing, hanging, talking, killed = report["events"]
    expect("a good command", good["exit_status"] == 0 and not good["failed"] and good["stderr"] == [], done)
    expect("a failing command", failing["exit_status"] == 3 and failing["failed"], done)
    expect("its standard error", failing["stderr"] == ["no route", "to host"], done)
    expect("when it ran", 0.1 <= failing["started"] <= failing["ended"] < 0.6, done)
    expect("a hanging command", hanging["outcome"] == "still running when the run ended" and not hanging["failed"], done)
    expect("a command that talks much", talking["exit_status"] == 0 and len(talking["stderr"][0]) == 2000, done)
    expect("a killed command", killed["outcome"] == "ended by signal 9" and killed["failed"], done)
    with open(pid_file, encoding="ascii") as file:
        expect("the hanging command is gone", not os.path.exists(f"/proc/{file.read().strip()}"), done)
    begins = [interval["from"] for interval in report["intervals"]]
    expect("intervals", len(begins) == 6 and all(abs(b - w) < 0.1 for b, w in zip(begins, (0, 0, .1, .2, .3, .4))), done)
    expect("their sum", sum(i["sent"] for i in report["intervals"]) == report["total"]["sent"], done)

    done = run(folder, profile('duration: 300ms\nsettle: 20ms\nevents: [{at: 100ms, run: "true"}]\n'), "--loopback")
    expect("events that are all well", done.returncode == 0 and "at 0.1 s true (exit status 0): sent" in done.stderr, done)


with tempfile.TemporaryDirectory() as temporary:
    check_statuses(temporary)
    check_saturation(temporary)
    check_search(temporary)
    check_interrupt(temporary)
    check_events(temporary)
print("baton-gen: ok")
