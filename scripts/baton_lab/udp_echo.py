"""A UDP echo server (RFC 862) for IPv4 and IPv6. The one argument is its port."""

import socket
import sys


def main():
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as server:
        server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        server.bind(("::", int(sys.argv[1])))
        while True:
            payload, client = server.recvfrom(65536)
            server.sendto(payload, client)


if __name__ == "__main__":
    main()
