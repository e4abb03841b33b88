"""Load sharing: end systems that are handed from router to router, hundreds of times, under load."""

import pytest

from baton_lab.ledger import Ledger, known, profile, warm_up
from baton_lab.sharing import ADDRESSES
from conftest import assert_every_packet_is_accounted_for

pytestmark = pytest.mark.batond

END_SYSTEMS = 60


def test_hundreds_of_hand_overs_lose_and_double_nothing(sharing_lab, routers, judge):
    """[VR-67] in `exact`, for UDP: each is moved eight times at least, between each two routers."""
    routers.start(hand_over="exact", skew="20ms", review_every="0s", **known(END_SYSTEMS))
    routers.wait_until_shared(END_SYSTEMS)
    judge.begin()
    warm_up(sharing_lab, END_SYSTEMS)
    ledger = Ledger(sharing_lab, profile(60, END_SYSTEMS, rate=2000))
    moved = 0
    while moved < 8 * END_SYSTEMS:
        for unit in ADDRESSES:
            moved += routers.move_all_to(unit)
    ledger.stop()
    judge.nothing_is(ledger.report()["total"], "lost", "duplicated")
    for box in routers.boxes:
        assert_every_packet_is_accounted_for(box)
