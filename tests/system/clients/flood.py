"""Sends UDP datagrams of 18 bytes to an address as fast as the kernel makes them, for so many seconds, and says how many.
flood.py ADDRESS PORT SECONDS"""

import socket
import sys
import time

UDP_SEGMENT = 103    # one system call, many datagrams (linux/udp.h)
SIZE, AT_ONCE = 18, 60

address, port, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
sender = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
sender.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, SIZE)
sender.connect((address, port))
datagrams = bytes(SIZE * AT_ONCE)
sent = 0
print("ready", flush=True)
end = time.monotonic() + seconds
while time.monotonic() < end:
    for _ in range(50):
        try:
            sent += sender.send(datagrams) // SIZE
        except OSError:    # the queue is full, or an ICMP error came back
            pass
print(sent, flush=True)
