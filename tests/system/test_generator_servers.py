"""baton-gen's servers for real clients: curl and wrk through the box. [AM-04] [AM-06] [FE-01]"""

import json
import re
import signal
import subprocess

import pytest

from conftest import SOURCE, assert_every_packet_is_accounted_for, lab_of
from baton_lab.balancer import program
from services import TARGETS, fetch

pytestmark = pytest.mark.batond

SERVERS = {"v4": {f"10.0.0.{n}" for n in (11, 12, 13)}, "v6": {f"2001:db8:a::{n}" for n in (11, 12, 13)}}


@pytest.fixture(scope="module")
def lab():
    yield from lab_of("servers", "baton-farm")


class Farm:
    def __init__(self, lab):
        self.report = lab.state / "report.json"
        command = (*lab.enter("gen"), str(program("baton-gen")), "--report", str(self.report),
                   str(SOURCE / "conf" / "gen" / "lab-servers.yaml"))
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        self.process.stderr.readline()  # the first second

    def end(self):
        """Exit status, what was said, and the report."""
        self.process.send_signal(signal.SIGINT)
        try:
            said = self.process.stderr.read()
            status = self.process.wait(timeout=30)
        finally:
            self.process.kill()
        return status, said, json.loads(self.report.read_text())


def test_curl_and_wrk_and_datagrams_are_served(lab, converse):
    farm = Farm(lab)
    pages = 0
    for target in TARGETS:
        servers = {fetch(lab, target)[0][0] for _ in range(12)}
        pages += 12
        assert servers <= SERVERS[target.family], servers
        assert len(servers) > 1, f"one server answered everything: {servers}"
        printed = lab.run("client", "wrk", "-t1", "-c20", "-d2s", "--timeout", "5s", target.url)
        assert "Socket errors" not in printed and "Non-2xx" not in printed, printed
        done = int(re.search(r"(\d+) requests in", printed)[1])
        assert done > 500, printed
        pages += done
        client = converse(lab, "client", "numbered_echo", target.address, 7, 20, 100)
        assert client.hear() == "ready"
        assert json.loads(client.hear()) == [list(range(100))] * 20
    status, said, report = farm.end()
    assert status == 0, said
    served = report["served"]
    # wrk ends with requests under way, one a connection, and its kernel may send one again.
    assert pages <= served["pages"] <= pages + 200, said
    assert served["echoed"] == 20 * 101 * len(TARGETS)  # each of its sockets asks once more, to begin with
    assert served["not_understood"] == 0
    assert_every_packet_is_accounted_for(lab.boxes["box"])
