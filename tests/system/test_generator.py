"""baton-gen against batond: its ledger shows that the box loses nothing, and shows exactly what others lose."""

import json
import signal
import subprocess

import pytest

from conftest import SOURCE, assert_every_packet_is_accounted_for, lab_of, wait_until
from baton_lab.balancer import program
from baton_lab.ledger import start_generator

pytestmark = pytest.mark.batond

PROFILES = SOURCE / "conf" / "gen"
DIRECTIONS = ("requests", "responses")


@pytest.fixture(scope="module")
def generator_lab():
    yield from lab_of("generator", "baton-gen")


@pytest.fixture
def lab(generator_lab):
    box = generator_lab.boxes["box"]
    if box.process.pid() is None:  # the test before has ended it
        box.start()
    yield generator_lab


class Run:
    """A run of a profile of conf/gen/ in the lab, with some of its text replaced; or of the profile `text`."""

    def __init__(self, lab, *replacements, name="lab.yaml", text=None):
        text = text or (PROFILES / name).read_text()
        for old, new in replacements:
            assert old in text
            text = text.replace(old, new)
        self.process, self.report = start_generator(lab, text)

    def second(self):
        """The line of the next second."""
        return self.process.stderr.readline()

    def end(self):
        """Exit status, what was said, and the report."""
        try:
            said = self.process.stderr.read()
            status = self.process.wait(timeout=60)
        finally:
            self.process.kill()
        return status, said, json.loads(self.report.read_text()) if self.report.exists() else None


def assert_sums_hold(report):
    for counts in (report["total"], *(c[d] for c in report["classes"] for d in DIRECTIONS)):
        assert counts["sent"] == counts["arrived"] + counts["lost"]


def test_the_profiles_are_right():
    for profile in sorted(PROFILES.glob("*.yaml")):
        subprocess.run([str(program("baton-gen")), "--check", str(profile)], check=True, timeout=20)


def test_nothing_is_lost_in_the_steady_state(lab):
    status, said, report = Run(lab, ("duration: 10s", "duration: 5s")).end()
    assert status == 0, said
    assert report["passed"] and not report["interrupted"]
    assert_sums_hold(report)
    assert [c["name"] for c in report["classes"]] == ["destination-v4", "destination-v6", "full-v4", "full-v6"]
    for c in report["classes"]:
        for direction in DIRECTIONS:
            counts = c[direction]
            assert counts["sent"] > 10000, said
            assert counts["lost"] == counts["duplicated"] == counts["reordered"] == counts["corrupted"] == 0
            assert counts["silent_flows"] == 0
        assert c["round_trip_us"]["count"] == c["responses"]["arrived"]
        assert 0 < c["one_way_us"]["p50"] < c["round_trip_us"]["p50"]
    assert_every_packet_is_accounted_for(lab.boxes["box"])


def test_several_cores_lose_nothing_and_share_the_flows(lab):
    """Each core has a queue of each port; the kernel spreads frames over them without knowing of flows' cores."""
    run = Run(lab, ("duration: 10s", "duration: 5s\ncores: 2"), name="lab-mixed.yaml")
    status, said, report = run.end()
    assert status == 0, said
    assert report["cores"] == 2
    assert_sums_hold(report)
    for c in report["classes"]:
        assert c["requests"]["sent"] == c["responses"]["arrived"] > 500, said
        for direction in DIRECTIONS:
            assert c[direction]["lost"] == c[direction]["duplicated"] == c[direction]["silent_flows"] == 0, said
    total = report["total"]
    assert 0 < total["handed_over"] <= total["arrived"] * 4, said  # a connection's segments are more than its requests
    assert sum(second["sent"] for second in report["timeline"]) == total["sent"]
    assert_every_packet_is_accounted_for(lab.boxes["box"])


def test_more_cores_than_lcores_are_refused(lab):
    profile = lab.state / "profile.yaml"
    profile.write_text((PROFILES / "lab.yaml").read_text() + "cores: 3\n")
    command = (*lab.enter("gen"), str(program("baton-gen")), str(profile), "--", "--lcores=0@0,1@0")
    refused = subprocess.run(command, stderr=subprocess.PIPE, text=True, timeout=20)
    assert refused.returncode == 2
    assert "the profile wants 3 cores, DPDK has 1 lcores beside the main one" in refused.stderr


def dropped(lab):
    return int(lab.boxes["box"].ctl_json("status")["balance"]["dropped"])


