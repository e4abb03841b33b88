"""Jumbo frames: every wire of the lab carries 9000 bytes, and so do the box's ports."""

import hashlib
import json
import re
import sys

import pytest

from conftest import assert_every_packet_is_accounted_for, lab_of
from services import each_target
from test_path import SEGMENT

JUMBO = 9000
pytestmark = pytest.mark.batond


def widen(lab):
    for host, interface in [("client", "wan"), *((backend, "lan") for backend in lab.backends)]:
        lab.run(host, "ip", "link", "set", interface, "mtu", str(JUMBO))
    for port in json.loads(lab.run("switch", "ip", "-json", "link", "show", "type", "veth")):
        lab.run("switch", "ip", "link", "set", port["ifname"], "mtu", str(JUMBO))
    box = lab.boxes["box"]
    text = re.sub(r'"(af_packet:\w+)",', rf'"\1", mtu: {JUMBO},', box.configuration.read_text())
    assert text.count(f"mtu: {JUMBO}") == 2
    box.configuration.write_text(text)


@pytest.fixture(scope="module")
def jumbo_lab():
    yield from lab_of("nat", "baton-jumbo", widen)


@pytest.fixture
def lab(jumbo_lab):
    yield jumbo_lab
    assert_every_packet_is_accounted_for(jumbo_lab.boxes["box"])


@each_target
def test_a_ping_that_fills_the_frame_is_answered(lab, target):
    headers = {"v4": 28, "v6": 48}[target.family]
    for size, answered in ((JUMBO - headers, 20), (JUMBO - headers + 1, 0)):
        printed = lab.run("client", "ping", "-c", "20", "-i", "0.02", "-W", "2", "-s", str(size), "-M", "do", target.address,
                          timeout=60, check=False)
        assert int(re.search(r"(\d+) received", printed).group(1)) == answered, printed


@each_target
def test_connections_use_large_segments(lab, target):
    announced = lab.run("client", sys.executable, "-c", SEGMENT, target.address)
    assert int(announced) == {"v4": 8948, "v6": 8928}[target.family]    # 8960, 8940 without 12 bytes of time stamps


@each_target
def test_a_download_is_whole(lab, target):
    page = bytes(range(256)) * 65536
    (lab.state / "www" / "jumbo.bin").write_bytes(page)
    fetched = lab.run("client", "sh", "-c", f"curl --silent --show-error --fail --max-time 20 '{target.url}jumbo.bin' | sha256sum")
    assert fetched.split()[0] == hashlib.sha256(page).hexdigest()
