"""What the lab can build, as plain data. Addresses of boxes are what their configuration file says; they are repeated
here only for the kernel's stand-in (balancer.py), which has no configuration file."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Interface:
    segment: str                 # the wire it is on, and its name in the host
    addresses: tuple = ()        # with prefix lengths


@dataclass(frozen=True)
class Host:
    name: str
    role: str                    # client, box, backend, generator
    interfaces: tuple
    gateways: tuple = ()         # one for each family
    configuration: str = ""      # a box's, under conf/lab/


@dataclass(frozen=True)
class Topology:
    name: str
    hosts: tuple = field(default_factory=tuple)

    def of_role(self, role):
        return [host for host in self.hosts if host.role == role]

    def segments(self):
        """Each wire with its (host, interface) ends, in the order of the hosts."""
        wires = {}
        for host in self.hosts:
            for interface in host.interfaces:
                wires.setdefault(interface.segment, []).append((host, interface))
        return wires


def backend(number, gateway_v4, gateway_v6):
    addresses = (f"10.0.0.{10 + number}/24", f"2001:db8:a::{10 + number}/64")
    return Host(f"s{number}", "backend", (Interface("lan", addresses),), (gateway_v4, gateway_v6))


CLIENT = Host("client", "client", (Interface("wan", ("192.0.2.2/24", "2001:db8:1::2/64")),),
              ("192.0.2.1", "2001:db8:1::1"))

#   client 192.0.2.2 --- wan --- box --- lan --- s1, s2, s3
#          2001:db8:1::2                         10.0.0.11 ..., 2001:db8:a::11 ...
NAT = Topology("nat", (
    CLIENT,
    Host("box", "box", (
        Interface("wan", ("192.0.2.1/24", "2001:db8:1::1/64")),
        Interface("lan", ("10.0.0.1/24", "2001:db8:a::1/64"))), configuration="nat.yaml"),
    backend(1, "10.0.0.1", "2001:db8:a::1"),
    backend(2, "10.0.0.1", "2001:db8:a::1"),
    backend(3, "10.0.0.1", "2001:db8:a::1"),
))

#                         +--- box-a ---+
#   client --- wan -------+             +--- lan --- s1, s2 (their gateway is box-a), s3, s4 (box-b)
#                         +--- box-b ---+
TWO_BOXES = Topology("two-boxes", (
    CLIENT,
    Host("box-a", "box", (
        Interface("wan", ("192.0.2.1/24", "2001:db8:1::1/64")),
        Interface("lan", ("10.0.0.1/24", "2001:db8:a::1/64"))), configuration="two-boxes-a.yaml"),
    Host("box-b", "box", (
        Interface("wan", ("192.0.2.254/24", "2001:db8:1::fe/64")),
        Interface("lan", ("10.0.0.254/24", "2001:db8:a::fe/64"))), configuration="two-boxes-b.yaml"),
    backend(1, "10.0.0.1", "2001:db8:a::1"),
    backend(2, "10.0.0.1", "2001:db8:a::1"),
    backend(3, "10.0.0.254", "2001:db8:a::fe"),
    backend(4, "10.0.0.254", "2001:db8:a::fe"),
))

def two_footed(number):
    """A backend that the box reaches over `lan`, and whose answers leave over `wan`, past the box."""
    return Host(f"s{number}", "backend", (
        Interface("lan", (f"10.0.0.{10 + number}/24", f"2001:db8:a::{10 + number}/64")),
        Interface("wan", (f"192.0.2.{100 + number}/24", f"2001:db8:1::{100 + number}/64"))))


#   client --- wan ---+--- box --- lan ---+
#                     +------ s1, s2 -----+
METHODS = Topology("methods", (
    CLIENT,
    Host("box", "box", (
        Interface("wan", ("192.0.2.1/24", "2001:db8:1::1/64")),
        Interface("lan", ("10.0.0.1/24", "2001:db8:a::1/64"))), configuration="methods.yaml"),
    two_footed(1),
    two_footed(2),
))

#   client 192.0.2.2 (a router) --- wan --- box --- lan --- s1
KERNEL = Topology("kernel", (
    CLIENT,
    Host("box", "box", (
        Interface("wan", ("192.0.2.1/24", "2001:db8:1::1/64")),
        Interface("lan", ("10.0.0.1/24", "2001:db8:a::1/64"))), configuration="kernel.yaml"),
    backend(1, "10.0.0.1", "2001:db8:a::1"),
))

# The hosts of `nat`; on two backends the tests start FTP servers.
FTP = Topology("ftp", (
    CLIENT,
    Host("box", "box", (
        Interface("wan", ("192.0.2.1/24", "2001:db8:1::1/64")),
        Interface("lan", ("10.0.0.1/24", "2001:db8:a::1/64"))), configuration="ftp.yaml"),
    backend(1, "10.0.0.1", "2001:db8:a::1"),
    backend(2, "10.0.0.1", "2001:db8:a::1"),
))

# The box of `nat`; baton-gen plays everybody else on both of its wires (conf/gen/lab.yaml), so `gen` has no addresses.
GENERATOR = Topology("generator", (
    Host("gen", "generator", (Interface("wan"), Interface("lan"))),
    Host("box", "box", (
        Interface("wan", ("192.0.2.1/24", "2001:db8:1::1/64")),
        Interface("lan", ("10.0.0.1/24", "2001:db8:a::1/64"))), configuration="nat.yaml"),
))

# The same wires; the box forwards to servers that have the services' addresses themselves (conf/gen/lab-direct.yaml).
DIRECT = Topology("direct", (
    Host("gen", "generator", (Interface("wan"), Interface("lan"))),
    Host("box", "box", (
        Interface("wan", ("192.0.2.1/24", "2001:db8:1::1/64")),
        Interface("lan", ("10.0.0.1/24", "2001:db8:a::1/64"))), configuration="direct.yaml"),
))

# The client and the box of `nat`; baton-gen plays the backends (conf/gen/lab-servers.yaml).
SERVERS = Topology("servers", (
    CLIENT,
    Host("box", "box", (
        Interface("wan", ("192.0.2.1/24", "2001:db8:1::1/64")),
        Interface("lan", ("10.0.0.1/24", "2001:db8:a::1/64"))), configuration="nat.yaml"),
    Host("gen", "generator", (Interface("lan"),)),
))


def end_system(number):
    return Host(f"e{number}", "client", (Interface("lan", (f"10.0.0.{50 + number}/24", f"2001:db8:a::{50 + number}/64")),),
                ("10.0.0.1", "2001:db8:a::1"))


def router(number):
    return Host(f"r{number}", "box", (
        Interface("wan", (f"192.0.2.{10 + number}/24", f"2001:db8:1::{10 + number}/64")),
        Interface("lan", (f"10.0.0.{10 + number}/24", f"2001:db8:a::{10 + number}/64"))),
        configuration=f"router-{number}.yaml")


# The gateways of both networks, 10.0.0.1 and 192.0.2.1 (2001:db8:a::1, 2001:db8:1::1), are virtual routers: of boxes,
# and of whatever the tests start on `peer`.
#                         +--- r1, r2, r3 ---+
#   far --- wan ----------+                  +--- lan --- e1, e2, e3
#                         +--- peer ---------+
ROUTERS = Topology("routers", (
    Host("far", "client", (Interface("wan", ("192.0.2.2/24", "2001:db8:1::2/64")),), ("192.0.2.1", "2001:db8:1::1")),
    router(1), router(2), router(3),
    Host("peer", "client", (
        Interface("wan", ("192.0.2.20/24", "2001:db8:1::20/64")),
        Interface("lan", ("10.0.0.20/24", "2001:db8:a::20/64")))),
    end_system(1), end_system(2), end_system(3),
))

# Three boxes that share the load of one gateway (sharing.py). `far` serves as backends do; baton-gen plays more end systems
# and more servers, so `gen` has no addresses. `server` is for a substitution server.
#   far --- wan ---+--- r1, r2, r3 ---+--- lan --- e1, e2, e3, server
#                  +------- gen ------+
SHARING = Topology("sharing", (
    Host("far", "backend", (Interface("wan", ("192.0.2.2/24", "2001:db8:1::2/64")),), ("192.0.2.1", "2001:db8:1::1")),
    router(1), router(2), router(3),
    Host("gen", "generator", (Interface("wan"), Interface("lan"))),
    end_system(1), end_system(2), end_system(3),
    Host("server", "client", (Interface("lan", ("10.0.0.20/24", "2001:db8:a::20/64")),)),
))



def edge_router(number, network):
    return Host(f"r{number}", "box", (Interface("cnw", ()), Interface(network, ())), configuration="router-1.yaml")


def customer(number, network, gateway):
    address = f"10.{network[-1]}.0.{50 + number}/24"
    return Host(f"e{number}", "client", (Interface(network, (address,)),), (gateway,))


# Two networks of a company and a carrier's between them; the gateway of each is a virtual router of its own.
#   e1, e2 --- nw1 --- r1, r2 --- cnw --- r3, r4 --- nw2 --- e3, e4
CARRIER = Topology("carrier", (
    customer(1, "nw1", "10.1.0.1"), customer(2, "nw1", "10.1.0.1"),
    edge_router(1, "nw1"), edge_router(2, "nw1"), edge_router(3, "nw2"), edge_router(4, "nw2"),
    customer(3, "nw2", "10.2.0.1"), customer(4, "nw2", "10.2.0.1"),
))

TOPOLOGIES = {topology.name: topology
              for topology in (NAT, TWO_BOXES, METHODS, KERNEL, FTP, GENERATOR, DIRECT, SERVERS, ROUTERS, SHARING, CARRIER)}
