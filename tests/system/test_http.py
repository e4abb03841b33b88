"""HTTP through the balancer: real nginx, real clients, exact counts. [AM-04] [AM-06] [AM-49] [AM-51]"""

import json
import re

import pytest

from conftest import wait_until
from services import each_target, fetch

REQUESTS = 10_000


def ab(lab, target, *options):
    """Runs ApacheBench and returns its figures by name."""
    options = ("-q", "-n", str(REQUESTS), "-c", "50", "-s", "30", *options)
    printed = lab.run("client", "ab", *options, target.url, timeout=120)
    return {name.strip(): int(value) for name, value in re.findall(r"^([A-Za-z0-9 -]+):\s+(\d+)\b", printed, re.M)}


@each_target
def test_backends_see_the_source_that_the_method_promises(lab, target):
    answers = []

    def everybody_answered():
        answers.extend(fetch(lab, target))
        return {backend for backend, _ in answers} == set(lab.backends)
    # `weight` goes by the rows of a backend, and rows of earlier tests still count: nobody is due at once.
    assert wait_until(everybody_answered, 20), answers
    assert {source for _, source in answers} == {target.source}


@each_target
def test_a_backend_may_be_a_client_of_its_own_service(lab, target):
    """Hairpin: the backend that answers, perhaps the client itself, must not see a neighbour that it answers directly."""
    internal = {"v4": "10.0.0.101", "v6": "2001:db8:a::101"}[target.family] if target.method == "destination" else target.source
    for host in lab.backends:
        answers = fetch(lab, target, 20, host)
        assert len(answers) == 20
        assert {source for _, source in answers} == {internal}


@each_target
@pytest.mark.parametrize("keep_alive", [False, True], ids=["new-connections", "keep-alive"])
def test_ten_thousand_requests_and_none_fails(lab, target, keep_alive):
    """[FE-01] [FE-02] [FE-03] [FE-09]: one address in front, three backends behind it, each with its part."""
    before = {name: backend.served() for name, backend in lab.backends.items()}
    figures = ab(lab, target, *(["-k"] if keep_alive else []))
    assert figures["Complete requests"] == REQUESTS
    assert figures["Failed requests"] == 0
    assert "Non-2xx responses" not in figures and "Write errors" not in figures
    assert figures.get("Keep-Alive requests", 0) == (REQUESTS if keep_alive else 0)
    served = {name: backend.served() - before[name] for name, backend in lab.backends.items()}
    assert sum(served.values()) == REQUESTS
    assert min(served.values()) > REQUESTS / 10, f"one backend is left out: {served}"


@each_target
def test_a_thousand_connections_at_once(lab, target, converse):
    client = converse(lab, "client", "hold_connections", target.address, 80, 1000)
    first = json.loads(client.hear())
    assert first["answered"] == 1000, first["failures"]
    assert set(first["by_backend"]) == {"s1", "s2", "s3"}
    box = lab.boxes["box"]
    if hasattr(box, "ctl_json"):
        def open_now():
            listed = box.ctl_json("show", "services")["services"]
            return next(int(s["load"]["open"]) for s in listed if s["name"] == target.service("web"))
        assert wait_until(lambda: open_now() == 1000, 5), f"{open_now()} connections are open"
    again = json.loads(client.ask())
    assert again["answered"] == 1000, again["failures"]
    assert json.loads(client.hear())["same_backend"] is True
