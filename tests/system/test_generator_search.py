"""baton-gen searches the limit of a box whose limit is known."""

import json
import re

import pytest

from conftest import SOURCE, assert_every_packet_is_accounted_for, lab_of
from baton_lab.balancer import program

pytestmark = pytest.mark.batond

ROWS = 1000


def narrow(lab):
    box = lab.boxes["box"]
    text = re.sub(r"access_rows: \d+", f"access_rows: {ROWS}", box.configuration.read_text())
    assert f"access_rows: {ROWS}" in text
    box.configuration.write_text(text)


@pytest.fixture(scope="module")
def narrow_lab():
    yield from lab_of("generator", "baton-search", narrow)


def test_the_rows_of_a_box_are_found(narrow_lab):
    lab = narrow_lab
    text = (SOURCE / "conf" / "gen" / "capacity.yaml").read_text()
    for old, new in (("count: 300000, rate: 25k", "count: 1600, rate: 4k"), ("duration: 15s", "duration: 1s"),
                     ("lost: 0.1%", "lost: 0")):
        assert old in text
        text = text.replace(old, new)
    profile, report = lab.state / "profile.yaml", lab.state / "report.json"
    profile.write_text(text)
    lab.run("gen", program("baton-gen"), "--quiet", "--report", report, profile, timeout=90)
    found = json.loads(report.read_text())
    assert found["passed"] and found["search"] == "capacity"
    assert found["trials"][0]["why"] == f"{1600 - ROWS} flows got no answer"
    assert ROWS * 0.99 <= found["best"]["flows"] <= ROWS
    assert found["best"]["lost"] == 0
    # Each flow that is above has no row; nobody else has lost one.
    for trial in found["trials"]:
        assert trial["silent_flows"] == max(0, trial["flows"] - ROWS)
    drops = lab.boxes["box"].ctl_json("show", "drops")["drops"]
    assert {d["reason"] for d in drops} == {"access_table_full"}
    assert_every_packet_is_accounted_for(lab.boxes["box"])
