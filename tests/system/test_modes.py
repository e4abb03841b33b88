"""Address modes by hand: none refuses, migration holds and releases in order.
[AM-17] [AM-19] [AM-20] [AM-21] [AM-22]"""

import json

import pytest

from conftest import balance, wait_until
from services import TARGETS, each_target, fetch
from test_datagrams import attempt

pytestmark = pytest.mark.batond
ROUTED = [target for target in TARGETS if target.method == "full"]
ON_LINK = [target for target in TARGETS if target.method == "destination"]


@pytest.fixture
def box(lab):
    """The box, with every address back in charge afterwards."""
    yield lab.boxes["box"]
    for target in TARGETS:
        lab.boxes["box"].ctl("mode", target.address, "normal")


def mode_of(box, address):
    return next(a for a in box.ctl_json("show", "modes")["addresses"] if a["address"] == address)["mode"]


@pytest.mark.parametrize("target", ROUTED, ids=["v4", "v6"])
def test_mode_none_refuses_what_is_routed_here(lab, box, target):
    """[AM-21]: an error, and service again when the address is back."""
    box.ctl("mode", target.address, "none")
    assert mode_of(box, target.address) == "none"
    assert wait_until(lambda: attempt(lab, "tcp", target.address, 80) == "ConnectionRefusedError", 5)
    # Another address of the same box is not touched.
    assert fetch(lab, ON_LINK[0])
    box.ctl("mode", target.address, "normal")
    assert wait_until(lambda: attempt(lab, "tcp", target.address, 7) == "ConnectionRefusedError", 5)
    assert fetch(lab, target)


@pytest.mark.parametrize("target", ON_LINK, ids=["v4", "v6"])
def test_mode_none_is_silent_in_arp_and_neighbour_discovery(lab, box, target):
    box.ctl("mode", target.address, "none")
    lab.run("client", "ip", "neigh", "flush", "dev", "wan")
    assert attempt(lab, "udp", target.address, 7) in ("OSError", "TimeoutError")    # EHOSTUNREACH: nobody has it
    box.ctl("mode", target.address, "normal")
    lab.run("client", "ip", "neigh", "flush", "dev", "wan")
    assert fetch(lab, target)


@each_target
def test_migration_holds_and_normal_releases_in_order(lab, box, target, converse):
    client = converse(lab, "client", "numbered_echo", target.address, 7, 3, 50, "wait")
    assert client.hear() == "ready"
    box.ctl("mode", target.address, "migration")
    client.say()
    assert wait_until(lambda: int(balance(box)["held"]) >= 150, 5), balance(box)
    box.ctl("mode", target.address, "normal")
    assert json.loads(client.hear()) == [list(range(50))] * 3
    assert wait_until(lambda: int(balance(box)["held"]) == 0, 5)


@each_target
def test_a_connection_outlives_a_migration(lab, box, target, converse):
    client = converse(lab, "client", "kept_connection", target.address, 80)
    before = client.ask()
    box.ctl("mode", target.address, "migration")
    client.say()
    assert wait_until(lambda: int(balance(box)["held"]) >= 1, 5)
    box.ctl("mode", target.address, "normal")
    assert client.hear() == before
    assert client.ask() == before


def test_an_unknown_address_or_mode_is_refused_by_name(box):
    from baton_lab.commands import LabError
    with pytest.raises(LabError, match="address"):
        box.ctl("mode", "203.0.113.77", "normal")
    with pytest.raises(LabError, match="mode"):
        box.ctl("mode", ROUTED[0].address, "sideways")
