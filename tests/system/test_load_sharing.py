"""Load sharing: three boxes are one gateway, and all of them forward. End systems with that one gateway send to the
other network while the boxes hand them over to each other, and while one of them dies."""

import re
import signal

import pytest

from baton_lab.sharing import ADDRESSES, FAR, forwarded, in_charge, sharing, until
from conftest import assert_every_packet_is_accounted_for
from test_sharing_networks import answers, ping

pytestmark = pytest.mark.batond

END_SYSTEMS = ("e1", "e2", "e3")
PINGS, EVERY_S = 1000, 0.01


def start(lab, routers, judge, mode):
    """The routers, and the pings of all end systems; they are found by these, and each router is given one."""
    routers.start(hand_over=mode, skew="20ms", review_every="1s", hold_off="500ms")
    # A router that becomes active listens for 200 ms before it forwards anything.
    assert answers(ping(lab, END_SYSTEMS[0], FAR, 100))[0] > 0
    judge.begin()
    pings = [ping(lab, host, FAR, PINGS) for host in END_SYSTEMS]
    until(lambda: all(min(in_charge(box).values()) >= 1 for box in routers.boxes), 10, "each router has end systems")
    return pings


def fates(process):
    """What became of the packets of a ping, named as in a ledger."""
    printed, _ = process.communicate(timeout=60)
    sent, answers = map(int, re.search(r"(\d+) packets transmitted, (\d+) received", printed).groups())
    doubled = re.search(r"\+(\d+) duplicates", printed)
    return {"sent": sent, "lost": sent - answers, "duplicated": int(doubled.group(1)) if doubled else 0}


@pytest.mark.parametrize("mode", ["exact", "timer", "sequence"])
def test_all_routers_forward_and_each_end_system_has_one(sharing_lab, routers, judge, mode):
    """[VR-01] [VR-39] [VR-60] [VR-62]: found by what they send, each router is given one of three end systems. In
    `exact` no packet is lost or doubled on the way, in `timer` none doubled; `sequence` has to guess, as pings have no
    numbers that it knows."""
    pings = start(sharing_lab, routers, judge, mode)
    before = [forwarded(box) for box in routers.boxes]
    results = [fates(process) for process in pings]
    after = [forwarded(box) for box in routers.boxes]
    assert all(b - a > 50 for a, b in zip(before, after)), (before, after)
    for box in routers.boxes:
        shown = sharing(box)
        assert shown["hand_over"] == mode
        assert shown["refused"] == []
        assert_every_packet_is_accounted_for(box)
    promised = {"exact": ["lost", "duplicated"], "timer": ["duplicated"], "sequence": []}[mode]
    for result in results if promised else []:
        judge.nothing_is(result, *promised)


@pytest.mark.parametrize("dies", [0, 2], ids=["active", "backup"])
def test_the_others_take_the_end_systems_of_one_that_dies(sharing_lab, routers, judge, dies):
    """[VR-11] [VR-13]: within the time that it takes to notice; what was sent meanwhile is lost, nothing else."""
    pings = start(sharing_lab, routers, judge, "exact")
    dead = routers.boxes[dies]
    dead.stop(signal.SIGKILL)
    results = sorted((fates(process) for process in pings), key=lambda result: result["lost"])
    # Three advertisements, a skew and a turn are 400 ms; the way back from `far` is through the active box, too.
    assert results[-1]["lost"] * EVERY_S < 1.5, results
    alive = [box for box in routers.boxes if box is not dead]
    until(lambda: all(in_charge(box)[ADDRESSES[dies]] == 0 for box in alive), 5,
          lambda: f"the others have taken all: {[in_charge(box) for box in alive]}")
    for result in results:
        judge.nothing_is(result, "duplicated")
    if dies != 0:    # nobody else notices
        for result in results[:2]:
            judge.nothing_is(result, "lost")
