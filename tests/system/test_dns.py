"""DNS over UDP with answers that take three fragments: nsd on the backends, dig on the client. Ports are `af_xdp` as in
test_fragments.py."""

import re

import pytest

from conftest import assert_every_packet_is_accounted_for, lab_of
from services import TARGETS, each_target

QUESTIONS = 100
STRINGS, LENGTH = 16, 250    # of the TXT record: 16 strings of 250 bytes, more than 4000 bytes in all

SERVICE = """
  - name: {name}
    listen: {{address: "{address}", port: 53, protocol: udp}}
    forward: {method}
    backends: [{{name: s1, address: "{net}11"}}, {{name: s2, address: "{net}12"}}, {{name: s3, address: "{net}13"}}]
"""

SERVER = """
server:
  ip-address: 10.0.0.1{number}
  ip-address: 2001:db8:a::1{number}
  ipv4-edns-size: 4096
  ipv6-edns-size: 4096
  username: ""
  database: ""
  pidfile: "{folder}/nsd-{number}.pid"
  zonelistfile: "{folder}/nsd-{number}.list"
  xfrdfile: "{folder}/nsd-{number}.xfrd"
  logfile: "{folder}/nsd-{number}.log"
remote-control:
  control-enable: no
zone:
  name: example
  zonefile: "{folder}/example.zone"
"""

ZONE = """$TTL 60
@ SOA ns hostmaster 1 3600 600 86400 60
@ NS ns
ns A 10.0.0.11
small A 203.0.113.1
large TXT {strings}
"""


def services():
    for target in TARGETS:
        yield SERVICE.format(name=target.service("dns"), address=target.address, method=target.method,
                             net={"v4": "10.0.0.", "v6": "2001:db8:a::"}[target.family])


def start_server(lab, number):
    configuration = lab.state / f"nsd-{number}.conf"
    configuration.write_text(SERVER.format(folder=lab.state, number=number))
    lab.run(f"s{number}", "nsd", "-c", configuration)


def serve(lab):
    strings = " ".join(f'"{n:02}{"x" * (LENGTH - 2)}"' for n in range(STRINGS))
    (lab.state / "example.zone").write_text(ZONE.format(strings=strings))
    for number in (1, 2, 3):
        start_server(lab, number)
    box = lab.boxes["box"]
    box.configuration.write_text(box.configuration.read_text().replace("af_packet:", "af_xdp:") + "".join(services()))


@pytest.fixture(scope="module")
def dns_lab():
    yield from lab_of("nat", "baton-dns", serve)


@pytest.fixture
def lab(dns_lab):
    yield dns_lab
    assert_every_packet_is_accounted_for(dns_lab.boxes["box"])


pytestmark = pytest.mark.batond


def ask(lab, target, *question):
    """What dig prints for QUESTIONS questions, each asked once over UDP, whatever the answer says of TCP."""
    options = ("+tries=1", "+time=5", "+notcp", "+ignore", "+bufsize=4096", "+noall", "+answer", "+comments", "+stats")
    return lab.run("client", "dig", f"@{target.address}", "-p", "53", *options, *(question * QUESTIONS), timeout=100)


@each_target
def test_every_large_answer_arrives(lab, target):
    """[AM-05]: header, question and EDNS record come on top of the TXT record."""
    printed = ask(lab, target, "large.example", "TXT")
    assert printed.count("status: NOERROR") == QUESTIONS
    sizes = {int(size) for size in re.findall(r"MSG SIZE +rcvd: (\d+)", printed)}
    assert sizes and min(sizes) > STRINGS * (LENGTH + 1)
    assert printed.count(f'"15{"x" * (LENGTH - 2)}"') == QUESTIONS


@each_target
def test_every_small_answer_arrives(lab, target):
    printed = ask(lab, target, "small.example", "A")
    assert len(re.findall(r"^small\.example\.\s+60\s+IN\s+A\s+203\.0\.113\.1$", printed, re.MULTILINE)) == QUESTIONS


def test_all_servers_answered(lab):
    listed = lab.boxes["box"].ctl_json("show", "backends")["backends"]
    served = [backend for backend in listed if backend["service"].startswith("dns-")]
    assert len(served) == 12
    assert all(int(backend["load"]["packets_from"]) > 0 for backend in served)
