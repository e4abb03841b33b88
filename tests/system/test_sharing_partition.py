"""Load sharing when the LAN is in parts: the active router goes on without the others, and they without it, until the
LAN heals. A ledger that is cut at each of these moments tells when packets are lost, and when they are doubled."""

import json

import pytest

from baton_lab import network
from baton_lab.ledger import Ledger, known, profile, warm_up
from baton_lab.sharing import ADVERTISE_MS, group, lan_group, until, wan_group
from conftest import assert_every_packet_is_accounted_for
from test_generator import assert_sums_hold

pytestmark = pytest.mark.batond

END_SYSTEMS = 60
RATE = 3000

NOISE_S = 0.75          # of a machine that many share
# Three advertisements, and a skew of less than one (RFC 9568, 6.1).
TAKE_OVER_S = 4 * ADVERTISE_MS / 1000 + NOISE_S
# Two advertisements, each with its responses (docs/vrrp-load-sharing.md, "A LAN in parts").
HEAL_S = 2 * ADVERTISE_MS / 1000 + NOISE_S
# r2 shares anew 2.5 s after it has become active, between these two; a hand-over that the healing interrupts would lose
# what waits.
CUT_S, SHARES_S, HEALED_S = 1, 3.5, 5
BEFORE, CUT, ALONE, SHARES, HEALS, HEALED = range(6)    # the ledger's intervals


def in_parts(lab, duration_s):
    """The ledger's profile, and what happens meanwhile: the bridge leaves `r1` out for four seconds."""
    at_bridge = f"ip -n {lab.name}-{network.SWITCH} link set lan-r1"
    happens = [(CUT_S, f"{at_bridge} nomaster"), (CUT_S + TAKE_OVER_S, "true"), (SHARES_S, "true"),
               (HEALED_S, f"{at_bridge} master lan"), (HEALED_S + HEAL_S, "true")]
    return json.dumps({**json.loads(profile(duration_s, END_SYSTEMS, RATE)),
                       "events": [{"at": f"{at * 1000:.0f}ms", "run": command} for at, command in happens]})


def start_sharing(routers, mode):
    """The way back is through r3, which the LAN's parts do not concern."""
    shared = {"hand_over": mode, "skew": "20ms", "review_every": "0s", **known(END_SYSTEMS)}
    routers.start(lambda priority: [lan_group(shared, priority), wan_group(250 - priority)])
    until(lambda: group(routers.boxes[2], 2)["role"] == "active", 5, "r3 is active in wan")
    routers.wait_until_shared(END_SYSTEMS)


@pytest.mark.parametrize("mode", ["exact", "sequence"])
def test_the_active_router_is_cut_off_and_comes_back(sharing_lab, routers, judge, mode):
    """[VR-11] [VR-13]: another router is active, and its end systems are the others'. Afterwards it is the only active
    one again, all know of the same shares, and what both parts forwarded is doubled no longer than that takes."""
    start_sharing(routers, mode)
    judge.begin()
    warm_up(sharing_lab, END_SYSTEMS)
    ledger = Ledger(sharing_lab, in_parts(sharing_lab, 20))
    until(lambda: group(routers.boxes[1])["role"] == "active", HEALED_S, "r2 is active")
    until(lambda: group(routers.boxes[1])["role"] == "backup", HEALED_S + HEAL_S, "r1 alone is active")
    routers.wait_until_shared(END_SYSTEMS, 10)
    ledger.stop()
    report, said = ledger.report(), ledger.said
    assert [event["exit_status"] for event in report["events"]] == [0] * 5, report["events"]
    assert_sums_hold(report)
    requests = [interval["classes"][0]["requests"] for interval in report["intervals"]]
    for interval in (BEFORE, ALONE):
        judge.nothing_is(requests[interval], "lost", "duplicated")
    judge.nothing_is(requests[CUT], "duplicated")
    assert 0 < requests[CUT]["lost"] < requests[CUT]["sent"] / 2, said    # of one end system in three
    judge.nothing_is(requests[HEALS], "lost")
    if mode == "exact":     # of datagrams, `sequence` may lose or double some while they are shared anew
        judge.nothing_is(requests[SHARES], "lost", "duplicated")
        judge.nothing_is(requests[HEALED], "lost", "duplicated")
    judge.nothing_is(report["classes"][0]["responses"], "lost", "duplicated")
    assert [group(box)["role"] for box in routers.boxes] == ["active", "backup", "backup"]
    for box in routers.boxes:
        assert_every_packet_is_accounted_for(box)
