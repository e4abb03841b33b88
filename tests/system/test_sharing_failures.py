"""Load sharing when a router dies, or is cut off, under the ledger of baton-gen: what is lost is lost for a time that
follows from the configured timers, nothing is doubled, and in the end each end system has one router."""

import signal

import pytest

from baton_lab import network
from baton_lab.commands import run
from baton_lab.ledger import Ledger, known, profile
from baton_lab.sharing import ADDRESSES, ADVERTISE_MS, group, in_charge, until
from conftest import assert_every_packet_is_accounted_for
from test_generator import assert_sums_hold

pytestmark = pytest.mark.batond

END_SYSTEMS = 60
RATE = 3000

NOISE_S = 0.75          # of a machine that many share
# Three advertisements without an answer, and the turn in which it is noticed (VR-Q32).
FAULT_S = 4 * ADVERTISE_MS / 1000 + NOISE_S
# Three advertisements, and a skew of less than one (RFC 9568, 6.1).
TAKE_OVER_S = 4 * ADVERTISE_MS / 1000 + NOISE_S


def longest_gap_s(counts):
    return counts["longest_gap_us"]["max"] / 1e6


@pytest.mark.parametrize("dies", [0, 1], ids=["active", "backup"])
def test_the_others_take_over_from_one_that_is_killed(sharing_lab, routers, judge, dies):
    """[VR-11] [VR-13]: in a time that the timers bound; who was with another router does not notice."""
    routers.start(hand_over="exact", skew="20ms", review_every="0s", **known(END_SYSTEMS))
    judge.begin()
    ledger = Ledger(sharing_lab, profile(7))
    routers.wait_until_shared(END_SYSTEMS)
    dead = routers.boxes[dies]
    dead.stop(signal.SIGKILL)
    report, said = ledger.report(), ledger.said
    assert_sums_hold(report)
    requests, responses = report["classes"][0]["requests"], report["classes"][0]["responses"]
    judge.nothing_is(requests, "duplicated")
    judge.nothing_is(responses, "duplicated")
    limit_s = FAULT_S if dies else TAKE_OVER_S
    assert 0 < requests["lost"] < limit_s * RATE / 2, said    # of one end system in three
    assert longest_gap_s(requests) < limit_s and longest_gap_s(responses) < limit_s, said
    if dies:
        judge.nothing_is(responses, "lost")     # their way is through the active router
    alive = [box for box in routers.boxes if box is not dead]
    # By what was measured, so not half each.
    until(lambda: all(sum(in_charge(box).values()) == END_SYSTEMS and sorted(in_charge(box).values())[0] == 0
                      and sorted(in_charge(box).values())[1] > END_SYSTEMS // 4 for box in alive), 10,
          lambda: f"a good part each: {[in_charge(box) for box in alive]}")
    for box in alive:
        assert_every_packet_is_accounted_for(box)


def test_a_router_that_was_cut_off_comes_back(sharing_lab, routers, judge):
    """[VR-11]: its end systems are the others' while the bridge does not reach it, and have one router each afterwards.
    It believed to be alone, and so forwards what it gets until it hears the active router again."""
    routers.start(hand_over="exact", skew="20ms", review_every="0s", **known(END_SYSTEMS))
    judge.begin()
    ledger = Ledger(sharing_lab, profile(9))
    routers.wait_until_shared(END_SYSTEMS)
    switch = f"{sharing_lab.name}-{network.SWITCH}"
    run("ip", "-n", switch, "link", "set", "lan-r2", "nomaster")
    until(lambda: in_charge(routers.boxes[0])[ADDRESSES[1]] == 0 and group(routers.boxes[1])["role"] == "active", 5,
          "its end systems are the others', and it is alone")
    run("ip", "-n", switch, "link", "set", "lan-r2", "master", "lan")
    report, said = ledger.report(), ledger.said
    assert_sums_hold(report)
    requests, responses = report["classes"][0]["requests"], report["classes"][0]["responses"]
    assert 0 < requests["lost"] < 2 * FAULT_S * RATE, said
    assert longest_gap_s(requests) < FAULT_S, said
    assert requests["duplicated"] <= (ADVERTISE_MS / 1000 + NOISE_S) * RATE, said
    judge.nothing_is(responses, "lost", "duplicated")
    until(lambda: all(sum(in_charge(box).values()) == END_SYSTEMS for box in routers.boxes)
          and in_charge(routers.boxes[0]) == in_charge(routers.boxes[1]) == in_charge(routers.boxes[2]), 10,
          lambda: f"one router for each: {[in_charge(box) for box in routers.boxes]}")
    ledger = Ledger(sharing_lab, profile(2))
    report = ledger.report()
    judge.nothing_is(report["total"], "lost", "duplicated")
    for box in routers.boxes:
        assert_every_packet_is_accounted_for(box)
