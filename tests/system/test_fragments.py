"""Datagrams of 8 KiB, which the hosts cut up, in both directions through the services.

The box's ports are `af_xdp` here: of an `af_packet` port the kernel puts IPv4 fragments together before the box sees them
(DPDK's driver asks it to, PACKET_FANOUT_FLAG_DEFRAG)."""

import sys
from pathlib import Path

import pytest

from baton_lab.lab import Lab
from conftest import BALANCER, assert_every_packet_is_accounted_for
from services import each_target
from test_datagrams import ping
from test_streams import udp_loses_nothing

SHUFFLED = Path(__file__).with_name("clients") / "shuffled.py"


@pytest.fixture(scope="module")
def fragment_lab():
    lab = Lab("nat", "baton-fragments", BALANCER)
    try:
        lab.up(start_boxes=BALANCER != "batond")
        if BALANCER == "batond":
            box = lab.boxes["box"]
            box.configuration.write_text(box.configuration.read_text().replace("af_packet:", "af_xdp:"))
            box.start()
        yield lab
    finally:
        lab.down()


@pytest.fixture
def lab(fragment_lab):
    yield fragment_lab
    if BALANCER == "batond":
        assert_every_packet_is_accounted_for(fragment_lab.boxes["box"])


@each_target
@pytest.mark.parametrize("direction", [[], ["--reverse"]], ids=["up", "down"])
def test_iperf_with_datagrams_of_8_kib_loses_nothing(lab, target, direction):
    """[AM-05]: every datagram in six pieces."""
    udp_loses_nothing(lab, target, 1000, "--bitrate", "40M", "--length", "8192", *direction)


@each_target
def test_a_service_answers_a_ping_of_8000_bytes(lab, target):
    assert ping(lab, "client", target.address, 8000) == (20, 20)


@pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8:1::1"])
def test_the_box_answers_a_ping_of_8000_bytes(lab, address):
    assert ping(lab, "client", address, 8000) == (20, 20)


@each_target
def test_fragments_in_any_order_come_back_as_one_datagram(lab, target):
    """Most of them come before their first one and wait for it in the box."""
    source = "2001:db8:1::2" if target.family == "v6" else "192.0.2.2"
    printed = lab.run("client", sys.executable, str(SHUFFLED), source, target.address, "7", "100", timeout=60)
    assert printed.strip() == "100"
