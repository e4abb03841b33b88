"""UDP and ICMP echo through the services, echo of the box's own addresses, and what is refused."""

import json
import re
import sys

import pytest

from services import TARGETS, each_target

# Tries one connection or datagram and prints the name of the error that comes back.
REFUSED = """
import socket, sys
kind, address, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
s = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET,
                  socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM)
s.settimeout(5)
try:
    s.connect((address, port))
    s.send(b"?")
    s.recv(100)
    print("answered")
except OSError as error:
    print(type(error).__name__)
"""


def attempt(lab, kind, address, port, host="client"):
    return lab.run(host, sys.executable, "-c", REFUSED, kind, address, str(port)).strip()


def ping(lab, host, address, size=56):
    options = ("-c", "20", "-i", "0.02", "-W", "5", "-s", str(size))
    printed = lab.run(host, "ping", *options, address, timeout=30, check=False)
    sent, received = re.search(r"(\d+) packets transmitted, (\d+) received", printed).groups()
    assert "DUP!" not in printed
    return int(sent), int(received)


@each_target
def test_every_datagram_comes_back_in_order(lab, target, converse):
    client = converse(lab, "client", "numbered_echo", target.address, 7, 20, 100)
    assert client.hear() == "ready"
    assert json.loads(client.hear()) == [list(range(100))] * 20


@each_target
@pytest.mark.parametrize("size", [56, 1400])
def test_a_service_answers_ping(lab, target, size):
    assert ping(lab, "client", target.address, size) == (20, 20)


@pytest.mark.parametrize("host, address", [
    ("client", "192.0.2.1"), ("client", "2001:db8:1::1"), ("s1", "10.0.0.1"), ("s1", "2001:db8:a::1")])
def test_the_box_answers_ping_at_its_own_addresses(lab, host, address):
    assert ping(lab, host, address) == (20, 20)


@each_target
def test_a_port_without_service_refuses_a_connection(lab, target):
    """[AM-08]: answered at once with a reset, not left to time out."""
    assert attempt(lab, "tcp", target.address, 81) == "ConnectionRefusedError"


@each_target
def test_a_port_without_service_refuses_a_datagram(lab, target):
    """RFC 1122, 4.1.3.1: ICMP port unreachable."""
    assert attempt(lab, "udp", target.address, 9) == "ConnectionRefusedError"


@pytest.mark.parametrize("target", TARGETS[:2], ids=["v4", "v6"])
def test_a_refused_port_does_not_disturb_its_neighbour(lab, target):
    assert attempt(lab, "udp", target.address, 9) == "ConnectionRefusedError"
    assert attempt(lab, "udp", target.address, 7) == "answered"
