"""Virtual routers on the wire: what tshark says of our advertisements, and what a box makes of messages that are wrong. Each bad message differs in one thing from one that would make its receiver give way."""

import pytest

from baton_lab.commands import run
from conftest import assert_every_packet_is_accounted_for, wait_until
from test_vrrp import routers_lab  # noqa: F401 (a fixture)
from vrrp_messages import address, refusals, send, version_2, version_3, with_checksum

pytestmark = pytest.mark.batond

BOX = """\
node: {{name: r1}}
api: {{socket: {state}/r1.sock, metrics: ""}}
dataplane: {{access_rows: 10000, packet_buffers: 16384}}
ports:
  - {{name: wan, device: "af_packet:wan", addresses: [192.0.2.11/24, "2001:db8:1::11/64"]}}
  - {{name: lan, device: "af_packet:lan", addresses: [10.0.0.11/24, "2001:db8:a::11/64"]}}
virtual_routers:
  - {{id: 1, port: lan, addresses: [10.0.0.1], advertise_every: 100ms}}
  - {{id: 1, port: lan, addresses: ["fe80::1", "2001:db8:a::1"], advertise_every: 100ms}}
  - {{id: 2, port: lan, addresses: [10.0.0.2], version: 2, advertise_every: 1s}}
  - {{id: 3, port: lan, addresses: [10.0.0.3], version: 2, advertise_every: 1s, password: s3cret}}
  - {{id: 4, port: lan, addresses: [10.0.0.4], advertise_every: 100ms, checksum: message}}
"""


@pytest.fixture(scope="module")
def box(routers_lab):  # noqa: F811
    batond = routers_lab.boxes["r1"]
    batond.configuration.write_text(BOX.format(state=routers_lab.state))
    batond.start()
    assert wait_until(lambda: all(r["role"] == "active" for r in routers(batond)), 10)
    yield batond
    assert_every_packet_is_accounted_for(batond)
    batond.stop()


def routers(batond):
    return batond.ctl_json("show", "virtual-routers")["virtual_routers"]


def decoded(capture, checksum_without_pseudo_header):
    """{(version, network layer, VRID): {(checksum status, complaint)}} of what is in the file; status 1 is good."""
    fields = ("vrrp.version", "frame.protocols", "vrrp.virt_rtr_id", "vrrp.checksum.status", "_ws.expert.message", "_ws.malformed")
    printed = run("tshark", "-r", str(capture), "-Y", "vrrp", "-T", "fields", *(word for f in fields for word in ("-e", f)),
                  "-o", f"vrrp.v3_checksum_as_in_v2:{checksum_without_pseudo_header}", timeout=30)
    seen = {}
    for line in printed.splitlines():
        version, layers, vrid, status, expert, malformed = line.split("\t")
        seen.setdefault((version, layers.split(":")[2], vrid), set()).add((status, expert + malformed))
    return seen


def test_tshark_understands_every_advertisement(routers_lab, box):  # noqa: F811
    """Both versions, both families, both checksums of version 3 (RFC 9568, 5.2.8); with and without a password."""
    capture = routers_lab.state / "vrrp.pcap"
    run(*routers_lab.enter("e2"), "tshark", "-q", "-i", "lan", "-a", "duration:2", "-w", str(capture), timeout=30)
    good = {("1", "")}
    with_pseudo_header = {("3", "ip", "1"): good, ("3", "ipv6", "1"): good, ("2", "ip", "2"): good, ("2", "ip", "3"): good}
    seen = decoded(capture, "FALSE")
    assert seen.pop(("3", "ip", "4")) != good
    assert seen == with_pseudo_header
    assert decoded(capture, "TRUE")[("3", "ip", "4")] == good


BAD = [
    ("ttl", dict(message=version_3(), ttl=254), (1, "ttl")),
    ("checksum", dict(message=version_3()[:6] + b"\x12\x34" + version_3()[8:]), ("", "checksum")),
    ("unknown-vrid", dict(message=version_3(vrid=77)), ("", "unknown_vrid")),
    ("cut-short", dict(message=version_3()[:7]), ("", "length")),
    ("count-lies", dict(message=version_3(count=9)), ("", "length")),
    ("version", dict(message=with_checksum(b"\x41" + version_3()[1:6] + b"\0\0" + version_3()[8:], True)), ("", "version")),
    ("wrong-version-for-the-router", dict(message=version_3(vrid=2, rest=address("10.0.0.2"))), (2, "version")),
    ("wrong-password", dict(message=version_2(3, "s3cres")), (3, "authentication")),
    ("password-where-none-is", dict(message=version_2(2, "s3cret")), (2, "authentication")),
]


@pytest.mark.parametrize("how, expected", [(how, expected) for _, how, expected in BAD], ids=[name for name, _, _ in BAD])
def test_a_bad_message_is_counted_and_changes_nothing(routers_lab, box, how, expected):  # noqa: F811
    before, since = refusals(box), [r["became_active"] for r in routers(box)]
    send(routers_lab, **how)
    after = {**before, expected: before.get(expected, 0) + 1}
    assert wait_until(lambda: refusals(box) == after, 3), (refusals(box), before)
    assert all(r["role"] == "active" for r in routers(box)) and [r["became_active"] for r in routers(box)] == since


def test_the_same_message_without_a_fault_has_the_box_give_way(routers_lab, box):  # noqa: F811
    """Or else the cases above would say nothing."""
    before = int(routers(box)[0]["became_backup"])
    send(routers_lab, version_3())
    assert wait_until(lambda: int(routers(box)[0]["became_backup"]) == before + 1, 3), routers(box)[0]
    assert wait_until(lambda: routers(box)[0]["role"] == "active", 5)
    before = int(routers(box)[3]["became_backup"])
    send(routers_lab, version_2(3, "s3cret"))
    assert wait_until(lambda: int(routers(box)[3]["became_backup"]) == before + 1, 3), routers(box)[3]
    assert wait_until(lambda: routers(box)[3]["role"] == "active", 10)
