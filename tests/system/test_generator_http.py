"""baton-gen's clients against real servers: its ledger and nginx's logs have to agree. [AM-04] [AM-06]"""

import json
import subprocess

from conftest import SOURCE
from baton_lab.balancer import program
from services import TARGETS

PROFILE = SOURCE / "conf" / "gen" / "lab-http.yaml"


def generate(lab, *replacements):
    """Exit status, what was said, and the report's classes by their names."""
    text = PROFILE.read_text()
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new)
    profile, report = lab.state / "profile.yaml", lab.state / "report.json"
    profile.write_text(text)
    report.unlink(missing_ok=True)
    command = (*lab.enter("client"), str(program("baton-gen")), "--quiet", "--report", str(report), str(profile))
    ended = subprocess.run(command, stderr=subprocess.PIPE, text=True, timeout=60)
    return ended.returncode, ended.stderr, {c["name"]: c for c in json.loads(report.read_text())["classes"]}


def test_every_request_is_answered_and_stands_in_a_log(lab):
    before = {name: backend.served() for name, backend in lab.backends.items()}
    status, said, classes = generate(lab)
    assert status == 0, said
    assert set(classes) == {f"{t.method}-{t.family}" for t in TARGETS}
    for c in classes.values():
        connections = c["connections"]
        assert connections["opened"] > 900, said
        assert connections["completed"] == connections["established"] == connections["opened"]
        assert c["responses"]["arrived"] == c["requests"]["sent"] == c["round_trip_us"]["count"]
    assert classes["destination-v4"]["requests"]["sent"] > 4 * classes["destination-v4"]["connections"]["opened"]
    served = {name: backend.served() - before[name] for name, backend in lab.backends.items()}
    assert sum(served.values()) == sum(c["requests"]["sent"] for c in classes.values()), said
    assert min(served.values()) > 0


def test_long_responses_come_whole(lab):
    """A megabyte: nginx sends it in many windows, and the client confirms what came."""
    (lab.state / "www" / "long.txt").write_bytes(b"x" * 1_000_000)
    status, said, classes = generate(lab, ("http: /,", "http: /long.txt,"), ("rate: 200", "rate: 5"))
    assert status == 0, said
    for c in classes.values():
        assert c["connections"]["completed"] == c["connections"]["opened"] > 20, said
        assert c["responses"]["arrived"] == c["requests"]["sent"]


def test_what_a_server_refuses_is_counted(lab):
    """A path that is not there: whole responses with an error status. A port where nobody listens: resets."""
    status, said, classes = generate(lab, ("http: /, count: 200, rate: 200, close: reset", "http: /none, count: 200, rate: 200"),
                                     ("[2001:db8:1::10]:80", "[2001:db8:1::10]:81"), ("duration: 5s", "duration: 2s"))
    assert status == 1, said
    missing, refused = classes["full-v4"]["connections"], classes["destination-v6"]["connections"]
    assert missing["completed"] == missing["opened"] == missing["error_responses"] > 300, said
    assert refused["opened"] == refused["reset_by_others"] > 300, said
    assert refused["established"] == 0
    for name in ("destination-v4", "full-v6"):
        assert classes[name]["connections"]["completed"] == classes[name]["connections"]["opened"], said
