"""Sends COUNT datagrams of 8000 bytes to the UDP echo at ADDRESS PORT, each cut up by somebody else's code (scapy), its
fragments in a random order, and waits for each reply. SOURCE is this host's address. Prints how many came back as they
were."""

import random
import socket
import sys

from scapy.layers.inet import IP, UDP, fragment
from scapy.layers.inet6 import IPv6, IPv6ExtHdrFragment, fragment6
from scapy.packet import Raw

PATIENCE_S = 5.0
SIZE = 8000


def pieces(source, address, source_port, port, payload, number):
    inside = UDP(sport=source_port, dport=port) / Raw(payload)
    if ":" in address:
        whole = IPv6(src=source, dst=address) / IPv6ExtHdrFragment(id=number) / inside
        return [bytes(p) for p in fragment6(whole, 1280)]
    return [bytes(p) for p in fragment(IP(src=source, dst=address, id=number) / inside, 1200)]


def main(source, address, port, count):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    order = random.Random(8000)
    raw = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_RAW)
    echo = socket.socket(family, socket.SOCK_DGRAM)
    echo.settimeout(PATIENCE_S)
    echo.bind((source, 0))
    right = 0
    for number in range(1, count + 1):
        payload = order.randbytes(SIZE)
        fragments = pieces(source, address, echo.getsockname()[1], port, payload, number)
        order.shuffle(fragments)
        for piece in fragments:
            raw.sendto(piece, (address, 0))
        try:
            right += echo.recv(65536) == payload
        except TimeoutError:
            break
    print(right)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
