"""The lab itself: it comes up over ruins and leaves nothing behind."""

import os
import shutil
import subprocess

import pytest

from baton_lab import network
from baton_lab.lab import Lab
from conftest import wait_until

NAME = "baton-ruins"
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root")


@pytest.fixture
def ruins():
    """A lab whose state was lost, as after a crash and a reboot of half the machine."""
    lab = Lab("nat", NAME, "nftables")
    lab.up()
    shutil.rmtree(lab.state)
    yield lab
    lab.down()


def test_a_second_up_removes_what_the_first_left(ruins):
    stranger = subprocess.Popen([*ruins.enter("client"), "cat"], stdin=subprocess.PIPE)
    again = Lab("nat", NAME, "nftables")
    again.up()
    assert wait_until(lambda: stranger.poll() is not None, 5), "a process of the old lab still runs"
    assert again.run("client", "curl", "-sS", "--fail", "--max-time", "5", "http://192.0.2.10/").startswith("s")
    assert Lab.of_state(NAME).topology.name == "nat"


def test_down_leaves_nothing_and_may_be_repeated(ruins):
    for _ in range(2):
        ruins.down()
        assert network.namespaces(NAME) == []
        assert not ruins.state.exists()
        assert Lab.of_state(NAME) is None
