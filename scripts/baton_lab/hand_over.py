"""scripts/bench hand-over: what packets suffer when end systems change hands.

Three boxes of the topology `sharing` share the load of one gateway; baton-gen plays end systems that send to a server, and
all of them are moved from router to router until there were so many hand-overs (of one end system each). Then the same
goes on for a while without hand-overs, for comparison. Prints a JSON object.

`exact` rests on frames being looked at within `cover` (10 times `skew`) at both routers. Where this machine itself took the CPU
from a box for longer than `skew`, that is a stall: the result tells how many there were, the longest, and how much was
lost or doubled in seconds without any."""

import argparse
import json
import time

from .lab import Lab
from .ledger import Ledger, end_systems, profile, warm_up
from .sharing import ADDRESSES, Routers
from .stalls import Stalls

LAB = "baton-hand-over"
REST_S = 10
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


def run(routers, options):
    """The ledger while there are hand-overs, and how many of them within it."""
    duration_s = 3600
    ledger = Ledger(routers.lab, profile(duration_s, options.end_systems, options.rate))
    begin = time.monotonic() - 1
    stalls = Stalls([box.process.pid() for box in routers.boxes], options.skew)
    stalls.start()
    moved, moves = 0, 0
    while moved < options.hand_overs:
        moved += routers.move_all_to(ADDRESSES[(moves + 1) % len(ADDRESSES)])
        moves += 1
    ended = time.monotonic() + SETTLED_S
    time.sleep(SETTLED_S + REST_S)
    stalls.end()
    ledger.stop()
    timeline = ledger.report()["timeline"]
    busy = [second for second in timeline if second["to"] <= ended - begin]
    rest = [second for second in timeline if second["from"] > ended - begin]
    within = [stall for stall in stalls.found if stall[0] <= ended]
    clean = clean_seconds(busy, begin, within)
    return {"hand_overs": moved, "moves": moves, "seconds": round(ended - begin - 1, 1), **suffered(busy),
            "worst_round_trip_of_a_second_ms": worst(busy),
            "stalls": {"over_ms": options.skew, "count": len(within), "longest_ms": round(stalls.longest_ms, 1)},
            "without_stalls": {"seconds": len(clean), **suffered(clean), "worst_round_trip_of_a_second_ms": worst(clean)},
            "at_rest": {**suffered(rest), "worst_round_trip_of_a_second_ms": worst(rest)}}


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench hand-over", description=__doc__.split("\n\n")[0])
    parser.add_argument("--hand-overs", type=int, default=10000)
    parser.add_argument("--mode", choices=["exact", "sequence", "timer"], default="exact")
    parser.add_argument("--skew", type=int, default=5, metavar="MS", help="of the configuration (5)")
    parser.add_argument("--end-systems", type=int, default=60)
    parser.add_argument("--rate", type=int, default=3000, help="datagrams per second of all together (3000)")
    options = parser.parse_args()
    lab = Lab("sharing", LAB)
    try:
        lab.up(start_boxes=False)
        routers = Routers(lab)
        routers.start(hand_over=options.mode, skew=f"{options.skew}ms", review_every="0s", discovery=["static"],
                      end_systems=end_systems(options.end_systems))
        routers.wait_until_shared(options.end_systems)
        warm_up(lab, options.end_systems)
        print(json.dumps({"mode": options.mode, "skew_ms": options.skew, "end_systems": options.end_systems,
                          "rate": options.rate, **run(routers, options)}))
    finally:
        lab.down()


if __name__ == "__main__":
    main()
