"""The services of conf/lab/nat.yaml as the tests name them, and the parameter that goes through all four."""

from dataclasses import dataclass

import pytest


@dataclass(frozen=True)
class Target:
    method: str
    family: str
    address: str
    source: str    # what backends see as the client

    @property
    def host(self):
        return f"[{self.address}]" if ":" in self.address else self.address

    @property
    def url(self):
        return f"http://{self.host}/"

    def service(self, kind):
        return f"{kind}-{self.method}-{self.family}"


TARGETS = [
    Target("destination", "v4", "192.0.2.10", "192.0.2.2"),
    Target("destination", "v6", "2001:db8:1::10", "2001:db8:1::2"),
    Target("full", "v4", "198.51.100.20", "10.0.0.100"),
    Target("full", "v6", "2001:db8:51::20", "2001:db8:a::100"),
]

each_target = pytest.mark.parametrize("target", TARGETS, ids=lambda t: f"{t.method}-{t.family}")


def fetch(lab, target, times=1, host="client"):
    """Answers of `times` new connections, as (backend, source it saw) pairs."""
    answers = []
    for _ in range(times):
        text = lab.run(host, "curl", "--silent", "--show-error", "--fail", "--max-time", "10", target.url)
        answers.append(tuple(text.split()))
    return answers
