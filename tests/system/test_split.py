"""IPv4 packets larger than the wire to the backends: the box cuts them, or tells the sender, as "don't fragment" says. Ports
are `af_xdp` as in test_fragments.py, whose hosts' fragments of 1500 bytes are cut once more here."""

import re

import pytest

from conftest import assert_every_packet_is_accounted_for, lab_of
from services import TARGETS
from test_streams import udp_loses_nothing

NARROW = 1400
each_ipv4_target = pytest.mark.parametrize("target", [t for t in TARGETS if t.family == "v4"], ids=lambda t: t.method)


def narrow(lab):
    for backend in lab.backends:
        lab.run(backend, "ip", "link", "set", "lan", "mtu", str(NARROW))
    box = lab.boxes["box"]
    text = box.configuration.read_text().replace("af_packet:", "af_xdp:")
    text = text.replace('"af_xdp:lan",', f'"af_xdp:lan", mtu: {NARROW},')
    assert f"mtu: {NARROW}" in text
    box.configuration.write_text(text)


@pytest.fixture(scope="module")
def split_lab():
    yield from lab_of("nat", "baton-split", narrow)


@pytest.fixture
def lab(split_lab):
    yield split_lab
    assert_every_packet_is_accounted_for(split_lab.boxes["box"])


pytestmark = pytest.mark.batond


def ping(lab, target, size, fragment):
    """How many of 20 came back."""
    printed = lab.run("client", "ping", "-c", "20", "-i", "0.02", "-W", "5", "-s", str(size), "-M", fragment, target.address,
                      timeout=60, check=False)
    assert "DUP!" not in printed
    return int(re.search(r"(\d+) received", printed).group(1)), printed


@each_ipv4_target
@pytest.mark.parametrize("size", [1372, 1373, 1472, 8000])
def test_a_ping_of_any_size_is_answered(lab, target, size):
    """1372 bytes are the most that fit."""
    assert ping(lab, target, size, "dont")[0] == 20


@each_ipv4_target
def test_who_says_do_not_fragment_hears_the_mtu(lab, target):
    lab.run("client", "ip", "route", "flush", "cache")
    received, printed = ping(lab, target, 1373, "do")
    assert received == 0
    assert re.search(r"mtu ?= ?1400", printed), printed
    assert ping(lab, target, 1372, "do")[0] == 20
    lab.run("client", "ip", "route", "flush", "cache")


@each_ipv4_target
def test_iperf_with_datagrams_of_8_kib_loses_nothing(lab, target):
    """Pieces of 1500 bytes, each cut into one of 1396 and one of 124: what the server puts together is whole."""
    udp_loses_nothing(lab, target, 500, "--bitrate", "20M", "--length", "8192")
