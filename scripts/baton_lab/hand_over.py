"""scripts/bench hand-over: what packets suffer when end systems change hands.

Three boxes of the topology `sharing` share the load of one gateway; baton-gen plays end systems that send to a server,
and all of them are moved from router to router until there were so many hand-overs (of one end system each). Before,
the same goes on for a while without hand-overs, for comparison. Prints a JSON object; `round_trip_ms` is of single
packets.

`exact` rests on frames being looked at within `cover` (10 times `skew`) at both routers. Where this machine itself took
the CPU from a box for longer than `skew`, that is a stall: the result tells how many there were, the longest, and how
much was lost or doubled in seconds without any."""

import argparse
import json
import time

from .lab import Lab
from .ledger import PACKETS, Ledger, end_systems, profile, warm_up, web
from .sharing import ADDRESSES, Routers
from .stalls import Stalls

LAB = "baton-hand-over"
PROFILES = {"udp": profile, "tcp": lambda duration_s, count, rate: web(duration_s, count, rate // PACKETS)}
SETTLED_S = 1    # after the last hand-over


def clean_seconds(timeline, begin, stalls):
    """The seconds of the ledger that no stall was in, nor right before."""
    stalled = {int(when - begin) + after for when, _ in stalls for after in (0, 1)}
    return [second for n, second in enumerate(timeline) if n not in stalled]


def worst(seconds):
    """The longest round trip of each second, as quantiles in ms."""
    longest = sorted(second["round_trip_us"]["max"] / 1000 for second in seconds if second["round_trip_us"]["count"])
    if not longest:
        return None
    return {name: round(longest[min(len(longest) - 1, int(share * len(longest)))], 2)
            for name, share in (("p50", 0.5), ("p99", 0.99), ("max", 1))}


def suffered(seconds):
    return {name: sum(second[name] for second in seconds) for name in ("sent", "lost", "duplicated", "reordered")}


def quantiles_ms(times):
    """Of single round trips."""
    return {name: round(times[name] / 1000, 3) for name in ("p50", "p99", "p99_9", "max")} if times["count"] else None


def connections(report):
    """What became of them, of a ledger of `tcp`. Segments that were sent again are what was lost, or late."""
    counts = report["classes"][0].get("connections", {})
    wanted = ("opened", "completed", "timed_out", "reset_by_server", "reset_by_others", "still_open", "retransmitted",
              "duplicate_segments", "out_of_order")
    return {name: counts[name] for name in wanted if name in counts}


def measure(routers, options, work):
    """The ledger while `work` is done, and what that returns."""
    ledger = Ledger(routers.lab, PROFILES[options.protocol](3600, options.end_systems, options.rate))
    begin = time.monotonic() - 1
    stalls = Stalls([box.process.pid() for box in routers.boxes], options.skew)
    stalls.start()
    done = work()
    stalls.end()
    seconds = time.monotonic() - begin
    ledger.stop()
    report = ledger.report()
    timeline = report["timeline"]
    clean = clean_seconds(timeline, begin, stalls.found)
    return {**done, "seconds": round(seconds, 1), **suffered(timeline), **connections(report),
            "round_trip_ms": quantiles_ms(report["classes"][0]["round_trip_us"]),
            "worst_round_trip_of_a_second_ms": worst(timeline),
            "stalls": {"over_ms": options.skew, "count": len(stalls.found), "longest_ms": round(stalls.longest_ms, 1)},
            "without_stalls": {"seconds": len(clean), **suffered(clean),
                               "worst_round_trip_of_a_second_ms": worst(clean)}}


def run(routers, options):
    """The same end systems without hand-overs, and with them."""
    def move():
        moved, moves = 0, 0
        while moved < options.hand_overs:
            moved += routers.move_all_to(ADDRESSES[(moves + 1) % len(ADDRESSES)])
            moves += 1
        time.sleep(SETTLED_S)
        return {"hand_overs": moved, "moves": moves}
    at_rest = measure(routers, options, lambda: time.sleep(options.rest) or {})
    return {**measure(routers, options, move), "at_rest": at_rest}


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench hand-over", description=__doc__.split("\n\n")[0])
    parser.add_argument("--hand-overs", type=int, default=10000)
    parser.add_argument("--mode", choices=["exact", "sequence", "timer"], default="exact")
    parser.add_argument("--skew", type=int, default=5, metavar="MS", help="of the configuration (5)")
    parser.add_argument("--end-systems", type=int, default=60)
    parser.add_argument("--protocol", choices=PROFILES, default="udp", help="datagrams (udp), or short connections")
    parser.add_argument("--rate", type=int, default=3000,
                        help="datagrams of all end systems per second; tcp: packets, both ways (3000)")
    parser.add_argument("--rest", type=int, default=20, metavar="S", help="without hand-overs (20)")
    options = parser.parse_args()
    lab = Lab("sharing", LAB)
    try:
        lab.up(start_boxes=False)
        routers = Routers(lab)
        routers.start(hand_over=options.mode, skew=f"{options.skew}ms", review_every="0s", discovery=["static"],
                      end_systems=end_systems(options.end_systems))
        routers.wait_until_shared(options.end_systems)
        warm_up(lab, options.end_systems)
        print(json.dumps({"mode": options.mode, "protocol": options.protocol, "skew_ms": options.skew,
                          "end_systems": options.end_systems, "rate": options.rate, **run(routers, options)}))
    finally:
        lab.down()


if __name__ == "__main__":
    main()
