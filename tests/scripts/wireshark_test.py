#!/usr/bin/python3
"""What tshark makes of our messages: wireshark_test.py SAMPLES DISSECTOR.

Advertisements are decoded by Wireshark's own dissector without a complaint; messages of load sharing by ours."""
import os
import socket
import struct
import subprocess
import sys
import tempfile
import unittest

SAMPLES, DISSECTOR = sys.argv[1:3]
ETHERNET = bytes.fromhex("01005e000012" "020000000002")


def checksum(data):
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return 0xFFFF - total


def frame(src, dst, payload):
    if ":" in src:
        ends = socket.inet_pton(socket.AF_INET6, src) + socket.inet_pton(socket.AF_INET6, dst)
        return ETHERNET + struct.pack(">HIHBB", 0x86DD, 0x60000000, len(payload), 112, 255) + ends + payload
    ends = socket.inet_aton(src) + socket.inet_aton(dst)
    fields = (0x45, 0, 20 + len(payload), 0, 0, 255, 112)
    right = checksum(struct.pack(">BBHHHBBH", *fields, 0) + ends)
    return ETHERNET + b"\x08\x00" + struct.pack(">BBHHHBBH", *fields, right) + ends + payload


class Wireshark(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        lines = subprocess.run([SAMPLES], check=True, text=True, capture_output=True).stdout.splitlines()
        samples = [line.split() for line in lines]
        cls.names = [name for name, *_ in samples]
        cls.folder = tempfile.TemporaryDirectory()
        cls.file = os.path.join(cls.folder.name, "samples.pcap")
        with open(cls.file, "wb") as out:
            out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
            for _, src, dst, payload in samples:
                packet = frame(src, dst, bytes.fromhex(payload))
                out.write(struct.pack("<IIII", 0, 0, len(packet), len(packet)) + packet)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def read(self, *fields, options=(), ours=True, match=None):
        """For each packet that matches: its name, and the fields asked for."""
        command = ["tshark", "-r", self.file, "-T", "fields", "-e", "frame.number"]
        for field in fields:
            command += ["-e", field]
        command += ["-X", f"lua_script:{DISSECTOR}"] if ours else []
        command += list(options) + (["-Y", match] if match else [])
        done = subprocess.run(command, check=True, text=True, capture_output=True)
        self.assertNotIn("Lua", done.stderr)
        rows = [line.split("\t") for line in done.stdout.splitlines()]
        return [(self.names[int(number) - 1], *values) for number, *values in rows]

    def test_advertisements_are_decoded_without_a_complaint(self):
        wanted = [("v2", "1", "192.0.2.1"), ("v2_password", "1", "192.0.2.1,192.0.2.9"), ("v3_pseudo", "1", "192.0.2.1"),
                  ("v3_ipv6", "1", "")]
        asked = ("vrrp.checksum.status", "vrrp.ip_addr")
        for ours in (False, True):
            rows = self.read(*asked, ours=ours, match="vrrp && !_ws.expert && !_ws.malformed")
            self.assertEqual([row for row in rows if row[0].startswith("v")], wanted)
        # RFC 9568, 5.2.8: without a pseudo header.
        rows = self.read(*asked, ours=False, options=["-o", "vrrp.v3_checksum_as_in_v2:TRUE"],
                         match="vrrp && !_ws.expert && !_ws.malformed")
        self.assertIn(("v3", "1", "192.0.2.1"), rows)
        rows = self.read("vrrp.adver_int", "vrrp.short_adver_int", "vrrp.auth_string", "vrrp.ipv6_addr", ours=False)
        rows = {name: values for name, *values in rows}
        self.assertEqual(rows["v2_password"][0], "1")
        self.assertEqual(rows["v2_password"][2], "secret")
        self.assertEqual(rows["v3_ipv6"][1], "1")
        self.assertEqual(rows["v3_ipv6"][3], "fe80::1,2001:db8::1")

    def test_messages_of_load_sharing_are_decoded_without_a_complaint(self):
        rows = self.read("vrrp_ls.type", match="vrrp_ls && !_ws.expert && !_ws.malformed && vrrp_ls.checksum.status")
        one_version = [("unit_list", "1"), ("response", "2"), ("allocation", "3"), ("confirmation", "4"),
                       ("report_flows", "5"), ("report_packets", "5"), ("review_request", "6"), ("flow_request", "7"),
                       ("flow_response", "8")]
        others = [("allocation_ipv6", "3"), ("flow_response_ipv6", "8"), ("sealed", "6")]
        self.assertEqual(rows, one_version * 2 + others)

    def test_each_field_is_shown(self):
        for name, shown in {
                "unit_list": {"unit": "192.0.2.3,192.0.2.2,192.0.2.9", "state": "1,0,0", "mode": "2", "vrid": "7"},
                "response": {"unit": "192.0.2.3,192.0.2.2", "state": "3", "generation": "5", "priority": "100"},
                "allocation": {"generation": "6", "base": "5", "fragment": "1", "fragments": "3", "mode": "2", "count": "2",
                               "unit": "192.0.2.3,192.0.2.3", "condition": "192.0.2.100,192.0.2.3", "orphan": "0,1"},
                "confirmation": {"unit": "192.0.2.3", "status": "1", "missing.first": "0,7", "missing.last": "1,9"},
                "report_flows": {"stopped_ago_us": "1000", "kind": "0", "condition": "192.0.2.100", "mark": "0",
                                 "protocol": "6", "src": "192.0.2.100", "dst": "203.0.113.9", "src_port": "4711",
                                 "dst_port": "80", "sequence": "3735928559", "digest": "0x0102030405060708"},
                "report_packets": {"kind": "1", "digest": "0x0102030405060708,0x0000000000000009",
                                   "before_stop_us": "10,0"},
                "flow_request": {"generation": "6", "review": "9"},
                "flow_response": {"overflows": "17", "overflow_ms": "1000", "bits_per_second": "5000000000"},
                "allocation_ipv6": {"unit6": "fe80::3", "condition6": "2001:db8::64", "prefix_length": "128",
                                    "checksum.status": "message and pseudo header"},
                "sealed": {"trailer": "LS", "trailer.version": "1", "trailer.key": "4",
                           "trailer.counter": "1700000000000000"},
        }.items():
            with self.subTest(name):
                rows = self.read(*("vrrp_ls." + field for field in shown), match="vrrp_ls")
                found = [list(values) for row_name, *values in rows if row_name == name]
                self.assertTrue(found)
                for values in found:
                    self.assertEqual(values, list(shown.values()))

    def test_what_is_wrong_is_said(self):
        self.assertEqual(self.read(match="vrrp_ls.checksum_bad"), [("wrong_checksum",)])
        self.assertEqual(self.read(match="vrrp_ls.count_bad"), [("wrong_count",)])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
