"""`batonctl why-not`: silent about a box that works, and right about what was just broken."""

import pytest

from conftest import wait_until
from services import TARGETS, fetch

pytestmark = pytest.mark.batond


def errors(box):
    return [(f["object"], f["problem"]) for f in box.ctl_json("why-not")["findings"] if f["severity"] == "error"]


def test_a_box_that_works_has_no_errors(lab):
    for target in TARGETS:
        fetch(lab, target)
    box = lab.boxes["box"]
    assert errors(box) == []
    checks = box.ctl("why-not")
    assert "check: backend web-destination-v4/s1: its answers must come back through the box" in checks
    assert "must lead to 10.0.0.1." in checks


def test_drained_backends_are_found(lab):
    box, service = lab.boxes["box"], TARGETS[0].service("web")
    for name in lab.backends:
        box.ctl("backend", service, name, "drain")
    try:
        assert wait_until(lambda: errors(box) == [(f"service {service}", "no backend takes new connections: all are "
                                                                         "drained or have weight 0")], 5), errors(box)
    finally:
        for name in lab.backends:
            box.ctl("backend", service, name, "enable")


def test_an_address_that_is_not_in_charge_is_found(lab):
    box, target = lab.boxes["box"], TARGETS[2]
    box.ctl("mode", target.address, "none")
    try:
        assert (f"address {target.address}", "is in mode none: its packets are refused here") in errors(box)
    finally:
        box.ctl("mode", target.address, "normal")
