"""Backends that answer past the box: real nginx and the kernel on their side, real clients on the other."""

import json

import pytest

from conftest import assert_every_packet_is_accounted_for, lab_of, wait_until
from services import Target, fetch
from test_datagrams import ping

pytestmark = pytest.mark.batond

DIRECT = [Target("direct", "v4", "192.0.2.10", "192.0.2.2"), Target("direct", "v6", "2001:db8:1::10", "2001:db8:1::2")]

VXLAN = [Target("vxlan", "v4", "192.0.2.20", "192.0.2.2"), Target("vxlan", "v6", "2001:db8:1::20", "2001:db8:1::2")]
IP_IN_IP = [Target("ip", "v4", "192.0.2.30", "192.0.2.2"), Target("ip", "v6", "2001:db8:1::30", "2001:db8:1::2"),
            Target("ip6", "v4", "192.0.2.31", "192.0.2.2"), Target("ip4", "v6", "2001:db8:1::31", "2001:db8:1::2")]
TUNNEL = VXLAN + IP_IN_IP


def take_addresses(lab, host):
    """The addresses of the services on `lo`, and nobody on the wires learns of it."""
    lab.run(host, "sysctl", "-qw", "net.ipv4.conf.all.arp_ignore=1", "net.ipv4.conf.all.arp_announce=2")
    for target in DIRECT + TUNNEL:
        nodad = ["nodad"] if target.family == "v6" else []
        lab.run(host, "ip", "address", "add", f"{target.address}/{128 if nodad else 32}", "dev", "lo", *nodad)


def add_vxlan_devices(lab, host):
    """The kernel's own end of the tunnels, as an operator sets it up (docs/configuration.md)."""
    for family, vni, local in (("v4", 4, f"10.0.0.1{host[1]}"), ("v6", 6, f"2001:db8:a::1{host[1]}")):
        checksums = ["udp6zerocsumrx"] if family == "v6" else []
        lab.run(host, "ip", "link", "add", f"vx{vni}", "address", f"02:00:00:00:07:1{host[1]}", "type", "vxlan",
                "id", str(vni), "dstport", "4789", "local", local, "dev", "lan", "nolearning", *checksums)
        lab.run(host, "ip", "link", "set", f"vx{vni}", "up")


@pytest.fixture(scope="module")
def methods_lab():
    for lab in lab_of("methods", "baton-methods"):
        for host in lab.backends:
            take_addresses(lab, host)
            add_vxlan_devices(lab, host)
        yield lab


@pytest.fixture
def lab(methods_lab):
    yield methods_lab
    box = methods_lab.boxes["box"]
    assert box.process.pid() is not None, "batond is gone"
    assert_every_packet_is_accounted_for(box)


def traffic(lab, service):
    """Packets to and from the backends of a service, as the box counted them."""
    listed = lab.boxes["box"].ctl_json("show", "backends")["backends"]
    of_service = [backend["load"] for backend in listed if backend["service"] == service]
    return (sum(int(load["packets_to"]) for load in of_service), sum(int(load["packets_from"]) for load in of_service))


each_direct = pytest.mark.parametrize("target", DIRECT, ids=lambda t: f"{t.method}-{t.family}")


@each_direct
def test_http_requests_pass_the_box_and_answers_do_not(lab, target):
    answers = fetch(lab, target, times=8)
    assert {source for _, source in answers} == {target.source}
    assert {backend for backend, _ in answers} == {"s1", "s2"}
    to, back = traffic(lab, target.service("web"))
    assert to >= 8 * 4    # SYN, ACK, request, FIN
    assert back == 0


@each_direct
def test_many_requests_and_none_fails(lab, target):
    printed = lab.run("client", "ab", "-q", "-n", "2000", "-c", "20", "-s", "30", target.url, timeout=60)
    assert "Complete requests:      2000" in printed
    assert "Failed requests:        0" in printed


@each_direct
def test_ping_and_datagrams(lab, target, converse):
    assert ping(lab, "client", target.address) == (20, 20)
    client = converse(lab, "client", "numbered_echo", target.address, 7, 4, 100)
    assert client.hear() == "ready"
    assert json.loads(client.hear()) == [list(range(100))] * 4


@each_direct
def test_a_closed_connection_is_no_longer_open(lab, target):
    fetch(lab, target)

    def nothing_open():
        listed = lab.boxes["box"].ctl_json("show", "services")["services"]
        return all(int(s["load"].get("open", 0)) == 0 for s in listed if s["name"] == target.service("web"))
    assert wait_until(nothing_open, 5)


@pytest.fixture
def tunnels_end(lab, converse):
    """On each backend, a program takes packets out of IP in IP."""
    for host in lab.backends:
        assert converse(lab, host, "decapsulate").hear() == "ready"


each_tunnel = pytest.mark.parametrize("target", TUNNEL, ids=lambda t: f"{t.method}-{t.family}")


@each_tunnel
def test_http_through_tunnels(lab, tunnels_end, target):
    answers = fetch(lab, target, times=6)
    assert {source for _, source in answers} == {target.source}
    assert {backend for backend, _ in answers} == {"s1", "s2"}
    to, back = traffic(lab, target.service("web"))
    assert to >= 6 * 4
    assert back == 0


@each_tunnel
def test_an_upload_finds_the_mtu_of_the_tunnel(lab, tunnels_end, target):
    """The client's segments fill its wire and do not fit with an outer header: it hears what does."""
    def too_big():
        drops = lab.boxes["box"].ctl_json("show", "drops")["drops"]
        return sum(int(d["packets"]) for d in drops if d["reason"] == "too_big")
    lab.run("client", "ip", *(["-6"] if target.family == "v6" else []), "route", "flush", "cache")
    before = too_big()
    upload = ("curl", "--silent", "--show-error", "--max-time", "10", "--output", "/dev/null",
              "--write-out", "%{size_upload}", "--header", "Expect:", "--data-binary", "@-", target.url)
    assert lab.run("client", *upload, text="x" * 300_000) == "300000"
    assert too_big() > before
