"""Two boxes side by side on one pair of wires, on the same two cores as their clients."""

import subprocess

import pytest

from conftest import assert_every_packet_is_accounted_for, lab_of
from services import Target, fetch
from test_http import REQUESTS

pytestmark = pytest.mark.batond

OF_A = [Target("destination", "v4", "192.0.2.10", "192.0.2.2"),
        Target("destination", "v6", "2001:db8:1::10", "2001:db8:1::2"),
        Target("full", "v4", "192.0.2.20", "10.0.0.100"),
        Target("full", "v6", "2001:db8:1::20", "2001:db8:a::100")]
OF_B = [Target("destination", "v4", "192.0.2.11", "192.0.2.2"),
        Target("destination", "v6", "2001:db8:1::11", "2001:db8:1::2"),
        Target("full", "v4", "192.0.2.21", "10.0.0.101"),
        Target("full", "v6", "2001:db8:1::21", "2001:db8:a::101")]
ALL = {"s1", "s2", "s3", "s4"}
CASES = ([(target, {"s1", "s2"} if target.method == "destination" else ALL) for target in OF_A] +
         [(target, {"s3", "s4"} if target.method == "destination" else ALL) for target in OF_B])


@pytest.fixture(scope="module")
def pair_lab():
    yield from lab_of("two-boxes", "baton-pair")


@pytest.fixture
def lab(pair_lab):
    yield pair_lab
    for box in pair_lab.boxes.values():
        if box.process.pid() is None:
            box.start()
        assert_every_packet_is_accounted_for(box)


@pytest.mark.parametrize("target, backends", CASES, ids=[target.address for target, _ in CASES])
def test_each_box_serves_its_addresses(lab, target, backends):
    """[AM-53]: with `full`, both boxes send to all four backends."""
    answers = fetch(lab, target, times=8)
    assert {source for _, source in answers} == {target.source}
    assert {backend for backend, _ in answers} == backends


def test_both_serve_at_once(lab):
    """[AM-01]: active/active, each for its own addresses."""
    ab = (*lab.enter("client"), "ab", "-q", "-n", str(REQUESTS), "-c", "20", "-s", "30")
    clients = [subprocess.Popen([*ab, target.url], stdout=subprocess.PIPE, text=True) for target in (OF_A[0], OF_B[2])]
    for client in clients:
        printed, _ = client.communicate(timeout=100)
        assert client.returncode == 0
        assert f"Complete requests:      {REQUESTS}" in printed
        assert "Failed requests:        0" in printed


def test_the_end_of_one_does_not_touch_the_other(lab):
    assert lab.boxes["box-a"].stop() == 0
    assert len(fetch(lab, OF_B[0], times=5)) == 5
    lab.boxes["box-a"].start()
    assert len(fetch(lab, OF_A[0], times=5)) == 5
