"""ICMP errors through both translations: path MTU discovery behind a narrow link, traceroute, tracepath, refusals. A host
`far` lies behind the client, which routes; the wire between the two carries 1300 bytes towards `far`, which does not know
it: servers must learn it from the client's ICMP errors, which the box has to translate."""

import hashlib
import re
import sys

import pytest

from baton_lab import network
from baton_lab.commands import run
from services import each_target

NARROW = 1300
FAR = {"v4": "203.0.113.9", "v6": "2001:db8:f::9"}
CLIENT_TO_FAR = {"v4": "203.0.113.1", "v6": "2001:db8:f::1"}
BOX = {"v4": "192.0.2.1", "v6": "2001:db8:1::1"}

# Sends a datagram from a connected socket until an error comes back; prints its name, or "silence".
ASK = """
import socket, sys
s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(0.5)
s.connect((sys.argv[1], int(sys.argv[2])))
for attempt in range(10):
    try:
        s.send(b"?")
        s.recv(100)
    except socket.timeout:
        continue
    except OSError as error:
        print(type(error).__name__)
        sys.exit()
print("silence")
"""


@pytest.fixture
def far(lab):
    """The network behind the client; afterwards hosts have forgotten the path MTUs they learnt."""
    name = f"{lab.name}-far"
    run("ip", "netns", "add", name)
    network.quieten(name, False)
    network.join(f"{lab.name}-client", "far", name, "near")
    lab.run("client", "sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")
    for host, interface, addresses in (("client", "far", CLIENT_TO_FAR), ("far", "near", FAR)):
        lab.run(host, "ip", "address", "add", f"{addresses['v4']}/24", "dev", interface)
        lab.run(host, "ip", "address", "add", f"{addresses['v6']}/64", "dev", interface, "nodad")
    for gateway in CLIENT_TO_FAR.values():
        lab.run("far", "ip", "route", "replace", "default", "via", gateway)
    lab.run("client", "ip", "link", "set", "far", "mtu", str(NARROW))
    forget(lab)
    yield "far"
    network.end_processes(name)
    run("ip", "netns", "delete", name)
    lab.run("client", "sysctl", "-qw", "net.ipv4.ip_forward=0", "net.ipv6.conf.all.forwarding=0")
    lab.run("client", "ip", "route", "replace", "default", "via", BOX["v4"])
    lab.run("client", "ip", "route", "replace", "default", "via", BOX["v6"])
    forget(lab)


def forget(lab):
    for backend in lab.backends:
        lab.run(backend, "ip", "route", "flush", "cache")
        lab.run(backend, "ip", "-6", "route", "flush", "cache")


def learnt(lab, destination):
    """The path MTUs that backends have learnt towards an address."""
    routes = [lab.run(backend, "ip", "route", "get", destination) for backend in lab.backends]
    return [int(found.group(1)) for found in (re.search(r"\bmtu (\d+)", route) for route in routes) if found]


@each_target
def test_servers_learn_the_path_mtu_through_the_translation(lab, far, target):
    """RFC 1191, RFC 8201: without the translated error every full segment would be lost, and the transfer with it."""
    page = bytes(range(256)) * 2048
    (lab.state / "www" / "path.bin").write_bytes(page)
    fetched = lab.run(far, "sh", "-c", f"curl --silent --show-error --fail --max-time 20 '{target.url}path.bin' | sha256sum")
    assert fetched.split()[0] == hashlib.sha256(page).hexdigest()
    peer = FAR[target.family] if target.method == "destination" else target.source
    assert learnt(lab, peer) == [NARROW]


@each_target
def test_a_backends_refusal_reaches_the_client(lab, target):
    """Nobody listens on UDP 5201 before a test asks iperf3 to: the backend's port unreachable must arrive as the service's. A
    connected socket hears only errors that quote its own datagram (RFC 1122, 4.1.3.3)."""
    assert lab.run("client", sys.executable, "-c", ASK, target.address, "5201").strip() == "ConnectionRefusedError"


@each_target
def test_traceroute_shows_the_box_and_then_the_service(lab, far, target):
    """TCP to the service's port, from `far`: the client, the box, the service, at TTL 1, 2, 3."""
    printed = lab.run(far, "traceroute", "-n", "-T", "-p", "80", "-q", "1", "-w", "5", "-m", "6", target.address, timeout=60)
    hops = re.findall(r"^ *\d+ +([0-9a-f.:*]+)", printed, re.MULTILINE)
    assert hops == [CLIENT_TO_FAR[target.family], BOX[target.family], target.address], printed


@pytest.mark.parametrize("kind", ["v4", "v6"])
def test_tracepath_finds_the_narrow_link_behind_the_box(lab, far, kind):
    """From a backend through the box, which routes it: hops and path MTU by ICMP errors alone."""
    printed = lab.run("s1", "tracepath", "-n", "-m", "6", FAR[kind], timeout=60)
    assert re.search(r"Resume: pmtu 1300\b", printed), printed
    assert {"v4": "10.0.0.1", "v6": "2001:db8:a::1"}[kind] in printed
    assert re.search(rf"{re.escape(FAR[kind])} .*reached", printed), printed


SEGMENT = """
import socket, sys
s = socket.create_connection((sys.argv[1], 80), timeout=10)
print(s.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG))
"""


@each_target
def test_a_segment_size_larger_than_the_ports_is_lowered(lab, target):
    """The backends' interfaces say that they carry 9000 bytes; the box's ports carry 1500, and says so to the client."""
    every_end = [("client", "wan"), *((backend, "lan") for backend in lab.backends)]
    for host, interface in every_end:
        lab.run(host, "ip", "link", "set", interface, "mtu", "9000")
    try:
        announced = lab.run("client", sys.executable, "-c", SEGMENT, target.address)
        assert int(announced) == {"v4": 1448, "v6": 1428}[target.family]  # 1460, 1440 without 12 bytes of time stamps
    finally:
        for host, interface in every_end:
            lab.run(host, "ip", "link", "set", interface, "mtu", "1500")
