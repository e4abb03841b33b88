// The file of a substitution server: what it means, and where what is wrong with it is.
#include <catch2/catch.hpp>

#include <absl/strings/str_cat.h>

#include "controlplane/controller/config.h"
#include "tests/controlplane/config/marked_text.h"

namespace baton::controlplane {
namespace {

using namespace std::chrono_literals;

TEST_CASE("[VR-107] the sample: an interface, and a virtual router as its routers have it") {
  const ControllerParse parsed = LoadControllerConfig(std::string(BATON_CONF) + "/controller/controller.yaml");
  REQUIRE(parsed.Report() == "");
  CHECK(parsed.config.interface == "eth0");
  REQUIRE(parsed.config.virtual_routers.size() == 1);
  const VirtualRouterConfig& router = parsed.config.virtual_routers[0];
  CHECK(router.id == 1);
  CHECK(router.advertise_every == 100ms);
  REQUIRE(router.load_sharing.has_value());
  CHECK(router.load_sharing->routers.size() == 3);
  CHECK(router.load_sharing->server == IpAddress::V4(0x0a000014));
  CHECK(router.load_sharing->arp_scan);  // by default: it sees no packets of end systems
}

TEST_CASE("the server's own choice of discovery stands; times are set by hand [VR-114]") {
  const ControllerParse parsed = ParseControllerConfig(
      "{interface: br0.7, virtual_routers: [{id: 1, addresses: [10.0.0.1], load_sharing: {routers: [10.0.0.11, "
      "10.0.0.12], "
      "server: 10.0.0.20, discovery: [icmp_echo], server_start_delay: 2s}}]}",
      "f");
  REQUIRE(parsed.Report() == "");
  CHECK(parsed.config.interface == "br0.7");
  const LoadSharingConfig& sharing = *parsed.config.virtual_routers[0].load_sharing;
  CHECK_FALSE(sharing.arp_scan);
  CHECK(sharing.icmp_echo);
  CHECK(sharing.server_start_delay == 2s);
  CHECK(LoadSharingConfig{}.server_start_delay == 500ms);
}

TEST_CASE("a wrong file of a server is refused with its place") {
  struct Case { const char* routers; const char* error; };
  const auto c = GENERATE(values<Case>({
      {"^[]", "virtual_routers: is empty"},
      {"[^{id: 1, addresses: [10.0.0.1]}]", "virtual_routers[0]: the key \"load_sharing\" is missing"},
      {"[{id: 1, addresses: [10.0.0.1], load_sharing: ^{routers: [10.0.0.11, 10.0.0.12]}}]",
       "virtual_routers[0].load_sharing: has no \"server\", the address of this one"},
      {"[{id: 1, addresses: [10.0.0.1], ^priority: 3, load_sharing: {routers: [10.0.0.11, 10.0.0.12], server: "
       "10.0.0.20}}]",
       "virtual_routers[0].priority: unknown key; known here: id, addresses, version, advertise_every, checksum, "
       "password, "
       "load_sharing"},
      {"[{id: 1, addresses: [10.0.0.1], load_sharing: {routers: [10.0.0.11, 10.0.0.12], server: ^10.0.0.12}}]",
       "virtual_routers[0].load_sharing.server: 10.0.0.12 is also virtual_routers[0].load_sharing.routers[1]"},
      {"[{id: 1, addresses: [10.0.0.1], load_sharing: {routers: [10.0.0.11, 10.0.0.12], server: ^\"fe80::1\"}}]",
       "virtual_routers[0].load_sharing.server: fe80::1 is of another family than the virtual router"},
      {"[{id: 1, addresses: [10.0.0.1], advertise_every: ^15ms, load_sharing: {routers: [10.0.0.11, 10.0.0.12], "
       "server: 10.0.0.20}}]",
       "virtual_routers[0].advertise_every: 15ms is none of 10ms..40950ms, in steps of 10ms"},
      {"[{id: 1, addresses: [10.0.0.1, ^\"fe80::1\"], load_sharing: {routers: [10.0.0.11, 10.0.0.12], server: "
       "10.0.0.20}}]",
       "virtual_routers[0].addresses[1]: fe80::1 is of another family than the first"},
      {"[{id: 1, addresses: [10.0.0.1], load_sharing: {routers: [10.0.0.11, 10.0.0.12], server: 10.0.0.20}}, {id: ^1, "
       "addresses: [10.0.0.2], load_sharing: {routers: [10.0.0.13, 10.0.0.14], server: 10.0.0.20}}]",
       "virtual_routers[1].id: 1 is also virtual_routers[0].id"},
  }));
  CAPTURE(c.routers);
  const Marked m = Unmark(absl::StrCat("interface: eth0\nvirtual_routers: ", c.routers, "\n"));
  CHECK(ParseControllerConfig(m.text, "f").Report() == absl::StrCat("f:", m.place, ": ", c.error, "\n"));
  CHECK(ParseControllerConfig("{virtual_routers: [}", "f").errors.size() == 1);
}

TEST_CASE("a server's file that cannot be read is an error") {
  CHECK(LoadControllerConfig("/nonexistent/controller.yaml").Report() ==
        "/nonexistent/controller.yaml:1:1: cannot be read: No such file or directory\n");
}

}  // namespace
}  // namespace baton::controlplane
