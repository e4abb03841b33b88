"""FTP: a real vsftpd on each of two backends, a real curl as its client. [AM-10] [AM-12]"""

import hashlib
import os
import secrets
import shutil
import sys
from pathlib import Path

import pytest

from baton_lab.processes import Process
from conftest import assert_every_packet_is_accounted_for, lab_of, wait_until
from services import TARGETS

pytestmark = pytest.mark.batond

PIECES = Path(__file__).with_name("clients") / "ftp_pieces.py"
MIB = 1 << 20

# Both servers offer passive ports of one small range, so that they meet. Options: vsftpd.conf(5).
VSFTPD = """\
background=NO
listen_ipv6=YES
anonymous_enable=YES
no_anon_password=YES
anon_root={root}
write_enable=YES
anon_upload_enable=YES
anon_umask=022
connect_from_port_20={port_20}
pasv_min_port=40000
pasv_max_port=40007
pasv_addr_resolve=NO
secure_chroot_dir={root}/empty
seccomp_sandbox=NO
ftpd_banner={name}
"""


class FtpServer:
    def __init__(self, lab, name, port_20):
        self.root = lab.state / "ftp" / name
        for folder in (self.root, self.root / "in", self.root / "empty"):
            folder.mkdir(parents=True, exist_ok=True)
        shutil.chown(self.root / "in", "ftp", "ftp")
        self.content = secrets.token_bytes(3 * MIB)
        (self.root / "data.bin").write_bytes(self.content)
        configuration = lab.state / "ftp" / f"{name}.conf"
        configuration.write_text(VSFTPD.format(root=self.root, name=name, port_20=port_20))
        self.process = Process(lab.state, f"{lab.name}-{name}", f"{name}-vsftpd")
        self.process.start("vsftpd", str(configuration))


@pytest.fixture(scope="module")
def ftp_lab():
    for lab in lab_of("ftp", "baton-ftp"):
        # The second one connects from any port, as servers without privileges do.
        lab.servers = [FtpServer(lab, name, port_20) for name, port_20 in (("s1", "YES"), ("s2", "NO"))]

        def listening(name):
            return ":21 " in lab.run(name, "ss", "-Hltn")
        assert wait_until(lambda: all(listening(name) for name in lab.backends), 10)
        yield lab


@pytest.fixture
def lab(ftp_lab):
    yield ftp_lab
    box = ftp_lab.boxes["box"]
    assert box.process.pid() is not None, "batond is gone"
    assert_every_packet_is_accounted_for(box)


each_target = pytest.mark.parametrize("target", TARGETS, ids=lambda t: f"{t.method}-{t.family}")
WAYS = {
    "EPSV": [],
    "PASV": ["--disable-epsv"],
    "EPRT": ["--ftp-port", "-"],
    "PORT": ["--ftp-port", "-", "--disable-eprt"],
}


def ways_for(target):
    return [way for way in WAYS if target.family == "v4" or way.startswith("E")]


each_way = pytest.mark.parametrize(
    "target,way", [pytest.param(t, w, id=f"{t.method}-{t.family}-{w}") for t in TARGETS for w in ways_for(t)])


def curl(lab, *arguments, **options):
    return lab.run("client", "curl", "--silent", "--show-error", "--verbose", "--max-time", "100", *arguments,
                   timeout=120, **options)


def digest_of(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def contents(lab):
    return {hashlib.sha256(server.content).hexdigest() for server in lab.servers}


@each_way
def test_downloads_arrive_whole(lab, target, way):
    """Twice over one control connection (curl keeps it), from both servers in turns."""
    seen = set()
    for _ in range(2):
        files = [lab.state / f"down-{i}" for i in range(2)]
        url = f"ftp://{target.host}/data.bin"
        curl(lab, *WAYS[way], url, "--output", str(files[0]), url, "--output", str(files[1]))
        digests = {digest_of(file) for file in files}
        assert len(digests) == 1, "both come over one control connection, from one server"
        seen |= digests
    assert seen == contents(lab)


@each_way
def test_uploads_arrive_whole(lab, target, way):
    content = secrets.token_bytes(2 * MIB)
    source = lab.state / "up"
    source.write_bytes(content)
    for i in range(2):
        name = f"{target.method}-{target.family}-{way}-{i}-{os.getpid()}"
        curl(lab, *WAYS[way], "--upload-file", str(source), f"ftp://{target.host}/in/{name}")
        arrived = [server.root / "in" / name for server in lab.servers if (server.root / "in" / name).exists()]
        assert len(arrived) == 1
        assert arrived[0].read_bytes() == content


@each_target
def test_commands_in_pieces(lab, target):
    printed = lab.run("client", sys.executable, str(PIECES), target.address, "data.bin", "4", timeout=60)
    digests = printed.split()
    assert len(digests) == 4 and len(set(digests)) == 1
    assert digests[0] in contents(lab)


@pytest.fixture
def lossy(lab):
    """Every fourth segment of control connections is lost in front of its receiver; not SYNs, for a lost one makes the
    ends wait for minutes. Counted, not drawn: what is sent again right away arrives, and time-outs do not add up."""
    for host, port in (("client", "sport"), ("s1", "dport"), ("s2", "dport")):
        for words in ("add table inet lossy", "add chain inet lossy in { type filter hook input priority 0; }",
                      f"add rule inet lossy in tcp {port} 21 tcp flags & syn == 0 numgen inc mod 4 0 drop"):
            lab.run(host, "nft", words)
    yield
    for host in ("client", "s1", "s2"):
        lab.run(host, "nft", "delete table inet lossy")


@each_way
def test_what_is_lost_is_sent_again_with_the_same_address(lab, lossy, target, way):
    file = lab.state / "lossy"
    curl(lab, *WAYS[way], f"ftp://{target.host}/data.bin", "--output", str(file))
    assert digest_of(file) in contents(lab)


@each_target
def test_pieces_that_get_lost(lab, lossy, target):
    printed = lab.run("client", sys.executable, str(PIECES), target.address, "data.bin", "2", timeout=120)
    assert len(printed.split()) == 2 and set(printed.split()) <= contents(lab)


def test_rows_and_ports_are_given_back(lab):
    """Whatever the tests before did: nothing is followed or open once all have quit."""
    box = lab.boxes["box"]

    def at_rest():
        services = box.ctl_json("show", "services")["services"]
        return all(int(s["load"].get("open", 0)) == 0 for s in services)
    assert wait_until(at_rest, 20)
    assert not {d["reason"] for d in box.ctl_json("show", "drops")["drops"]} & {"ftp_command", "reply_key_in_use"}
