"""VRRP messages over IPv4, octet by octet, sent by e1, and how a box counts what it refuses."""

import struct

GROUP = "224.0.0.18"
SENDER = "10.0.0.51"    # e1
STRONGER = 254


def checksum(octets):
    """RFC 1071."""
    total = sum(struct.unpack(f"!{(len(octets) + 1) // 2}H", octets + b"\0" * (len(octets) % 2)))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return total ^ 0xffff


def address(text):
    return bytes(map(int, text.split(".")))


def with_checksum(message, pseudo_header):
    before = address(SENDER) + address(GROUP) + struct.pack("!HH", 112, len(message)) if pseudo_header else b""
    return message[:6] + struct.pack("!H", checksum(before + message)) + message[8:]


def version_3(vrid=1, kind=1, priority=STRONGER, count=1, rest=address("10.0.0.1")):
    """RFC 9568, 5.1, for IPv4: an advertisement every 100 ms."""
    return with_checksum(struct.pack("!BBBBHH", 0x30 | kind, vrid, priority, count, 10, 0) + rest, True)


def version_2(vrid, password):
    """RFC 3768, 5.1, with the authentication of RFC 2338, 5.3.6."""
    rest = address(f"10.0.0.{vrid}") + password.encode().ljust(8, b"\0")
    return with_checksum(struct.pack("!BBBBBBH", 0x21, vrid, STRONGER, 1, 1, 1, 0) + rest, False)


def send(lab, message, ttl=255):
    """From e1, to the group."""
    program = ("import socket, sys\n"
               "s = socket.socket(socket.AF_INET, socket.SOCK_RAW, 112)\n"
               f"s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, {ttl})\n"
               f"s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton('{SENDER}'))\n"
               f"s.sendto(bytes.fromhex('{message.hex()}'), ('{GROUP}', 0))\n")
    lab.run("e1", "/usr/bin/python3", "-c", program)


def refusals(batond):
    """{(VRID, reason): packets} of IPv4, and {("", reason): packets} of what belongs to none."""
    shown = batond.ctl_json("show", "virtual-routers")
    found = {(r["id"], reason["reason"]): int(reason["packets"])
             for r in shown["virtual_routers"] if r["family"] == "ipv4" for reason in r["refused"]}
    return {**found, **{("", reason["reason"]): int(reason["packets"]) for reason in shown["strays"]}}


# Types 2 to 8 of the extension for load sharing, as docs/vrrp-load-sharing.md draws them, from a router of priority 254:
# a response of one unit, an allocation, a confirmation, a report, a request for a review, a request for flow, its answer.
EXTENSION = {kind: version_3(kind=kind, count=count, rest=bytes.fromhex(body)) for kind, count, body in [
    (2, 1, "0a000033 03010100 04040000 00050000 00000000 00000000"),
    (3, 1, "00000006 00000000 00000001 00000000 0a000033 0a000034 20000000"),
    (4, 0, "00000006 0a000033 00000000 00000000"),
    (5, 0, "00000006 00000001 000003e8 00000000"),
    (6, 0, "00000006"),
    (7, 0, "00000006 00000009"),
    (8, 0, "00000006 00000009 00000001 00000011 000003e8")]}
