// Keys, types and ranges: each error once, with its place.
#include "tests/controlplane/config/marked_text.h"

namespace baton::controlplane {
namespace {

struct ShapeCase {
  const char* name;
  const char* good;
  const char* bad;
  const char* error;
};

TEST_CASE("the configuration that the cases change is good") { CHECK(ParseConfig(kGood, "f").Report().empty()); }

TEST_CASE("keys that are unknown, missing or repeated are refused") {
  const auto c = GENERATE(values<ShapeCase>({
      {"a slip in a key", "weight: 1", "^wieght: 1",
       "services[0].backends[0].wieght: unknown key; did you mean \"weight\"?"},
      {"a slip at the top", "routes:", "^route:", "route: unknown key; did you mean \"routes\"?"},
      {"a short key is like no other", "port: 80", "port: 80, ^x: 80",
       "services[0].listen.x: unknown key; known here: address, protocol, port"},
      {"a key like no other", "workers: 1", "^elephants: 1",
       "dataplane.elephants: unknown key; known here: workers, polling, access_rows, access_rows_ipv6, port_pools, "
       "neighbors, neighbor_queue, packet_buffers, errors_per_second, control_packets_per_second, "
       "kernel_packets_per_second, conditions, hand_over_packets, hold, fragments, timeouts"},
      {"a key twice", "workers: 1", "workers: 1, ^workers: 1", "dataplane.workers: the key is there twice"},
      {"a key left out", "{name: a, address: 10.0.0.11, weight: 1}", "^{name: a, weight: 1}",
       "services[0].backends[0]: the key \"address\" is missing"},
      {"a route that leads nowhere", "{to: 0.0.0.0/0, via: 192.0.2.1}", "^{to: 0.0.0.0/0}",
       "routes[0]: one of the keys \"via\" and \"port\" is missing"},
      {"tcp without a port", "{address: 192.0.2.100, port: 80, protocol: tcp}",
       "^{address: 192.0.2.100, protocol: tcp}", "services[0].listen: the key \"port\" is missing"},
      {"a health check", "    forward: full", "    forward: full\n    ^health: {type: http}",
       "services[0].health: is not supported yet"},
      {"a cluster", "routes:", "^cluster: {}\nroutes:", "cluster: is not supported yet"},
      {"mobility", "routes:", "^mobility: {}\nroutes:", "mobility: is not supported yet"},
  }));
  CAPTURE(c.name);
  CheckOneError(Replaced(c.good, c.bad), c.error);
}

TEST_CASE("values of a wrong type are refused") {
  const auto c = GENERATE(values<ShapeCase>({
      {"a word as a number", "weight: 1", "weight: ^heavy",
       "services[0].backends[0].weight: \"heavy\" is not a whole number"},
      {"a number in quotes", "weight: 1", "weight: ^\"1\"",
       "services[0].backends[0].weight: \"1\" is not a whole number"},
      {"a fraction", "weight: 1", "weight: ^1.5", "services[0].backends[0].weight: \"1.5\" is not a whole number"},
      {"what YAML 1.1 reads as octal", "weight: 1", "weight: ^010",
       "services[0].backends[0].weight: \"010\" is not a whole number"},
      {"a list as a number", "weight: 1", "weight: ^[1]",
       "services[0].backends[0].weight: a whole number is needed, not a list"},
      {"a map as a text", "name: a,", "name: ^{a: b},",
       "services[0].backends[0].name: a single value is needed, not a map"},
      {"nothing as a text", "forward: full", "^forward:", "services[0].forward: a single value is needed, not nothing"},
      {"a text as a list", "external: [192.0.2.100]", "external: ^192.0.2.100",
       "address_groups[0].external: a list is needed, not a single value"},
      {"a list as a map", "dataplane: {workers: 1}", "dataplane: ^[1]",
       "dataplane: a map of keys is needed, not a list"},
      {"a number as a service", "  - name: s", "  - ^7\n  - name: s",
       "services[0]: a map of keys is needed, not a single value"},
      {"nothing in a list", "    forward: full", "    forward: full\n    identity: ^[]",
       "services[0].identity: only [source_port] is supported yet"},
  }));
  CAPTURE(c.name);
  CheckOneError(Replaced(c.good, c.bad), c.error);
}

TEST_CASE("numbers outside their range are refused") {
  const auto c = GENERATE(values<ShapeCase>({
      {"a weight", "weight: 1", "weight: ^65536", "services[0].backends[0].weight: 65536 is outside 0..65535"},
      {"a negative weight", "weight: 1", "weight: ^-1", "services[0].backends[0].weight: -1 is outside 0..65535"},
      {"no number of 64 bits", "weight: 1", "weight: ^99999999999999999999",
       "services[0].backends[0].weight: 99999999999999999999 is outside 0..65535"},
      {"port 0", "port: 80", "port: ^0", "services[0].listen.port: 0 is outside 1..65535"},
      {"a small MTU", "addresses: [10.0.0.2/24]", "mtu: ^575, addresses: [10.0.0.2/24]",
       "ports[0].mtu: 575 is outside 576..9216"},
      {"a large MTU", "addresses: [10.0.0.2/24]", "mtu: ^9217, addresses: [10.0.0.2/24]",
       "ports[0].mtu: 9217 is outside 576..9216"},
      {"a small MSS", "addresses: [10.0.0.2/24]", "mss: ^511, addresses: [10.0.0.2/24]",
       "ports[0].mss: 511 is outside 512..9176"},
      {"an MSS that does not fit", "addresses: [10.0.0.2/24]", "mss: ^1461, addresses: [10.0.0.2/24]",
       "ports[0].mss: 1461 is more than 1460, the port's mtu without 40 bytes of headers"},
      {"the MTU of a port with IPv6 (RFC 8200, 5)", "addresses: [192", "mtu: ^1279, addresses: [192",
       "ports[1].mtu: 1279 is outside 1280..9216 of a port with IPv6 addresses"},
      {"a VLAN", "addresses: [10.0.0.2/24]", "vlan: ^4095, addresses: [10.0.0.2/24]",
       "ports[0].vlan: 4095 is outside 0..4094"},
      {"no worker", "workers: 1", "workers: ^0", "dataplane.workers: 0 is outside 1..16"},
      {"too many workers", "workers: 1", "workers: ^17", "dataplane.workers: 17 is outside 1..16"},
      {"no rows", "workers: 1", "access_rows: ^0", "dataplane.access_rows: 0 is outside 1..100000000"},
      {"more IPv6 rows than rows", "workers: 1", "access_rows: 10, access_rows_ipv6: ^11",
       "dataplane.access_rows_ipv6: 11 is outside 0..10, the number of access_rows"},
      {"a time limit of nothing", "workers: 1", "hold: {time_limit: ^0s}",
       "dataplane.hold.time_limit: 0s is outside 1ms..1h"},
      {"no datagram in pieces", "workers: 1", "fragments: {datagrams: ^0}",
       "dataplane.fragments.datagrams: 0 is outside 1..1000000"},
      {"fragments that wait long", "workers: 1", "fragments: {time_limit: ^61s}",
       "dataplane.fragments.time_limit: 61s is outside 1ms..1m"},
      {"a long time-out", "workers: 1", "timeouts: {udp: ^169h}", "dataplane.timeouts.udp: 169h is outside 1ms..168h"},
  }));
  CAPTURE(c.name);
  CheckOneError(Replaced(c.good, c.bad), c.error);
}

constexpr const char* kToTunnel =
    "name: s\n    listen: {address: 192.0.2.100, port: 80, protocol: tcp}\n    forward: full";

TEST_CASE("texts that are not what the key asks for are refused") {
  const auto c = GENERATE(values<ShapeCase>({
      {"an address", "10.0.0.11", "^10.0.0.256",
       "services[0].backends[0].address: \"10.0.0.256\" is not an IPv4 or IPv6 address"},
      {"a multicast address", "10.0.0.11", "^224.0.0.1",
       "services[0].backends[0].address: \"224.0.0.1\" is a multicast address; a host's address is needed"},
      {"a loopback address", "10.0.0.11", "^127.0.0.1",
       "services[0].backends[0].address: \"127.0.0.1\" is a loopback address; an address that other hosts can reach is "
       "needed"},
      {"the unspecified address", "10.0.0.11", "^0.0.0.0",
       "services[0].backends[0].address: \"0.0.0.0\" is the unspecified address; a host's address is needed"},
      {"a link-local address", "10.0.0.11", "^\"fe80::1\"",
       "services[0].backends[0].address: \"fe80::1\" is a link-local address, which is not supported yet"},
      {"a port's address without its network", "10.0.0.2/24", "^10.0.0.2",
       "ports[0].addresses[0]: \"10.0.0.2\" is not an address with prefix length such as 10.0.0.2/24"},
      {"the network as a port's address", "10.0.0.2/24", "^10.0.0.0/24",
       "ports[0].addresses[0]: \"10.0.0.0/24\" is the address of the network itself, not of a host"},
      {"the broadcast address as a port's", "10.0.0.2/24", "^10.0.0.255/24",
       "ports[0].addresses[0]: \"10.0.0.255/24\" is the broadcast address of its network"},
      {"host bits in a prefix", "0.0.0.0/0", "^10.0.0.1/8",
       "routes[0].to: \"10.0.0.1/8\" has host bits set; the prefix is 10.0.0.0/8"},
      {"a prefix length", "0.0.0.0/0", "^0.0.0.0/33",
       "routes[0].to: \"0.0.0.0/33\": prefix length 33 is outside 0..32"},
      {"a range that runs backwards", "[10.0.0.50]", "[10.0.0.51, ^10.0.0.50-10.0.0.49]",
       "address_groups[0].internal[1]: \"10.0.0.50-10.0.0.49\" is not a range of host addresses such as "
       "10.0.0.10-10.0.0.20"},
      {"a device of no kind", "\"null:\"", "^eth0",
       "ports[0].device: \"eth0\" is not a PCI address or one of af_packet:IF, af_xdp:IF, tap:IF, memif:, pcap:, "
       "ring:, "
       "null:, dpdk:NAME, port:NAME"},
      {"a device without an interface", "\"null:\"", "^\"tap:\"",
       "ports[0].device: \"tap:\" names no interface; its name has 1..15 characters"},
      {"an interface with a driver's option", "\"null:\"", "^\"af_packet:a,b=1\"",
       "ports[0].device: \"af_packet:a,b=1\" names no interface; its name has 1..15 characters"},
      {"an interface of the kernel", "addresses: [10", "kernel: ^a/b, addresses: [10",
       "ports[0].kernel: \"a/b\" is not the name of an interface: 1..15 characters"},
      {"a group MAC address", "addresses: [10", "mac: ^\"01:00:5e:00:00:01\", addresses: [10",
       "ports[0].mac: \"01:00:5e:00:00:01\" is a group address; a MAC address of one host is needed"},
      {"a protocol", "tcp", "^sctp", "services[0].listen.protocol: \"sctp\" is not one of tcp, udp, icmp"},
      {"a method", "forward: full", "forward: ^half",
       "services[0].forward: \"half\" is not one of destination, full, direct, "
       "tunnel"},
      {"a tunnel without its shape", kToTunnel,
       "^name: s\n    listen: {address: 192.0.2.100, port: 80, protocol: tcp}\n    forward: tunnel",
       "services[0]: the key \"tunnel\" is missing"},
      {"a shape without its tunnel", "forward: full", "forward: full\n    tunnel: ^{type: ip, source: 10.0.0.2}",
       "services[0].tunnel: is of use only with \"forward: tunnel\""},
      {"a type of tunnel", "forward: full", "forward: tunnel\n    tunnel: {type: ^gre, source: 10.0.0.2}",
       "services[0].tunnel.type: \"gre\" is not one of ip, vxlan"},
      {"a network's identifier", "forward: full", "forward: tunnel\n    tunnel: {type: ip, source: 10.0.0.2, vni: ^7}",
       "services[0].tunnel.vni: 7 is of use only with \"type: vxlan\""},
      {"an application", "forward: full", "forward: full\n    application: ^smtp",
       "services[0].application: \"smtp\" is not one of ftp"},
      {"FTP over UDP", kToTunnel,
       "name: s\n    listen: {address: 192.0.2.100, port: 21, protocol: udp}\n    application: ^ftp\n    forward: full",
       "services[0].application: \"ftp\" is of use only with \"protocol: tcp\""},
      {"FTP on port 1", kToTunnel,
       "name: s\n    listen: {address: 192.0.2.100, port: 1, protocol: tcp}\n    application: ^ftp\n    forward: full",
       "services[0].application: \"ftp\" needs a listen port above 1: the port below it is for data"},
      {"FTP past the box", "forward: full", "forward: direct\n    application: ^ftp",
       "services[0].application: \"ftp\" is of use only with \"forward: destination\" or \"forward: full\""},
      {"a schedule", "forward: full", "forward: full\n    schedule: ^fair",
       "services[0].schedule: \"fair\" is not one of weight, round_robin, least_load, maglev"},
      {"an identity to come", "forward: full", "forward: full\n    identity: [^spi]",
       "services[0].identity[0]: \"spi\" is not supported yet"},
      {"a range of ports", "forward: full", "forward: full\n    internal_ports: ^2000-1000",
       "services[0].internal_ports: \"2000-1000\" is not a range of ports within 1-65535, such as 1024-65535"},
      {"a port of icmp", "port: 80, protocol: tcp", "port: ^80, protocol: icmp",
       "services[0].listen.port: 80 is a port, but protocol icmp has none"},
      {"a duration without a unit", "workers: 1", "timeouts: {udp: ^30}",
       "dataplane.timeouts.udp: \"30\" is not a duration such as 10ms, 2s, 5m or 1h"},
      {"a name with a space", "name: a,", "name: ^a b,",
       "services[0].backends[0].name: \"a b\" is not a name: 1..63 letters, digits, '.', '_' and '-', beginning with a "
       "letter or digit"},
      {"an address as the name of a group", "name: g", "name: ^192.0.2.100",
       "address_groups[0].name: \"192.0.2.100\" is an address, not a name"},
      {"a socket that is nowhere", "routes:", "api: {socket: ^batond.sock}\nroutes:",
       "api.socket: \"batond.sock\" is not an absolute path of at most 107 bytes"},
      {"metrics without a port", "routes:", "api: {metrics: ^127.0.0.1}\nroutes:",
       "api.metrics: \"127.0.0.1\" is not ADDRESS:PORT, such as 127.0.0.1:9111 or [::1]:9111"},
      {"the end of EAL's options",
       "routes:", "dpdk: {eal_arguments: [^--]}\nroutes:", "dpdk.eal_arguments[0]: \"--\" is not an EAL argument"},
  }));
  CAPTURE(c.name);
  CheckOneError(Replaced(c.good, c.bad), c.error);
}

}  // namespace
}  // namespace baton::controlplane
