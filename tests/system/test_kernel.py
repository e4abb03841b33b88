"""The kernel side: programs on the box use its ports by interfaces of the kernel, `wan0` and `lan0`, while batond balances
on the same wires."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from baton_lab.routing import Router
from conftest import assert_every_packet_is_accounted_for, lab_of, wait_until
from services import Target, fetch
from test_datagrams import ping

pytestmark = pytest.mark.batond

WEB = Target("destination", "v4", "192.0.2.10", "192.0.2.2")
OVERLOAD_S = 25
FLOOD = Path(__file__).with_name("clients") / "flood.py"


@pytest.fixture(scope="module")
def kernel_lab():
    yield from lab_of("kernel", "baton-kernel")


@pytest.fixture
def lab(kernel_lab):
    yield kernel_lab
    box = kernel_lab.boxes["box"]
    assert box.process.pid() is not None, "batond is gone"
    assert_every_packet_is_accounted_for(box)


def port(lab, name):
    return next(p for p in lab.boxes["box"].ctl_json("show", "ports")["ports"] if p["name"] == name)


def test_the_interface_is_the_twin_of_the_port_and_goes_with_batond(lab):
    shown, = json.loads(lab.run("box", "ip", "-json", "address", "show", "dev", "wan0"))
    assert shown["address"] == port(lab, "wan")["mac"]
    assert "UP" in shown["flags"]
    addresses = {f"{a['local']}/{a['prefixlen']}" for a in shown["addr_info"] if a["scope"] == "global"}
    assert addresses == {"192.0.2.1/24", "2001:db8:1::1/64"}
    assert lab.boxes["box"].stop() == 0
    try:
        assert "wan0" not in lab.run("box", "ip", "-brief", "link")
    finally:
        lab.boxes["box"].start()


@pytest.mark.parametrize("host", ["192.0.2.2", "2001:db8:1::2", "10.0.0.11", "2001:db8:a::11"])
def test_the_box_pings_its_neighbours(lab, host):
    """Its kernel asks for their MAC addresses itself; batond passes the answers on."""
    lab.run("box", "ip", "neighbor", "flush", "all")
    assert ping(lab, "box", host) == (20, 20)


@pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8:1::1"])
def test_the_box_is_pinged_without_its_kernel(lab, address):
    before = int(port(lab, "wan")["to_kernel"])
    assert ping(lab, "client", address) == (20, 20)
    assert int(port(lab, "wan")["to_kernel"]) - before < 10    # neighbour discovery at most


@pytest.fixture
def server(lab):
    """A TCP server of the box's, on all its addresses."""
    process = subprocess.Popen([*lab.enter("box"), sys.executable, "-m", "http.server", "8022", "--bind", "::",
                                "--directory", str(lab.state)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        assert wait_until(lambda: "8022" in lab.run("box", "ss", "-Hltn"), 10)
        yield 8022
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("host, address", [("client", "192.0.2.1"), ("client", "[2001:db8:1::1]"), ("s1", "10.0.0.1"),
                                           ("s1", "[2001:db8:a::1]")])
def test_a_server_on_the_box_is_reached_by_the_ports_addresses(lab, server, host, address):
    (lab.state / "file").write_bytes(bytes(3_000_000))
    size = lab.run(host, "curl", "--silent", "--fail", "--max-time", "20", "--output", "/dev/null",
                   "--write-out", "%{size_download}", f"http://{address}:{server}/file")
    assert size == "3000000"
    assert fetch(lab, WEB)    # the service next to it


def test_a_closed_port_is_refused_by_the_kernel(lab):
    printed = lab.run("client", "curl", "-s", "-w", "%{errormsg}", "--max-time", "5", "http://192.0.2.1:8023/", check=False)
    assert "refused" in printed or "Couldn't connect" in printed


def test_a_datagram_to_a_closed_port_is_answered_once(lab):
    """By the kernel, not by batond as well."""
    lab.run("client", "nstat", "-n")
    lab.run("client", sys.executable, "-c",
            "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 8024))")

    def answers():
        counts = json.loads(lab.run("client", "nstat", "-saz", "--json"))["kernel"]
        return counts["IcmpInDestUnreachs"]
    assert wait_until(lambda: answers() == 1, 5)


ROUTES = {"client": ("203.0.113.0/24", "2001:db8:f::/64"), "box": ("198.51.100.0/24", "2001:db8:51::/64")}


@pytest.fixture(scope="module")
def routers(kernel_lab):
    """FRR on the box and on the client, which speak BGP over both families."""
    def router(host, own, address, peer, peer_number):
        return Router(kernel_lab.state, f"{kernel_lab.name}-{host}", host, own, address,
                      [(p, peer_number) for p in peer], ROUTES[host])
    pair = {"box": router("box", 64512, "192.0.2.1", ("192.0.2.2", "2001:db8:1::2"), 64513),
            "client": router("client", 64513, "192.0.2.2", ("192.0.2.1", "2001:db8:1::1"), 64512)}
    try:
        for one in pair.values():
            one.start()
        yield pair
    finally:
        for one in pair.values():
            one.stop()


def established(router):
    sessions = router.sessions()
    return len(sessions) == 2 and all(s["state"] == "Established" for s in sessions.values())


def has_route(lab, host, network, interface):
    family = "-6" if ":" in network else "-4"
    found = json.loads(lab.run(host, "ip", "-json", family, "route", "show", network) or "[]")
    return any(route.get("dev") == interface and route.get("protocol") == "bgp" for route in found)


def test_bgp_over_the_port_brings_routes_into_both_kernels(lab, routers):
    assert wait_until(lambda: all(established(router) for router in routers.values()), 30)
    for host, other, interface in (("box", "client", "wan0"), ("client", "box", "wan")):
        for network in ROUTES[other]:
            assert wait_until(lambda: has_route(lab, host, network, interface), 10), (host, network)


def dropped(lab, reason):
    drops = lab.boxes["box"].ctl_json("show", "drops")["drops"]
    return sum(int(drop["packets"]) for drop in drops if drop["reason"] == reason)


def test_bgp_survives_an_overload_of_data(lab, routers):
    """More datagrams to a service than the worker takes, for eight times as long as a session goes without a keepalive."""
    assert wait_until(lambda: all(established(router) for router in routers.values()), 30)
    before = {host: router.sessions() for host, router in routers.items()}
    received, shed = int(port(lab, "wan")["received"]), dropped(lab, "overload")
    floods = [subprocess.Popen([*lab.enter("client"), sys.executable, str(FLOOD), "192.0.2.10", "9", str(OVERLOAD_S)],
                               stdout=subprocess.PIPE, text=True) for _ in range(3)]
    sent = sum(int(process.communicate(timeout=OVERLOAD_S + 60)[0].split()[-1]) for process in floods)
    after = {host: router.sessions() for host, router in routers.items()}
    received, shed = int(port(lab, "wan")["received"]) - received, dropped(lab, "overload") - shed
    assert received - shed < 0.9 * sent, "this was no overload"
    for host in routers:
        for peer, session in after[host].items():
            was = before[host][peer]
            assert session["state"] == "Established"
            assert session["connectionsDropped"] == was["connectionsDropped"], (host, peer)
            assert session["peerUptimeMsec"] >= OVERLOAD_S * 1000, (host, peer)
            assert session["msgRcvd"] - was["msgRcvd"] >= OVERLOAD_S // 2, (host, peer)
