"""Two workers: every flow at one of them for both directions, whichever receives its packets.

`af_packet` gives each worker a queue, to which the kernel spreads flows by its own hash of each direction; so half of the
packets have to be steered. `af_xdp` has one queue on virtual Ethernet: one worker receives and sends for both."""

import re

import pytest

from conftest import assert_every_packet_is_accounted_for, balance, lab_of
from services import each_target, fetch
from test_datagrams import ping
from test_http import ab
from test_streams import iperf

pytestmark = pytest.mark.batond
DEVICES = ["af_packet", "af_xdp"]


@pytest.fixture(scope="module", params=DEVICES)
def workers_lab(request):
    def employ(lab):
        box = lab.boxes["box"]
        text = box.configuration.read_text().replace("af_packet:", f"{request.param}:")
        box.configuration.write_text(re.sub(r"workers: \d+", "workers: 2", text))
        lab.device = request.param

    yield from lab_of("nat", "baton-workers", employ)


@pytest.fixture
def lab(workers_lab):
    yield workers_lab
    box = workers_lab.boxes["box"]
    assert box.process.pid() is not None, "batond is gone"
    assert_every_packet_is_accounted_for(box)
    rings = balance(box)
    assert int(rings["steered_out"]) == int(rings["steered_in"])


@each_target
def test_http_and_none_fails(lab, target):
    before = {name: backend.served() for name, backend in lab.backends.items()}
    figures = ab(lab, target)
    assert figures["Failed requests"] == 0
    assert "Non-2xx responses" not in figures and "Write errors" not in figures
    served = {name: backend.served() - before[name] for name, backend in lab.backends.items()}
    assert sum(served.values()) == figures["Complete requests"]
    # `weight` by the rows of both workers: equal shares, but for what both decide at the same moment.
    assert min(served.values()) > 0.9 * max(served.values()), served
    assert {source for _, source in fetch(lab, target, 3)} == {target.source}


@each_target
@pytest.mark.parametrize("direction", [[], ["--reverse"]], ids=["up", "down"])
def test_iperf_over_tcp(lab, target, direction):
    volume = 100 << 20
    end = iperf(lab, target, "--bytes", str(volume), *direction)
    assert end["sum_received"]["bytes"] >= volume - (10 << 20)    # as in test_streams.py


@each_target
def test_ping(lab, target):
    # Of af_packet the kernel puts fragments together (test_fragments.py).
    assert ping(lab, "client", target.address, 8000 if lab.device == "af_xdp" else 1000) == (20, 20)


def drops(lab):
    """By reason, without those that are no fault of the box: a worker does not get a CPU, hosts send multicast."""
    reasons = lab.boxes["box"].ctl_json("show", "drops")["drops"]
    return {d["reason"]: d["packets"] for d in reasons if d["reason"] not in ("steer_ring_full", "multicast")}


@each_target
@pytest.mark.parametrize("direction", [[], ["--reverse"]], ids=["up", "down"])
def test_datagrams_in_pieces(lab, target, direction):
    if lab.device != "af_xdp":
        pytest.skip("the kernel puts fragments together")
    before = drops(lab)
    end = iperf(lab, target, "--udp", "--bitrate", "40M", "--length", "8192", "--time", "2", *direction)
    # What came in at the wrong worker is steered by datagram: one can overtake another, and iperf3 takes those that come
    # after its end for lost. That the box lost none is what its balance says, and the reasons of its drops.
    assert end["sum_received"]["packets"] > 1000
    assert drops(lab) == before


@pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8:1::1"])
def test_the_box_answers(lab, address):
    assert ping(lab, "client", address) == (20, 20)


def test_a_reload_while_both_work(lab):
    box = lab.boxes["box"]
    text = box.configuration.read_text()
    assert "workers: 2" in text
    box.configuration.write_text(text.replace("access_rows: 200000", "access_rows: 200000\n  errors_per_second: 1000"))
    box.ctl("reload")
    status = box.ctl_json("status")
    assert status["generation"] == status["committed_generation"]
    box.configuration.write_text(text)
    box.ctl("reload")


def test_both_workers_had_their_part(lab):
    workers = lab.boxes["box"].ctl_json("show", "workers")["workers"]
    assert len(workers) == 2
    for worker in workers:
        assert int(worker["rows_created"]) > 1000, workers
        assert int(worker["balance"]["steered_out"]) > 1000, workers
