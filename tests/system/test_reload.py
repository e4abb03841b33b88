"""Another configuration while traffic goes on."""

import os
import re
import signal
import subprocess

import pytest

from baton_lab.balancer import program
from conftest import wait_until
from services import TARGETS, each_target, fetch

pytestmark = pytest.mark.batond
RELOADS = 20


@pytest.fixture
def box(lab):
    """The box; afterwards its file is what it was, and in force."""
    box = lab.boxes["box"]
    text = box.configuration.read_text()
    yield box
    box.configuration.write_text(text)
    box.ctl("reload")


def of_service(text, service):
    """Where the part of one service begins and ends."""
    begin = text.index(f"  - name: {service}\n")
    end = text.find("  - name: ", begin + 1)
    return begin, end if end > 0 else len(text)


def edited(text, service, old, new):
    begin, end = of_service(text, service)
    assert old in text[begin:end]
    return text[:begin] + text[begin:end].replace(old, new, 1) + text[end:]


def reload_refused(box, *flags):
    done = subprocess.run([program("batonctl"), "--socket", box.socket, "reload", *flags], text=True, timeout=20,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert done.returncode == 1, done.stdout
    return done.stderr


def generation(box):
    return int(box.ctl_json("status")["generation"])


def weights(box, service):
    listed = box.ctl_json("show", "backends", "--service", service)["backends"]
    return {backend["name"]: int(backend["weight"]) for backend in listed}


def errors_of(wrk):
    printed, _ = wrk.communicate(timeout=60)
    assert wrk.returncode == 0, printed
    requests = int(re.search(r"(\d+) requests in", printed).group(1))
    return requests, re.findall(r"(?:Socket errors|Non-2xx).*", printed)


@pytest.mark.parametrize("target", [TARGETS[0], TARGETS[2]], ids=["destination-v4", "full-v4"])
def test_twenty_reloads_under_load_fail_no_request(lab, box, target):
    """Weights change, a backend goes and comes back, routes change; both kept and new connections go on."""
    service, text = target.service("web"), box.configuration.read_text()
    backends = [line for line in text[slice(*of_service(text, service))].splitlines(True) if "{name: s" in line]
    without = edited(text, service, backends[1], "")
    heavier = edited(without, service, backends[0], backends[0].replace("}", ", weight: 3}"))
    start = ["wrk", "-t1", "-c10", "-d14s", "--timeout", "10s"]
    wrks = [subprocess.Popen([*lab.enter("client"), *start, *header, target.url], text=True, stdout=subprocess.PIPE)
            for header in ([], ["-H", "Connection: close"])]
    try:
        before = generation(box)
        for i in range(RELOADS):
            served = lab.backends["s1"].served()
            box.configuration.write_text([without, heavier, text][i % 3])
            assert box.ctl("reload").startswith("applied")
            assert weights(box, service) == [{"s1": 1, "s3": 1}, {"s1": 3, "s3": 1}, {"s1": 1, "s2": 1, "s3": 1}][i % 3]
            # The load is there between any two of them.
            assert wait_until(lambda: lab.backends["s1"].served() > served, 5)
        assert generation(box) == before + RELOADS
        assert all(wrk.poll() is None for wrk in wrks), "the load ended before the last reload"
        for wrk in wrks:
            requests, errors = errors_of(wrk)
            assert requests > 100
            assert errors == []
    finally:
        for wrk in wrks:
            wrk.kill()
            wrk.wait()


@each_target
def test_connections_of_a_removed_service_finish(lab, box, target, converse):
    service, text = target.service("web"), box.configuration.read_text()
    client = converse(lab, "client", "kept_connection", target.address, 80)
    name = client.ask().split()[0]
    begin, end = of_service(text, service)
    box.configuration.write_text(text[:begin] + text[end:])
    assert f"removed service {service}" in box.ctl("reload")
    assert client.ask().split()[0] == name
    assert all(s["name"] != service for s in box.ctl_json("show", "services")["services"])
    assert client.ask().split()[0] == name
    box.configuration.write_text(text)
    box.ctl("reload")
    assert client.ask().split()[0] == name
    assert fetch(lab, target)


def test_sighup_takes_up_the_file(lab, box):
    service, text = TARGETS[0].service("web"), box.configuration.read_text()
    box.configuration.write_text(edited(text, service, "{name: s2, ", "{weight: 0, name: s2, "))
    os.kill(box.process.pid(), signal.SIGHUP)
    assert wait_until(lambda: weights(box, service) == {"s1": 1, "s2": 0, "s3": 1}, 5)
    assert {backend for backend, _ in fetch(lab, TARGETS[0], times=8)} <= {"s1", "s3"}


def test_a_broken_file_changes_nothing(lab, box):
    service, text = TARGETS[0].service("web"), box.configuration.read_text()
    broken = edited(text, service, "{name: s2, ", "{weight: 70000, name: s2, ").replace("polling:", "poling:", 1)
    box.configuration.write_text(broken)
    before = generation(box)
    os.kill(box.process.pid(), signal.SIGHUP)
    assert wait_until(lambda: box.ctl_json("status")["reload_refusal"] != "", 5)
    told = reload_refused(box)
    assert "70000 is outside 0..65535" in told and "poling" in told    # all errors, not the first
    assert "refused" in box.ctl("status")
    assert "70000 is outside 0..65535" in box.process.tail(30)
    assert generation(box) == before
    assert weights(box, service) == {"s1": 1, "s2": 1, "s3": 1}
    assert fetch(lab, TARGETS[0])
    metrics = lab.run("box", "curl", "-sS", "--fail", "--max-time", "5", "http://127.0.0.1:9111/metrics")
    assert "baton_reload_failed 1" in metrics


def test_what_needs_a_restart_is_named_and_nothing_applied(lab, box):
    service, text = TARGETS[0].service("web"), box.configuration.read_text()
    changed = edited(text, service, "{name: s2, ", "{weight: 0, name: s2, ")
    box.configuration.write_text(changed.replace("access_rows: 200000", "access_rows: 300000"))
    for flags in ([], ["--dry-run"]):
        assert "dataplane.access_rows: 200000 -> 300000 needs a restart" in reload_refused(box, *flags)
    assert weights(box, service) == {"s1": 1, "s2": 1, "s3": 1}
    box.configuration.write_text(changed)
    before = generation(box)
    answer = box.ctl_json("reload", "--dry-run")
    assert answer["result"] == "would apply"
    assert [(c["object"], c["key"], c["from"], c["to"]) for c in answer["changes"]] == \
        [(f"backend {service}/s2", "weight", "1", "0")]
    assert generation(box) == before
