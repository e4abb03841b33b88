"""One direction of numbered datagrams. `send ADDRESS PORT RATE` until it is killed. `receive PORT` says "ready"; after a
line on stdin it prints JSON about all that came: how many, the longest time without one, runs of numbers that are missing
as [first, last], and how many came twice or late."""

import json
import selectors
import socket
import struct
import sys
import time

SO_TIMESTAMPNS = 35    # Linux; this module of Python has no name for it


def send(address, port, rate):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as s:
        s.connect((address, port))
        begin, number = time.monotonic(), 0
        while True:
            time.sleep(max(0.0, begin + number / rate - time.monotonic()))
            try:
                s.send(struct.pack("!Q", number))
            except OSError:
                pass    # a neighbour that does not answer yet; the receiver misses the number
            number += 1


def arrivals(s):
    """(number, time) of each datagram until there is a line on stdin."""
    with selectors.DefaultSelector() as ready:
        ready.register(s, selectors.EVENT_READ)
        ready.register(sys.stdin, selectors.EVENT_READ)
        while True:
            due = [key.fileobj for key, _ in ready.select()]
            if s in due:
                payload, ancillary, _, _ = s.recvmsg(2048, 64)
                # When the kernel had it: this program may have slept.
                seconds, nanoseconds = next(struct.unpack("qq", data) for level, kind, data in ancillary
                                            if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS)
                yield struct.unpack("!Q", payload)[0], seconds + nanoseconds * 1e-9
            elif sys.stdin in due:
                return


def report(arrived):
    seen, missing, doubled, late, longest = set(), [], 0, 0, 0.0
    last_number, last_time = None, None
    for number, when in arrived:
        if number in seen:
            doubled += 1
            continue
        seen.add(number)
        if last_number is not None:
            longest = max(longest, when - last_time)
            if number < last_number:
                late += 1
        last_number, last_time = max(number, last_number or 0), when
    numbers = sorted(seen)
    for before, after in zip(numbers, numbers[1:]):
        if after > before + 1:
            missing.append([before + 1, after - 1])
    return {"arrived": len(seen), "longest_gap_ms": round(longest * 1000, 2), "missing": missing, "doubled": doubled,
            "late": late}


def receive(port):
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as s:
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        s.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        s.bind(("::", port))
        print("ready", flush=True)
        print(json.dumps(report(arrivals(s))), flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "send":
        send(sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))
    else:
        receive(int(sys.argv[2]))