def test_what_the_box_drops_is_lost_to_the_packet(lab):
    """For a second the box has no mode for an address and refuses its packets: the box's count and the ledger agree."""
    before = dropped(lab)
    run = Run(lab, ("duration: 10s", "duration: 4s"))
    run.second()
    lab.boxes["box"].ctl("mode", "192.0.2.10", "none")
    run.second()
    lab.boxes["box"].ctl("mode", "192.0.2.10", "normal")
    status, said, report = run.end()
    assert status == 1, said
    assert_sums_hold(report)
    lost = {c["name"]: sum(c[d]["lost"] for d in DIRECTIONS) for c in report["classes"]}
    assert lost["destination-v4"] > 500, said
    assert sum(lost.values()) == lost["destination-v4"] == dropped(lab) - before, said
    assert report["total"]["duplicated"] == 0 and report["total"]["icmp_errors"] > 0
    assert_every_packet_is_accounted_for(lab.boxes["box"])


def test_what_an_event_costs_stands_behind_it(lab):
    """An address loses its mode for a second and a half: its class alone loses, between the two events alone."""
    box = lab.boxes["box"]
    before = dropped(lab)
    mode = f"{program('batonctl')} --socket {box.socket} mode 192.0.2.10"
    events = f'duration: 4s\nevents: [{{at: 1s, run: "{mode} none"}}, {{at: 2500ms, run: "{mode} normal"}}]'
    status, said, report = Run(lab, ("duration: 10s", events)).end()
    assert status == 1, said
    assert [event["exit_status"] for event in report["events"]] == [0, 0], report["events"]
    first, second, third = report["intervals"]
    assert first["lost"] == 0, said
    for interval in (first, second, third):
        assert all(c[d]["lost"] == 0 for c in interval["classes"][1:] for d in DIRECTIONS), said
    # Either command takes its time to do what it is for: up to half a second on a busy machine.
    hit = second["classes"][0]["requests"]
    assert hit["lost"] > hit["sent"] * 0.6, said
    assert third["lost"] < third["classes"][0]["requests"]["sent"] / 2, said
    assert second["lost"] + third["lost"] == report["total"]["lost"] == dropped(lab) - before, said
    assert second["longest_gap_class"] == "destination-v4" and second["longest_gap_us"] > 900_000, said


def test_packets_that_are_held_arrive_late_once_and_in_order(lab):
    """For a second an address is on its way to another box, as far as this one knows. At a rate of which a second fits
    the receive ring of a port (2048 frames): the box sends all that it held at once."""
    run = Run(lab, ("duration: 10s", "duration: 4s"), ("rate: 3k, size: 64}", "rate: 1k, size: 64}"))
    run.second()
    lab.boxes["box"].ctl("mode", "192.0.2.10", "migration")
    run.second()
    lab.boxes["box"].ctl("mode", "192.0.2.10", "normal")
    status, said, report = run.end()
    assert status == 0, said
    assert_sums_hold(report)
    gaps = {c["name"]: c["responses"]["longest_gap_us"]["p50"] for c in report["classes"]}
    assert gaps["destination-v4"] > 800_000, said
    assert gaps["destination-v6"] < 600_000, said
    assert report["classes"][0]["round_trip_us"]["max"] > 800_000


def test_a_box_that_ends_in_the_middle_is_seen(lab):
    """Within the limits until then, outside of them after; every flow's gap reaches to the end."""
    run = Run(lab, ("duration: 10s", "duration: 6s"))
    for _ in range(3):
        assert "sent" in run.second()
    lab.boxes["box"].stop(signal.SIGKILL)
    status, said, report = run.end()
    assert status == 1, said
    assert_sums_hold(report)
    total = report["total"]
    assert total["arrived"] > 0
    for c in report["classes"]:
        counts = c["requests"]
        # About half of the time: between one and five of six seconds.
        assert counts["sent"] / 6 < counts["lost"] < counts["sent"] * 5 / 6, said
        assert c["responses"]["longest_gap_us"]["max"] > 1_500_000
    assert total["duplicated"] == 0 and total["corrupted"] == 0
    assert sum(second["arrived"] for second in report["seconds"][-2:]) == 0


