"""FTP with two workers: a client's data connections reach the worker that has its control connection."""

import re
import secrets

import pytest

from conftest import assert_every_packet_is_accounted_for, lab_of, wait_until
from services import TARGETS
from test_ftp import WAYS, FtpServer, contents, curl, digest_of, each_way

pytestmark = pytest.mark.batond
CANDIDATES = range(40, 80)
AT_EACH = 3     # clients of a family at a worker


def address_of(number, family):
    return f"192.0.2.{number}" if family == "v4" else f"2001:db8:1::{number}"


def rows_created(lab):
    return [int(worker["rows_created"]) for worker in lab.boxes["box"].ctl_json("show", "workers")["workers"]]


def clients_of_both_workers(lab, family):
    """Whose a client is the box decides by a number that it draws at its start."""
    host = next(target.host for target in TARGETS if target.family == family)
    chosen = [[], []]
    for number in CANDIDATES:
        before = rows_created(lab)
        curl(lab, "--interface", address_of(number, family), "--list-only", f"ftp://{host}/in/")
        grown = [a > b for a, b in zip(rows_created(lab), before)]
        assert sum(grown) == 1, "the control connection and its data are one worker's"
        at = chosen[grown.index(True)]
        if len(at) < AT_EACH:
            at.append(number)
        if all(len(of_one) == AT_EACH for of_one in chosen):
            return sum(chosen, [])
    raise AssertionError(f"forty clients, and too few at one of the workers: {chosen}")


@pytest.fixture(scope="module")
def ftp_workers_lab():
    def employ(lab):
        configuration = lab.boxes["box"].configuration
        configuration.write_text(re.sub(r"workers: \d+", "workers: 2", configuration.read_text()))

    for lab in lab_of("ftp", "baton-ftp-workers", employ):
        lab.servers = [FtpServer(lab, name, port_20) for name, port_20 in (("s1", "YES"), ("s2", "NO"))]
        assert wait_until(lambda: all(":21 " in lab.run(name, "ss", "-Hltn") for name in lab.backends), 10)
        for number in CANDIDATES:
            lab.run("client", "ip", "address", "add", f"{address_of(number, 'v4')}/24", "dev", "wan")
            lab.run("client", "ip", "address", "add", f"{address_of(number, 'v6')}/64", "dev", "wan", "nodad")
        lab.clients = {family: clients_of_both_workers(lab, family) for family in ("v4", "v6")}
        yield lab


@pytest.fixture
def lab(ftp_workers_lab):
    yield ftp_workers_lab
    box = ftp_workers_lab.boxes["box"]
    assert box.process.pid() is not None, "batond is gone"
    assert_every_packet_is_accounted_for(box)


@each_way
def test_every_client_gets_its_files(lab, target, way):
    # --ftp-port names the address for the data connection, `-` the one of the control connection.
    for number in lab.clients[target.family]:
        up, down = lab.state / "up", lab.state / "down"
        content = secrets.token_bytes(100_000)
        up.write_bytes(content)
        name = f"{target.method}-{target.family}-{way}-{number}"
        source = ["--interface", address_of(number, target.family)]
        curl(lab, *WAYS[way], *source, f"ftp://{target.host}/data.bin", "--output", str(down))
        assert digest_of(down) in contents(lab)
        curl(lab, *WAYS[way], *source, "--upload-file", str(up), f"ftp://{target.host}/in/{name}")
        arrived = [server.root / "in" / name for server in lab.servers if (server.root / "in" / name).exists()]
        assert len(arrived) == 1 and arrived[0].read_bytes() == content


def test_both_workers_had_their_part(lab):
    # Of each worker's clients two transfers in each way, with a row for the control connection and one for the data.
    assert min(rows_created(lab)) >= 12 * AT_EACH * 4
    drops = lab.boxes["box"].ctl_json("show", "drops")["drops"]
    assert not {d["reason"] for d in drops} & {"ftp_command", "reply_key_in_use", "no_service"}
