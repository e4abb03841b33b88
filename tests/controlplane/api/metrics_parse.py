"""Reads the metrics with Prometheus's own OpenMetrics parser: metrics_parse.py SAMPLE_PROGRAM METRICS_MD."""

import subprocess
import sys

from prometheus_client.openmetrics.parser import text_string_to_metric_families

text = subprocess.run([sys.argv[1]], check=True, capture_output=True, text=True).stdout
with open(sys.argv[2], encoding="utf-8") as file:
    manual = file.read()

families = {family.name: family for family in text_string_to_metric_families(text)}  # raises on anything malformed
problems = []
for name, family in families.items():
    if not name.startswith("baton_"):
        problems.append(f"{name}: does not begin with baton_")
    if not family.samples:
        problems.append(f"{name}: no samples")
    if f"`{name}`" not in manual and f"`{name}_total`" not in manual:
        problems.append(f"{name}: docs/metrics.md does not explain it")
    for unit in ("bytes", "seconds", "packets"):
        if name.endswith("_" + unit) and family.unit != unit:
            problems.append(f"{name}: unit is {family.unit!r}")

node = families["baton_build_info"].samples[0].labels["node"]
if node != 'quote " backslash \\ newline \n end':
    problems.append(f"the label's value came back as {node!r}")
if len(families["baton_dropped_packets"].samples) < 2 * 30:
    problems.append("drop reasons are missing")

print("\n".join(problems) or f"{len(families)} families")
sys.exit(1 if problems else 0)