def test_a_port_that_goes_down_and_comes_back(lab):
    """As a cable that is pulled for a second: what is sent meanwhile is lost, everything else arrives, and the run ends."""
    events = ('duration: 4s\nevents: [{at: 1s, run: "ip link set lan down"}, {at: 2s, run: "ip link set lan up"}]')
    status, said, report = Run(lab, ("duration: 10s", events)).end()
    assert status == 1, said
    assert [event["exit_status"] for event in report["events"]] == [0, 0], report["events"]
    assert_sums_hold(report)
    before, down, after = report["intervals"]
    assert before["lost"] == 0 or before["lost"] < before["sent"] / 50, said   # on their way when it went down
    assert down["lost"] > down["sent"] / 3, said
    assert after["arrived"] > after["sent"] / 2, said  # the box looks for its neighbours again
    assert report["total"]["duplicated"] == report["total"]["corrupted"] == 0
    for c in report["classes"]:
        assert c["responses"]["longest_gap_us"]["p50"] > 900_000
    ports = {port["name"]: port for port in report["ports"]}
    assert ports["wan"]["times_down"] == 0 and ports["wan"]["down_seconds"] == 0
    assert ports["lan"]["times_down"] == 1 and ports["lan"]["link_up"]
    assert 0.5 < ports["lan"]["down_seconds"] < 2.5, said
    assert "port lan: link down" in said and "port lan: link up" in said


def test_a_gateway_that_is_not_there(lab):
    status, said, report = Run(lab, ("gateway: [192.0.2.1, ", "gateway: [192.0.2.99, ")).end()
    assert status == 1
    assert "nobody answers for 192.0.2.99: nothing was sent" in said
    assert report["total"]["sent"] == 0 and not report["passed"]


def test_an_interrupted_run_reports(lab):
    run = Run(lab)
    assert "sent" in run.second()
    run.process.send_signal(signal.SIGINT)
    status, said, report = run.end()
    assert status == 0, said
    assert report["interrupted"] and 0.5 < report["sending_seconds"] < 8
    assert report["total"]["lost"] == 0
    assert wait_until(lambda: lab.boxes["box"].process.pid() is not None, 1)


def drops(lab):
    return {d["reason"]: int(d["packets"]) for d in lab.boxes["box"].ctl_json("show", "drops")["drops"]}


# What the box does to each kind (docs/baton-gen.md); the others it passes on, and the servers refuse them.
REFUSED = {
    "bad_ip_header": ("ip_version", "header_length_short", "header_length_long", "total_length_short"),
    "bad_ip_checksum": ("ip_checksum",),
    "too_short": ("length_beyond_frame", "truncated_l4", "extension_cut"),
    "too_many_headers": ("extensions_many",),
    "ttl_expired": ("ttl_zero",),
    "bad_address": ("source_loopback", "source_multicast"),
    "bad_l4_header": ("udp_length_short", "udp_length_long", "udp_no_checksum", "tcp_offset_short", "tcp_offset_long",
                      "tcp_no_flags", "tcp_all_flags"),
    "icmp_unknown_access": ("icmp_error_unknown", "icmp_error_cut"),
    "fragment_tiny": ("fragment_tiny",),
    "no_service": ("tcp_checksum",),  # on port 7 of lab-harm.yaml only datagrams are taken
}
REFUSED_V6 = REFUSED | {"bad_ip_header": (*REFUSED["bad_ip_header"], "fragment_beyond")}


def test_malformed_packets_beside_good_flows_are_each_refused_by_name(lab):
    """As many drops of each reason as packets were sent that deserve it; the flows beside them lose nothing."""
    before = drops(lab)
    status, said, report = Run(lab, ("duration: 10s", "duration: 4s"), name="lab-harm.yaml").end()
    assert status == 0, said
    assert_sums_hold(report)
    for c in report["classes"]:
        for direction in DIRECTIONS:
            assert c[direction]["sent"] > 1000 and c[direction]["lost"] == c[direction]["duplicated"] == 0, said
    expected = {}
    classes = {u["name"]: u for u in report["unanswered"]}
    for name, refused in (("malformed-v4", REFUSED), ("malformed-v6", REFUSED_V6)):
        kinds = {k["kind"]: k for k in classes[name]["kinds"]}
        for reason, names in refused.items():
            for kind in names:
                if kind in kinds:
                    expected[reason] = expected.get(reason, 0) + kinds[kind]["sent"]
                    assert kinds.pop(kind)["arrived"] == 0, f"{kind}: {said}"
        assert set(kinds) == {"udp_checksum", "land"}
        for kind in kinds.values():
            assert kind["arrived"] == kind["sent"] > 10, f"{kind}: {said}"
        assert classes[name]["duplicated"] == 0, said
        # Time exceeded goes back for each, but for what the box's limit on ICMP errors leaves out.
        assert classes[name]["returned"]["icmp_errors"] > 0, said
    assert {reason: count - before.get(reason, 0) for reason, count in drops(lab).items() if reason in expected} == expected
    for name, least in (("flood", 5000), ("malformed-web", 100)):
        assert classes[name]["arrived"] == classes[name]["sent"] > least, said
        assert classes[name]["duplicated"] == 0
    assert_every_packet_is_accounted_for(lab.boxes["box"])


