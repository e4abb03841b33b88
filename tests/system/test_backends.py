"""Backends that are drained, weighted, stopped and started again. [FE-12] [FE-15]"""

import pytest

from conftest import wait_until
from services import TARGETS, each_target, fetch

pytestmark = pytest.mark.batond


@pytest.fixture
def box(lab):
    """The box, with every web backend enabled at weight 1 afterwards."""
    yield lab.boxes["box"]
    for target in TARGETS:
        for name in lab.backends:
            lab.boxes["box"].ctl("backend", target.service("web"), name, "enable")
            lab.boxes["box"].ctl("backend", target.service("web"), name, "weight", "1")


def backends_of(answers):
    return {backend for backend, _ in answers}


def effective_weight(box, service, name):
    listed = box.ctl_json("show", "backends")["backends"]
    return next(int(b["weight"]) for b in listed if b["service"] == service and b["name"] == name)


@each_target
def test_a_backend_is_drained_stopped_started_and_enabled(lab, box, target, converse):
    """[FE-45] [FE-46]: out for maintenance and back, in operation."""
    service = target.service("web")
    client = converse(lab, "client", "kept_connection", target.address, 80)
    name = client.ask().split()[0]
    box.ctl("backend", service, name, "drain")
    assert wait_until(lambda: effective_weight(box, service, name) == 0, 5)
    assert backends_of(fetch(lab, target, times=12)) == set(lab.backends) - {name}
    assert client.ask().split()[0] == name    # who is on it stays on it

    nginx = lab.backends[name].nginx
    assert nginx.stop() == 0
    assert backends_of(fetch(lab, target, times=6)) == set(lab.backends) - {name}
    assert client.ask().startswith("failed")    # its end reached the client
    lab.backends[name].start_nginx()
    lab.backends[name].wait_until_listening()

    box.ctl("backend", service, name, "enable")
    assert wait_until(lambda: name in backends_of(fetch(lab, target, times=6)), 10)


@pytest.mark.parametrize("target", TARGETS[:1], ids=["destination-v4"])
def test_a_dead_backend_refuses_for_itself_only(lab, box, target):
    """Without health checks its share of new connections is refused, as its kernel says; nobody waits long."""
    lab.backends["s2"].nginx.stop()
    try:
        codes = [lab.run("client", "curl", "-s", "-o", "/dev/null", "-w", "%{http_code} %{errormsg}\n",
                         "--max-time", "5", target.url, check=False) for _ in range(12)]
    finally:
        lab.backends["s2"].start_nginx()
        lab.backends["s2"].wait_until_listening()
    assert any(code.startswith("200") for code in codes)
    failures = [code for code in codes if not code.startswith("200")]
    assert failures and all("Connection refused" in f or "Couldn't connect" in f for f in failures), failures
    assert wait_until(lambda: "s2" in backends_of(fetch(lab, target, times=6)), 10)


@pytest.mark.parametrize("target", [TARGETS[0], TARGETS[3]], ids=["destination-v4", "full-v6"])
def test_weight_zero_sends_nothing_new(lab, box, target):
    box.ctl("backend", target.service("web"), "s1", "weight", "0")
    box.ctl("backend", target.service("web"), "s2", "weight", "0")
    assert wait_until(lambda: effective_weight(box, target.service("web"), "s2") == 0, 5)
    assert backends_of(fetch(lab, target, times=9)) == {"s3"}


def test_nobody_left_is_refused_at_once(lab, box):
    target = TARGETS[2]
    for name in lab.backends:
        box.ctl("backend", target.service("web"), name, "drain")
    assert wait_until(lambda: effective_weight(box, target.service("web"), "s3") == 0, 5)
    printed = lab.run("client", "curl", "-s", "-w", "%{errormsg}", "--max-time", "5", target.url, check=False)
    assert "Couldn't connect" in printed or "refused" in printed


def test_a_weight_out_of_range_is_refused_by_name(box):
    from baton_lab.commands import LabError
    with pytest.raises(LabError, match="weight"):
        box.ctl("backend", TARGETS[0].service("web"), "s1", "weight", "70000")
    with pytest.raises(LabError, match="s9"):
        box.ctl("backend", TARGETS[0].service("web"), "s9", "drain")
