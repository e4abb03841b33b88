"""Namespaces and wires. A host is the namespace LAB-HOST; two ends of a wire are a veth pair, more meet at a bridge in
LAB-switch. Everything of a lab carries its name as a prefix, so that removing needs no memory of what was built."""

import os
import signal
import time

from .commands import LabError, run

SWITCH = "switch"


def namespaces(lab):
    listed = run("ip", "netns", "list").splitlines()
    return [line.split()[0] for line in listed if line.startswith(lab + "-")]


def processes_in(namespace):
    # `ip netns pids` says "No such file" for a namespace that is gone: then there are none.
    return [int(pid) for pid in run("ip", "netns", "pids", namespace, check=False).split()]


def end_processes(namespace, patience_s=5.0):
    """Ends what runs in the namespace: politely first, by pid, and only pids that are in it at that moment."""
    deadline = time.monotonic() + patience_s
    for sign in (signal.SIGTERM, signal.SIGKILL):
        for pid in processes_in(namespace):
            try:
                os.kill(pid, sign)
            except ProcessLookupError:
                pass
        while processes_in(namespace) and time.monotonic() < deadline:
            time.sleep(0.02)
        deadline += patience_s
    if processes_in(namespace):
        raise LabError(f"processes {processes_in(namespace)} in {namespace} do not end")


def remove(lab):
    for namespace in namespaces(lab):
        end_processes(namespace)
        run("ip", "netns", "delete", namespace)


def quieten(namespace, silent):
    """Before there are interfaces: no duplicate address detection, no router advertisements, no reverse path filter."""
    settings = ["net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.default.rp_filter=0",
                "net.ipv6.conf.all.accept_dad=0", "net.ipv6.conf.default.accept_dad=0",
                "net.ipv6.conf.default.accept_ra=0", "net.ipv6.conf.default.autoconf=0"]
    if silent:  # batond and baton-gen speak for their ports; the kernel must keep silent on them
        settings += ["net.ipv6.conf.default.disable_ipv6=1"]
    run("ip", "netns", "exec", namespace, "sysctl", "-qw", *settings)
    run("ip", "-n", namespace, "link", "set", "lo", "up")


def plain_ethernet(namespace, interface):
    """No offloads: packets have real sizes and finished checksums, and received checksums are really checked."""
    run("ip", "netns", "exec", namespace, "ethtool", "-K", interface,
        "rx", "off", "tx", "off", "tso", "off", "gso", "off", "gro", "off")
    run("ip", "-n", namespace, "link", "set", interface, "up")


def build(lab, topology):
    for host in topology.hosts:
        namespace = f"{lab}-{host.name}"
        run("ip", "netns", "add", namespace)
        quieten(namespace, host.role in ("box", "generator"))
    for segment, ends in topology.segments().items():
        if len(ends) == 2:
            join(f"{lab}-{ends[0][0].name}", segment, f"{lab}-{ends[1][0].name}", segment)
        else:
            join_at_bridge(lab, segment, [host.name for host, _ in ends])
    for host in topology.hosts:
        if host.role == "generator":
            silence_kernel(f"{lab}-{host.name}", [interface.segment for interface in host.interfaces])
        elif host.role != "box":
            give_addresses(f"{lab}-{host.name}", host)


def join(namespace, interface, other, other_interface):
    run("ip", "-n", namespace, "link", "add", "name", interface, "type", "veth",
        "peer", "name", other_interface, "netns", other)
    plain_ethernet(namespace, interface)
    plain_ethernet(other, other_interface)


def join_at_bridge(lab, segment, hosts):
    switch = f"{lab}-{SWITCH}"
    if switch not in namespaces(lab):
        run("ip", "netns", "add", switch)
        quieten(switch, True)
    # Snooping would cut off solicited-node multicast from whoever sends no MLD reports, and batond sends none.
    run("ip", "-n", switch, "link", "add", "name", segment, "type", "bridge", "mcast_snooping", "0", "stp_state", "0")
    run("ip", "-n", switch, "link", "set", segment, "up")
    for host in hosts:
        port = f"{segment}-{host}"
        join(switch, port, f"{lab}-{host}", segment)
        run("ip", "-n", switch, "link", "set", port, "master", segment)


def give_addresses(namespace, host):
    for interface in host.interfaces:
        for address in interface.addresses:
            nodad = ["nodad"] if ":" in address else []
            run("ip", "-n", namespace, "address", "add", address, "dev", interface.segment, *nodad)
    for gateway in host.gateways:
        run("ip", "-n", namespace, "route", "replace", "default", "via", gateway)


def silence_kernel(namespace, interfaces):
    """The kernel sees a copy of what af_packet receives. It has no address there; this also saves it the work."""
    rules = ["table netdev silent {"]
    for interface in interfaces:
        run("ip", "-n", namespace, "link", "set", interface, "arp", "off")
        rules.append(f"chain {interface} {{\n type filter hook ingress device {interface} priority 0; policy drop;\n}}")
    run("ip", "netns", "exec", namespace, "nft", "-f", "-", text="\n".join(rules + ["}", ""]))
