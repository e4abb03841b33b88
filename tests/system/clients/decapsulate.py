"""A backend's end of IP in IP tunnels where the kernel has none: takes IPv4 and IPv6 out of IPv4 and IPv6 (RFC 2003, RFC
2473) and hands it to the kernel through a TUN device. Says "ready" once it listens."""

import fcntl
import os
import select
import socket
import struct
import subprocess

TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000
IPV4_IN_IP, IPV6_IN_IP = 4, 41


def main():
    device = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH", b"decap", IFF_TUN | IFF_NO_PI))
    subprocess.run(["ip", "link", "set", "decap", "up"], check=True)
    outer = [socket.socket(family, socket.SOCK_RAW, protocol)
             for family in (socket.AF_INET, socket.AF_INET6) for protocol in (IPV4_IN_IP, IPV6_IN_IP)]
    print("ready", flush=True)
    while True:
        for ready in select.select(outer, [], [])[0]:
            packet = ready.recv(65536)
            if ready.family == socket.AF_INET:    # raw(7): with its header; of IPv6 without
                packet = packet[(packet[0] & 15) * 4:]
            os.write(device, packet)


if __name__ == "__main__":
    main()
