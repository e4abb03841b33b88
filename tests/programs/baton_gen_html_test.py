#!/usr/bin/python3
"""baton-gen's HTML report: a page that browsers and XML parsers read alike, with the numbers of the JSON report, and inert
whatever the profile holds. baton_gen_html_test.py BATON_GEN. Needs no root."""
import html.parser
import json
import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree

PROGRAM = sys.argv[1]
HOSTILE = "echo '</code></svg></title><script>alert(1)</script><img src=x onerror=alert(2)>' \" & \" >&2"
PROFILE = """ports:
  - {name: a, device: "null:", role: clients, addresses: 10.1.0.2-10.1.0.5}
  - {name: b, device: "null:", role: servers, addresses: [10.2.0.2]}
duration: 2400ms
settle: 50ms
events:
  - {at: 600ms, run: "true"}
  - {at: 1200ms, run: HOSTILE}
flows:
  - {name: dns, protocol: udp, to: "10.2.0.2:53", count: 10, rate: 10k}
  - {name: web, protocol: udp, to: "10.2.0.2:80", count: 5, rate: 2k, size: 200}
  - {name: tcp, protocol: tcp, to: "10.2.0.2:81", count: 500, rate: 500}
limits: {lost: 3%, duplicated: 0}
impair: {lost: 1%, duplicated: 1%, corrupted: 0.5%, delay: 2ms}
"""
COUNTED = ("sent", "arrived", "lost", "duplicated", "reordered", "late", "corrupted")


class Page(html.parser.HTMLParser):
    """What a browser makes of it: elements, addresses, and the rows of each table by its id."""

    def __init__(self, text):
        super().__init__()
        self.names, self.attributes, self.tables = set(), [], {}
        self.rows, self.cell = None, None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.names.add(tag)
        self.attributes += attrs
        if tag == "table":
            self.rows = self.tables[dict(attrs)["id"]] = []
        elif tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.cell = ""

    def handle_endtag(self, tag):
        if tag in ("td", "th"):
            self.rows[-1].append(self.cell)
            self.cell = None

    def handle_data(self, data):
        if self.cell is not None:
            self.cell += data

    def row(self, table, name):
        """Column name -> text, of the row that begins with this."""
        rows = self.tables[table]
        return dict(zip(rows[0], next(row for row in rows[1:] if row[0] == name)))


def number(text):
    return int(text.replace("\u202f", ""))


def same_counts(row, counts, where):
    for name in COUNTED:
        if number(row[name]) != counts[name]:
            sys.exit(f"{where}: {name} is {row[name]} on the page and {counts[name]} in JSON")


def same_times(row, times, where):
    for column, key in (("p50", "p50"), ("p90", "p90"), ("p99", "p99"), ("p99.9", "p99_9"), ("max", "max")):
        if abs(float(row[column]) - times[key]) > 0.051:
            sys.exit(f"{where}: {column} is {row[column]} on the page and {times[key]} in JSON")


def check_numbers(page, report):
    same_counts(page.row("total", "both directions"), report["total"], "total")
    for limit in report["limits"]:
        row = page.row("limits", limit["what"])
        if number(row["measured"]) != limit["measured"] or (row[""] == "kept") != limit["kept"]:
            sys.exit(f"limit {limit}: {row}")
    for place, flow_class in enumerate(report["classes"]):
        for direction in ("requests", "responses"):
            same_counts(page.row(f"counts-{place}", direction), flow_class[direction], flow_class["name"])
            gaps = page.row(f"times-{place}", f"longest gap, {direction}")
            same_times(gaps, flow_class[direction]["longest_gap_us"], "gaps")
        if "connections" in flow_class:
            ends = dict(zip(*page.tables[f"connections-{place}"]))
            opened = flow_class["connections"]["opened"]
            if number(ends["connections opened"]) != opened or opened < 300:
                sys.exit(f"connections: {ends}")
            same_times(page.row(f"times-{place}", "connection set-up"), flow_class["connections"]["set_up_us"], "set-up")
        same_times(page.row(f"times-{place}", "round trip"), flow_class["round_trip_us"], "round trip")
        same_times(page.row(f"times-{place}", "one way"), flow_class["one_way_us"], "one way")
    for table, key, least in (("intervals", "intervals", 3), ("timeline", "timeline", 3)):
        rows = page.tables[table]
        if len(rows) - 1 != len(report[key]) or len(report[key]) != least:
            sys.exit(f"{table}: {len(rows) - 1} rows, {len(report[key])} in JSON")
        for row, counts in zip(rows[1:], report[key]):
            same_counts(dict(zip(rows[0], row)), counts, table)
        for name in ("sent", "arrived", "lost", "duplicated"):  # each packet once, whichever way the run is cut
            if sum(counts[name] for counts in report[key]) != report["total"][name]:
                sys.exit(f"{table}: {name} is not {report['total'][name]} together")


