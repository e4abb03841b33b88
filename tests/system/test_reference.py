"""scripts/bench reference: one short run against each of its targets."""

import json
import subprocess
import xml.etree.ElementTree

import pytest

from conftest import SOURCE

pytestmark = pytest.mark.batond


def test_each_reference_answers(tmp_path):
    command = (SOURCE / "scripts/bench", "reference", "1", "--seconds", "1", "--rate", "2k", "--out", tmp_path)
    bench = subprocess.run(command, capture_output=True, text=True, timeout=90)
    assert bench.returncode == 0, bench.stderr
    lines = [json.loads(line) for line in bench.stdout.splitlines()]
    assert [line.get("target") for line in lines] == ["batond", "nftables", "testpmd", None, None]
    for line in lines[:3]:
        # So little that a target which forwards at all answers most of it.
        assert line["answered_per_second"] > 500, line
        assert 0 <= line["lost_share"] < 0.75, line
    by_target = {line["target"]: line["answered_per_second"] for line in lines[:3]}
    for line, reference in zip(lines[3:], ("nftables", "testpmd")):
        assert line["ratio"] == f"batond/{reference}" and line["runs"] == 1
        assert line["median"] == pytest.approx(by_target["batond"] / by_target[reference])
    written = json.loads((tmp_path / "reference.json").read_text())
    assert written["ratios"] == lines[3:]
    xml.etree.ElementTree.parse(tmp_path / "reference.svg")
