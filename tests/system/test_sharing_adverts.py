"""Load sharing whose advertisements hold a list of units, as tcpdump hears them and Wireshark's dissector reads them."""

import signal
import socket
import subprocess
from pathlib import Path

import pytest

from baton_lab.sharing import (ADDRESSES, configuration, group, in_charge, lan_group, router_ports,
                               sharing, until, wan_group)
from conftest import assert_every_packet_is_accounted_for, heard_by
from test_sharing_networks import answers, ping

pytestmark = pytest.mark.batond

DISSECTOR = Path(__file__).parents[2] / "scripts/wireshark/vrrp-load-sharing.lua"


def unit_lists(file):
    """For each advertisement with a list of units, in order: its sender and the states of r1, r2 and r3 by number. All of
    them are understood by Wireshark with our dissector, and nobody sends any other."""
    fields = ["ip.src", "vrrp_ls.unit", "vrrp_ls.state", "vrrp_ls.mode", "vrrp_ls.trailer.key"]

    def read(match):
        command = ["tshark", "-X", f"lua_script:{DISSECTOR}", "-r", str(file), "-T", "fields", "-Y", match]
        done = subprocess.run(command + [option for field in fields for option in ("-e", field)], check=True,
                              text=True, capture_output=True)
        return [line.split("\t") for line in done.stdout.splitlines()]
    assert read("vrrp && !vrrp_ls || _ws.expert || _ws.malformed") == []
    lists = read("vrrp_ls.type == 1")
    assert lists and all(row[1:2] + row[3:] == [",".join(ADDRESSES), "2", "1"] for row in lists), lists
    return [(src, states) for src, _, states, _, _ in lists]


def states_at(box):
    return {unit["address"]: unit["state"] for unit in sharing(box)["units"]}


def test_advertisements_with_a_list_of_units(sharing_lab, routers, tmp_path):
    """[VR-19] [VR-20] [VR-31] [VR-32]: they elect as others do, and say how each router is. One of the other kind is
    refused by name, and its sender is active beside them."""
    end_systems = ["10.0.0.51", "10.0.0.52", "10.0.0.53"]
    shared = {"end_systems": end_systems, "discovery": ["static"], "review_every": "0s", "hand_over": "exact"}
    file = tmp_path / "vrrp.pcap"
    with heard_by(sharing_lab, "e1", "lan", "ip proto 112", file, "--immediate-mode"):
        shared_by_list = {**shared, "advert_format": "unit-list"}
        routers.start(lambda priority: [lan_group(shared_by_list, priority), wan_group(priority)])
        routers.wait_until_shared(3)
        until(lambda: set(states_at(routers.boxes[1]).values()) == {"working"}, 5, "r2 was told that all take part")
        before = file.stat().st_size
        routers.boxes[0].stop(signal.SIGKILL)
        until(lambda: group(routers.boxes[1])["role"] == "active", 5, "r2 is active")
        until(lambda: in_charge(routers.boxes[2])[ADDRESSES[0]] == 0, 5, "r3 knows")
        # Version 3, type 1: an allocation goes there, too.
        advertisement = socket.inet_aton(ADDRESSES[1]) + socket.inet_aton("224.0.0.18") + b"\x31"
        # The first may still say what it knew as a backup.
        until(lambda: file.read_bytes()[before:].count(advertisement) > 1, 5, "two advertisements of r2 are captured")
    lists = unit_lists(file)
    # Units are suspended until they have end systems; whoever is active at first has them all.
    first, states = lists[0]
    assert states.split(",") == ["0" if unit == first else "1" for unit in ADDRESSES], lists
    assert (ADDRESSES[0], "0,0,0") in lists, lists
    assert lists[-1] == (ADDRESSES[1], "2,0,0"), lists    # the one before is at fault
    assert states_at(routers.boxes[1])[ADDRESSES[0]] == "fault"
    assert [answers(ping(sharing_lab, host, "192.0.2.2")) for host in ("e2", "e3")] == [(100, False)] * 2
    odd = routers.boxes[0]
    odd.configuration.write_text(configuration(odd, router_ports(1), [lan_group(shared)]))
    odd.start()
    until(lambda: group(odd)["role"] == "active", 5, "r1 is active, too")
    for box in (odd, routers.boxes[1]):
        until(lambda: "format" in [r["reason"] for r in group(box).get("refused", [])], 5, lambda: group(box))
    for box in routers.boxes:
        assert_every_packet_is_accounted_for(box)
