"""Load sharing under TCP of real hosts: iperf3 and a download with a checksum, while end systems change hands."""

import hashlib
import json
import random
import subprocess

import pytest

from baton_lab.sharing import ADDRESSES, FAR, forwarded, until
from conftest import assert_every_packet_is_accounted_for, heard_by

pytestmark = pytest.mark.batond

END_SYSTEMS = {"e1": "10.0.0.51", "e2": "10.0.0.52", "e3": "10.0.0.53"}
SIZE = 200 << 20


@pytest.fixture(scope="module")
def large_file(sharing_lab):
    """Its checksum: 200 MiB that do not repeat."""
    numbers, digest = random.Random(20240229), hashlib.sha256()
    with open(sharing_lab.state / "www" / "large.bin", "wb") as out:
        for _ in range(SIZE >> 20):
            block = numbers.randbytes(1 << 20)
            digest.update(block)
            out.write(block)
    return digest.hexdigest()


def start(lab, host, *command):
    return subprocess.Popen([*lab.enter(host), *command], stdout=subprocess.PIPE, text=True)


def output(process):
    printed, _ = process.communicate(timeout=100)
    assert process.returncode == 0, printed
    return printed


def move_while(routers, processes):
    """Hands all end systems over to one router after the other, each time when the last one has settled (2 s), until the
    processes have ended; how often."""
    moves = 0
    while any(process.poll() is None for process in processes):
        routers.move_all_to(ADDRESSES[(moves + 1) % len(ADDRESSES)])
        moves += 1
    return moves


@pytest.mark.parametrize("mode", ["exact", "sequence"])
def test_streams_of_all_end_systems_pass_through_all_routers(sharing_lab, routers, mode):
    """[VR-01] [VR-60]: all routers forward, for whichever end systems they are given."""
    routers.start(hand_over=mode, end_systems=list(END_SYSTEMS.values()), review_every="0s")
    routers.wait_until_shared(3)
    before = [forwarded(box) for box in routers.boxes]
    ports = {host: str(5202 + n) for n, host in enumerate(END_SYSTEMS)}
    servers = [start(sharing_lab, "far", "iperf3", "--server", "--one-off", "--port", port) for port in ports.values()]
    try:
        until(lambda: all(f":{port} " in sharing_lab.run("far", "ss", "-Hlt") for port in ports.values()), 5,
              "iperf3 listens")
        clients = [start(sharing_lab, host, "iperf3", "--client", FAR, "--port", port, "--time", "9", "--bitrate", "10M",
                         "--json") for host, port in ports.items()]
        move_while(routers, clients)
        received = [json.loads(output(client))["end"]["sum_received"]["bytes"] for client in clients]
    finally:
        for server in servers:
            server.kill()
            server.communicate()
    assert min(received) > 2 << 20, received
    # Of each end system's full frames: 2 MiB are 1400.
    assert all(forwarded(box) - b > 1000 for box, b in zip(routers.boxes, before)), (before, received)
    for box in routers.boxes:
        assert_every_packet_is_accounted_for(box)


def packets_in(file):
    """What tells packets of one sender apart: Linux counts the identifications of each connection."""
    fields = ["tcp.srcport", "ip.id", "tcp.seq_raw", "tcp.ack_raw", "tcp.len", "tcp.flags", "tcp.options.timestamp.tsval"]
    done = subprocess.run(["tshark", "-r", str(file), "-T", "fields", *(word for f in fields for word in ("-e", f))],
                          check=True, text=True, capture_output=True)
    return done.stdout.splitlines()


@pytest.mark.parametrize("mode", ["exact", "sequence"])
def test_a_download_is_whole_whoever_forwards_its_acknowledgements(sharing_lab, routers, judge, large_file, mode,
                                                                   tmp_path):
    """[VR-81] [VR-106]: while its end system is handed from router to router. No acknowledgement goes twice, though all of
    them have one sequence number."""
    routers.start(hand_over=mode, end_systems=list(END_SYSTEMS.values()), review_every="0s", skew="20ms")
    routers.wait_until_shared(3)
    judge.begin()
    command = f"set -o pipefail; curl -sS --fail --limit-rate 30M --max-time 90 http://{FAR}/large.bin | sha256sum"
    acknowledgements = f"tcp and src host {END_SYSTEMS['e1']}"
    with heard_by(sharing_lab, "far", "wan", acknowledgements, tmp_path / "heard.pcap"):
        download = start(sharing_lab, "e1", "bash", "-c", command)
        moves = move_while(routers, [download])
        assert output(download).split()[0] == large_file
    assert moves >= 2
    packets = packets_in(tmp_path / "heard.pcap")
    assert len(packets) > 1000      # of 200 MiB, also if the kernel put 64 KiB together for each
    judge.nothing_is({"sent": len(packets), "duplicated": len(packets) - len(set(packets))}, "duplicated")
    for box in routers.boxes:
        assert_every_packet_is_accounted_for(box)
