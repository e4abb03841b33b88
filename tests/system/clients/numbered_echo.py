"""Sends COUNT numbered datagrams from each of SOCKETS sockets to the UDP echo at ADDRESS PORT and waits for the
replies. Every socket exchanges one datagram first; then the program says "ready" and, with `wait`, goes on after a line
on stdin. Prints JSON: for each socket the numbers in the order of their arrival."""

import json
import select
import socket
import sys
import time

PATIENCE_S = 15.0


def exchange_first(sockets):
    for i, s in enumerate(sockets):
        s.send(f"{i} hello".encode())
    for s in sockets:
        s.settimeout(PATIENCE_S)
        s.recv(2048)


def collect(sockets, total):
    arrived = [[] for _ in sockets]
    deadline = time.monotonic() + PATIENCE_S
    while sum(map(len, arrived)) < total and time.monotonic() < deadline:
        readable, _, _ = select.select(sockets, [], [], 0.1)
        for s in readable:
            index, number = s.recv(2048).split()[:2]
            arrived[sockets.index(s)].append(int(number) if int(index) == sockets.index(s) else "foreign")
    return arrived


def main(address, port, sockets_wanted, count, wait):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sockets = [socket.socket(family, socket.SOCK_DGRAM) for _ in range(sockets_wanted)]
    for s in sockets:
        s.connect((address, port))
    exchange_first(sockets)
    print("ready", flush=True)
    if wait:
        sys.stdin.readline()
    for number in range(count):
        for i, s in enumerate(sockets):
            s.send(f"{i} {number} ".encode() + b"x" * (number * 37 % 1200))
        time.sleep(0.001)    # a pace that no socket buffer on the way overflows at
    print(json.dumps(collect(sockets, count * sockets_wanted)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), "wait" in sys.argv[5:])
