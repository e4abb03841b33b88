"""Load sharing in `directed` delivery: each end system knows its gateway by the MAC address of the box in charge of it, and
the bridge between them learns all of these: nothing is flooded."""

import signal
import subprocess

import pytest

from baton_lab.lab import Lab
from conftest import assert_every_packet_is_accounted_for, wait_until
from test_load_sharing import BOX, END_SYSTEMS, PINGS, came_back, forwarded, in_charge, ping, router

pytestmark = pytest.mark.batond

DIRECTED = BOX.replace("hand_over: {mode}", "delivery: directed")
VIRTUAL_MAC = "00:00:5e:00:01:01"


@pytest.fixture(scope="module")
def lab():
    lab = Lab("routers", "baton-vr")
    try:
        lab.up(start_boxes=False)
        yield lab
    finally:
        lab.down()


@pytest.fixture
def boxes(lab):
    boxes = [lab.boxes[f"r{n}"] for n in (1, 2, 3)]
    for n, box in enumerate(boxes, start=1):
        box.configuration.write_text(DIRECTED.format(n=n, host=10 + n, priority=250 - 50 * n, state=lab.state))
        box.start()
    assert wait_until(lambda: router(boxes[0])["role"] == "active", 5)
    yield boxes
    for box in boxes:
        box.stop()


def gateway_mac(lab, host):
    shown = subprocess.run([*lab.enter(host), "ip", "neigh", "show", "10.0.0.1"], capture_output=True, text=True, check=True).stdout
    return shown.split("lladdr ")[1].split()[0] if "lladdr" in shown else None


def gateways(lab):
    return sorted(str(gateway_mac(lab, host)) for host in END_SYSTEMS)


def macs(lab, numbers):
    """The MAC addresses of these boxes' ports, the first one's replaced by the virtual one: it is active."""
    own = [subprocess.run([*lab.enter(f"r{n}"), "cat", "/sys/class/net/lan/address"], capture_output=True, text=True,
                          check=True).stdout.strip() for n in numbers]
    return sorted([VIRTUAL_MAC] + own[1:])


def test_each_end_system_is_told_its_router(lab, boxes):
    """[VR-01] [VR-62]: without a packet lost, doubled or flooded."""
    pings = [ping(lab, host) for host in END_SYSTEMS]
    assert wait_until(lambda: gateways(lab) == macs(lab, (1, 2, 3)), 8), (gateways(lab), in_charge(boxes[0]))
    before = [forwarded(box) for box in boxes]
    assert [came_back(process) for process in pings] == [(PINGS, PINGS, False)] * 3
    after = [forwarded(box) for box in boxes]
    assert all(b - a > 50 for a, b in zip(before, after)), (before, after)
    # The address of the gateway itself answers, whoever it is.
    for host in END_SYSTEMS:
        subprocess.run([*lab.enter(host), "ping", "-q", "-c", "2", "-i", "0.2", "10.0.0.1"], check=True, stdout=subprocess.DEVNULL)
    for box in boxes:
        assert_every_packet_is_accounted_for(box)


@pytest.mark.parametrize("dies", [0, 2], ids=["active", "backup"])
def test_the_others_are_told_when_one_dies(lab, boxes, dies):
    """[VR-13]: the end systems of the dead box are told of another one as soon as it is missed."""
    pings = [ping(lab, host) for host in END_SYSTEMS]
    assert wait_until(lambda: gateways(lab) == macs(lab, (1, 2, 3)), 8), gateways(lab)
    boxes[dies].stop(signal.SIGKILL)
    results = [came_back(process) for process in pings]
    assert all(not doubled for _, _, doubled in results)
    lost = sorted(sent - answers for sent, answers, _ in results)
    assert lost[-1] < 150, lost  # 1.5 s: three advertisements, a skew, a turn; the way back is through the same box
    if dies == 2:
        assert lost[:2] == [0, 0], lost
    alive = macs(lab, (2, 3) if dies == 0 else (1, 2))
    assert wait_until(lambda: sorted(set(gateways(lab))) == alive, 10), (gateways(lab), alive)