def check_inert(text, page):
    wanted = {"html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "b", "br", "code", "div", "table", "tr",
              "th", "td", "svg", "path", "text", "g", "details", "summary"}
    if page.names != wanted:
        sys.exit(f"elements of the page: {sorted(page.names ^ wanted)}")
    for name, value in page.attributes:
        if name.startswith("on") or name in ("src", "href", "style") or (name != "xmlns" and "://" in (value or "")):
            sys.exit(f"an attribute that loads or runs something: {name}={value}")
    if "default-src 'none'" not in text:
        sys.exit("no policy against loading")
    events = page.tables["events"]
    if events[2][2] != HOSTILE or "<script>" not in events[2][6]:
        sys.exit(f"the command is not shown as it is: {events[2]}")


def check_plots(text):
    root = ElementTree.fromstring(text)
    plots = root.findall(".//{http://www.w3.org/2000/svg}svg")
    if len(plots) != 3:
        sys.exit(f"{len(plots)} plots")
    for plot, series in zip(plots, (2, 4, 3)):
        name = "{http://www.w3.org/2000/svg}"
        paths = [path.get("d") for path in plot.iter(f"{name}path") if path.get("class", "").startswith("line")]
        marks = [group for group in plot.iter(f"{name}g") if group.get("class") == "mark"]
        # Each series has a line in the legend and one over three seconds: from x = 60 to 885.
        steps = [path for path in paths if path.count("H") == 3]
        if len(paths) != 2 * series or len(steps) != series or not all(path.endswith("H885.0") for path in steps):
            sys.exit(f"lines of a plot: {paths}")
        if len(marks) != 2 or HOSTILE not in marks[1].find(f"{name}title").text:
            sys.exit("events in a plot")


with tempfile.TemporaryDirectory() as folder:
    profile = os.path.join(folder, "a<script>alert(3)<script>.yaml")
    page_file, report_file = os.path.join(folder, "page.html"), os.path.join(folder, "report.json")
    with open(profile, "w", encoding="utf-8") as file:
        file.write(PROFILE.replace("HOSTILE", json.dumps(HOSTILE)))
    done = subprocess.run([PROGRAM, "--loopback", "--quiet", "--html", page_file, "--report", report_file, profile],
                          capture_output=True, text=True, timeout=60)
    if done.returncode != 1:  # duplicates are over their limit
        sys.exit(f"status {done.returncode}\n{done.stderr}")
    with open(page_file, encoding="utf-8") as file:
        content = file.read()
    with open(report_file, encoding="utf-8") as file:
        expected = json.load(file)
    parsed = Page(content)
    check_numbers(parsed, expected)
    check_inert(content, parsed)
    check_plots(content)
    done = subprocess.run([PROGRAM, "--loopback", "--quiet", "--html", "/nonexistent/x.html", profile],
                          capture_output=True, text=True, timeout=60)
    if done.returncode != 1 or "/nonexistent/x.html: cannot be written" not in done.stderr:
        sys.exit(f"a page that cannot be written: {done.returncode}\n{done.stderr}")
print("baton-gen html: ok")
