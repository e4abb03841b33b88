"""A UDP echo server (RFC 862) for IPv4 and IPv6. The one argument is its port. It answers from the address it was asked at
(RFC 1122, 4.1.3.5), which with `forward: direct` is not the one that the route would choose."""

import socket
import sys


def main():
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as server:
        server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
        server.bind(("::", int(sys.argv[1])))
        while True:
            payload, ancillary, _, client = server.recvmsg(65536, 64)
            asked = [(level, kind, data[:16] + bytes(4)) for level, kind, data in ancillary]  # on any interface
            server.sendmsg([payload], asked, 0, client)


if __name__ == "__main__":
    main()
