"""baton-gen sends datagrams of 8 KiB in pieces through batond and gets each back.

IPv4 over af_xdp: of an af_packet port, the box's and the generator's, the kernel puts IPv4 fragments together."""

import pytest

from baton_lab.lab import Lab
from conftest import BALANCER, assert_every_packet_is_accounted_for, lab_of
from test_generator import DIRECTIONS, Run, assert_sums_hold

pytestmark = pytest.mark.batond


@pytest.fixture(scope="module")
def packet_lab():
    yield from lab_of("generator", "baton-gen-pieces")


@pytest.fixture(scope="module")
def xdp_lab():
    lab = Lab("generator", "baton-gen-xdp", BALANCER)
    try:
        lab.up(start_boxes=False)
        box = lab.boxes["box"]
        box.configuration.write_text(box.configuration.read_text().replace("af_packet:", "af_xdp:"))
        box.start()
        yield lab
    finally:
        lab.down()


def assert_nothing_is_lost(lab, status, said, report):
    said += str(lab.boxes["box"].ctl_json("show", "drops")["drops"])
    assert status == 0, said
    assert_sums_hold(report)
    for c in report["classes"]:
        for direction in DIRECTIONS:
            assert c[direction]["sent"] > 300, said
            assert c[direction]["lost"] == c[direction]["duplicated"] == 0, said
        if "fragments_sent" in c:
            assert c["fragments_sent"]["requests"] > 2 * c["requests"]["sent"], said
            assert c["fragments_sent"]["responses"] == c["fragments_sent"]["requests"], said
    fragments = report["fragments"]
    assert fragments["datagrams"] > 1000, said
    # All but the datagrams that fit into one packet.
    sent = sum(sum(c.get("fragments_sent", {}).values()) for c in report["classes"])
    assert sent * 0.9 < fragments["arrived"] <= sent, said
    for name in ("incomplete", "overlapping", "duplicated", "no_room", "impossible", "no_buffers"):
        assert fragments[name] == 0, said
    assert_every_packet_is_accounted_for(lab.boxes["box"])


def test_datagrams_over_ipv6_in_pieces_in_any_order(packet_lab):
    run = Run(packet_lab, ("duration: 10s", "duration: 4s"), name="lab-fragments.yaml")
    assert_nothing_is_lost(packet_lab, *run.end())


def test_datagrams_over_ipv4_in_pieces_in_any_order(xdp_lab):
    run = Run(xdp_lab, ("duration: 10s", "duration: 4s"), ("af_packet:wan", "af_xdp:wan"), ("af_packet:lan", "af_xdp:lan"),
              ('"[2001:db8:1::10]:7"', '"192.0.2.10:7"'), ('"[2001:db8:51::20]:7"', '"198.51.100.20:7"'),
              ('"2001:db8:1::10"', "192.0.2.10"), name="lab-fragments.yaml")
    assert_nothing_is_lost(xdp_lab, *run.end())
