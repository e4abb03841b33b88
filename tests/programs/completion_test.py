#!/usr/bin/python3
"""What bash completes, asked of bash itself: completion_test.py FILE. A batonctl of the test's own plays the running box."""
import os
import subprocess
import sys
import tempfile

CASES = [
    ("batonctl ", {"status", "show", "mode", "backend", "reload", "explain", "virtual-router", "capture", "events", "why-not"}),
    ("batonctl re", {"reload"}),
    ("batonctl reload --d", {"--dry-run"}),
    ("batonctl show ", {"conditions", "end-systems", "ports", "workers", "services", "backends", "access", "routes", "neighbors", "drops", "modes",
                       "virtual-routers", "events"}),
    ("batonctl show n", {"neighbors"}),
    ("batonctl --json show dr", {"drops"}),
    ("batonctl show drops --a", {"--all"}),
    ("batonctl mode ", {"198.51.100.10", "10.0.0.10"}),
    ("batonctl mode 198.51.100.10 n", {"normal", "none"}),
    ("batonctl --socket /x backend ", {"web", "dns"}),
    ("batonctl backend web ", {"s1", "s2"}),
    ("batonctl backend web s1 ", {"weight", "drain", "enable"}),
    ("batonctl backend web s1 weight ", set()),
    ("batonctl show access --service ", {"web", "dns"}),
    ("batonctl explain ", {"tcp", "udp", "icmp", "icmp6"}),
    ("batonctl explain tcp 1.2.3.4:5 > 6.7.8.9:80 on ", {"wan", "lan"}),
    ("batonctl explain tcp ", set()),
    ("batonctl explain --p", {"--pcap", "--port"}),
    ("batonctl explain --port w", {"wan"}),
    ("batonctl why-not --c", {"--config"}),
    ("batonctl capture --d", {"--drops"}),
    ("batonctl capture --filter x --po", {"--port"}),
    ("batonctl status ", set()),
    ("batond --ch", {"--check"}),
    ("batond --log_level w", {"warn"}),
    ("baton-controller --ch", {"--check"}),
]
BATONCTL = """#!/bin/bash
if [ "$1" = --socket ]; then shift 2; fi
case "$*" in
  "show services") printf 'service listen\\nweb 1\\ndns 2\\n' ;;
  "show ports") printf 'port device\\nwan 1\\nlan 2\\n' ;;
  "show modes") printf 'address kind\\n198.51.100.10 external\\n10.0.0.10 internal\\n' ;;
  "show backends --service web") printf 'service backend\\nweb s1\\nweb s2\\n' ;;
esac
"""
SCRIPT = """source "$1"; COMP_WORDS=("${@:2}"); COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
"_${COMP_WORDS[0]}"; printf '%s\\n' "${COMPREPLY[@]}"
"""

failed = 0
with tempfile.TemporaryDirectory() as folder:
    with open(os.path.join(folder, "batonctl"), "w") as file:
        file.write(BATONCTL)
    os.chmod(file.name, 0o755)
    environment = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}
    for line, expected in CASES:
        done = subprocess.run(["bash", "-c", SCRIPT, "test", sys.argv[1], *line.split(" ")], env=environment,
                              capture_output=True, text=True, timeout=20)
        got = set(done.stdout.split())
        if got != expected or done.stderr:
            failed += 1
            print(f"{line!r}: {sorted(got)} instead of {sorted(expected)} {done.stderr}")
print(f"{len(CASES) - failed} of {len(CASES)} cases")
sys.exit(1 if failed else 0)
