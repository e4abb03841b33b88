"""Load sharing under the ledger of baton-gen: 60 end systems with MAC addresses of their own and one gateway. Every packet
is numbered, so what is lost, doubled or late is known."""


import pytest

from baton_lab.ledger import Ledger, profile, warm_up
from baton_lab.sharing import forwarded
from conftest import assert_every_packet_is_accounted_for
from test_generator import assert_sums_hold

pytestmark = pytest.mark.batond

RATE = 3000

def test_sixty_end_systems_pass_through_all_routers(sharing_lab, routers, judge):
    """[VR-01] [VR-60]: found by what they send; dealt out while they do; no packet is lost or doubled."""
    routers.start(hand_over="exact", review_every="1s", hold_off="500ms", skew="20ms")
    before = [forwarded(box) for box in routers.boxes]
    judge.begin()
    warm_up(sharing_lab, 1)
    ledger = Ledger(sharing_lab, profile(6))
    report = ledger.report()
    judge.nothing_is(report["total"], "lost", "duplicated")
    assert_sums_hold(report)
    after = [forwarded(box) for box in routers.boxes]
    # A third of what is sent in a second at least; the active one's alone until they are found.
    assert min(a - b for b, a in zip(before, after)) > RATE / 3, (before, after)
    assert routers.hand_overs() >= 2
    for box in routers.boxes:
        assert_every_packet_is_accounted_for(box)