def test_a_recording_is_replayed_beside_good_flows(lab):
    """Datagrams that scapy wrote, three rounds of them: each comes out at a server, where it is nobody's."""
    scapy = pytest.importorskip("scapy.all")
    frames = [scapy.Ether(src="02:00:00:00:00:99", dst="02:00:00:00:00:98") /
              scapy.IP(src="192.0.2.119", dst="192.0.2.10") / scapy.UDP(sport=900 + i, dport=7) / f"recorded {i}"
              for i in range(100)]
    for i, frame in enumerate(frames):
        frame.time = 1000 + i / 100
    scapy.wrpcap(str(lab.state / "recorded.pcap"), frames)
    replay = "flows:\n  - {name: recorded, protocol: replay, file: recorded.pcap, loop: 3}"
    # A rate of which a fifth of a second fits the receive rings: this is not about what the machine carries.
    status, said, report = Run(lab, ("duration: 10s", "duration: 4s"), ("rate: 3k", "rate: 1k"), ("flows:", replay)).end()
    assert status == 0, said
    assert report["total"]["lost"] == 0, said
    recorded = report["replays"][0]
    assert recorded["complete"] and recorded["frames"] == 100 and recorded["sent"] == 300, said
    assert report["total"]["foreign"] == 300, said
    assert_every_packet_is_accounted_for(lab.boxes["box"])


def connections(report):
    return {c["name"]: c["connections"] for c in report["classes"]}


def test_every_connection_is_answered_and_closed(lab):
    status, said, report = Run(lab, ("duration: 10s", "duration: 4s"), name="lab-tcp.yaml").end()
    assert status == 0, said
    assert_sums_hold(report)
    for name, counts in connections(report).items():
        assert counts["opened"] == counts["completed"] > 1000, f"{name}: {said}"
        assert counts["still_open"] == counts["reset_by_others"] == counts["abandoned"] == 0
    assert report["classes"][1]["requests"]["sent"] == 3 * connections(report)["destination-v6"]["opened"]
    # What the box knows of connections that have ended goes within the time-outs of closed ones.
    assert_every_packet_is_accounted_for(lab.boxes["box"])


def test_connections_that_the_box_refuses_are_reset_by_it(lab):
    """[AM-08]: for a port without service, and in the middle of connections when an address loses its mode."""
    run = Run(lab, ("duration: 10s", "duration: 3s"), ('to: "192.0.2.10:80"', 'to: "192.0.2.10:81"'),
              name="lab-tcp.yaml")
    status, said, report = run.end()
    assert status == 1, said
    refused = connections(report)["destination-v4"]
    assert refused["opened"] > 1000, said
    assert refused["reset_by_others"] + refused["timed_out"] + refused["still_open"] == refused["opened"], said
    assert refused["reset_by_others"] > 0 and refused["established"] == refused["reset_by_server"] == 0, said
    for name in ("destination-v6", "full-v4", "full-v6"):
        assert connections(report)[name]["completed"] == connections(report)[name]["opened"], said


def test_datagrams_echo_requests_and_connections_at_once(lab):
    status, said, report = Run(lab, ("duration: 10s", "duration: 4s"), name="lab-mixed.yaml").end()
    assert status == 0, said
    assert_sums_hold(report)
    for c in report["classes"]:
        assert c["requests"]["sent"] == c["responses"]["arrived"] > 500, said
    sizes = report["classes"][0]["requests"]
    mean = sizes["sent_bytes"] / sizes["sent"]
    assert abs(mean - (7 * 60 + 4 * 566 + 1514) / 12) < 2, "7 of 64, 4 of 570, 1 of 1518 bytes with FCS"
    assert_every_packet_is_accounted_for(lab.boxes["box"])


def test_esp_flows_and_roaming_terminals_pass_the_box(lab):
    """The box balances neither and routes both: three SPIs for each flow, four moves of each terminal, and nothing is lost."""
    status, said, report = Run(lab, name="lab-routed.yaml").end()
    assert status == 0, said
    classes = {c["name"]: c for c in report["classes"]}
    assert set(classes) == {"esp-v4", "esp-v6", "roaming"}
    for c in classes.values():
        assert c["requests"]["arrived"] == c["responses"]["arrived"] == c["requests"]["sent"] > 4500, said
    for name in ("esp-v4", "esp-v6"):
        assert classes[name]["esp"]["rekeyings"] == 2
    assert classes["roaming"]["mobile"]["moves"] == 4 * 100
    assert_every_packet_is_accounted_for(lab.boxes["box"])
