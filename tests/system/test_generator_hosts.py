"""End systems that baton-gen plays, with MAC addresses of their own, around batond."""

import pytest

from conftest import assert_every_packet_is_accounted_for, lab_of
from test_generator import Run, assert_sums_hold

pytestmark = pytest.mark.batond


@pytest.fixture(scope="module")
def lab():
    yield from lab_of("direct", "baton-direct")


def test_servers_that_share_an_address_keep_their_flows(lab):
    """`forward: direct`: the box changes MAC addresses alone; a flow stays at its server, and each server has a part."""
    box = lab.boxes["box"]
    status, said, report = Run(lab, ("duration: 10s", "duration: 4s"), name="lab-direct.yaml").end()
    assert status == 0, said
    assert_sums_hold(report)
    total = report["total"]
    assert total["lost"] == total["wrong_server"] == total["wrong_mac"] == 0, said
    for c in report["classes"][:2]:
        assert c["requests"]["sent"] == c["responses"]["arrived"] > 8000, said
    web = report["classes"][2]["connections"]
    assert web["opened"] == web["completed"] > 800, said
    # Each backend has a third, as the box counts; its clients' packets were sent through the gateway of each family.
    loads = [b["load"] for b in box.ctl_json("show", "backends")["backends"] if b["service"] == "echo-v4"]
    assert len(loads) == 3 and min(int(load["packets_to"]) for load in loads) > 2000, loads
    sent = {(g["port"], g["address"]): g["sent"] for g in report["gateways"]}
    assert sent["wan", "2001:db8:1::1"] == report["classes"][1]["requests"]["sent"]
    assert sent["lan", "2001:db8:a::1"] == report["classes"][1]["responses"]["sent"]
    assert sent["wan", "192.0.2.1"] > report["classes"][0]["requests"]["sent"]
    assert report["gateway_changes_count"] == 0
    # A neighbour each for the hosts that sent: clients by their addresses, servers by theirs.
    macs = {n["address"]: n["mac"] for n in box.ctl_json("show", "neighbors")["neighbors"]}
    servers = {macs[address] for address in ("10.0.0.11", "10.0.0.12", "10.0.0.13")}
    assert len(servers) == 3 and {mac[:2] for mac in servers} == {"06"}
    assert macs["2001:db8:a::11"] == macs["10.0.0.11"], "the n-th of each family is one host"
    assert_every_packet_is_accounted_for(box)
