// batonctl's verbs against a running API server: what people and programs see, and the exit status.
#include <fstream>
#include <sstream>

#include <absl/strings/match.h>
#include <absl/strings/str_split.h>
#include <catch2/catch.hpp>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>

#include "controlplane/api/server.h"
#include "controlplane/config/config.h"
#include "programs/batonctl/print.h"
#include "programs/batonctl/text_table.h"
#include "programs/batonctl/verbs.h"
#include "tests/controlplane/api/fake_box.h"
#include "tests/controlplane/api/temp_folder.h"

namespace baton::batonctl {
namespace {

using controlplane::FakeBox;
using controlplane::Ip;

struct Shell {
  controlplane::TempFolder folder;
  FakeBox box;
  Options options{.socket = folder / "s"};
  std::unique_ptr<controlplane::ApiServer> server = controlplane::ApiServer::Start(options.socket, box).value();
  std::ostringstream out, err;

  int operator()(const char* line) {
    out.str("");
    err.str("");
    std::vector<std::string> words = absl::StrSplit(line, ' ', absl::SkipEmpty());
    return Run(words, options, out, err);
  }
};

google::protobuf::Struct Json(const std::string& text) {
  google::protobuf::Struct json;
  REQUIRE(google::protobuf::util::JsonStringToMessage(text, &json).ok());
  return json;
}

}  // namespace

TEST_CASE("columns are as wide as their widest cell") {
  TextTable table({"name", ">packets", "why"});
  table.Add({"a", "7", ""});
  table.Add({"longer", "12345678", "x"});
  CHECK(table.ToString() ==
        "name     packets  why\n"
        "a              7\n"
        "longer  12345678  x\n");
}

TEST_CASE("every verb answers people and programs") {
  const char* verb = GENERATE("status", "show ports", "show workers", "show services", "show backends", "show access",
                              "show routes", "show neighbors", "show drops", "show modes", "mode 198.51.100.10 none",
                              "backend web s1 weight 3", "backend web s1 drain", "backend web s1 enable",
                              "show virtual-routers", "show conditions", "show end-systems", "virtual-router 7 resign",
                              "virtual-router 7 review", "virtual-router 7 move all 10.0.0.3", "reload",
                              "explain udp 192.0.2.7:4711 > 198.51.100.10:80 on wan", "why-not");
  CAPTURE(verb);
  Shell shell;
  CHECK(shell(verb) == 0);
  CHECK_FALSE(shell.out.str().empty());
  CHECK(shell.err.str().empty());
  shell.options.json = true;
  CHECK(shell(verb) == 0);
  CHECK(Json(shell.out.str()).fields_size() > 0);
}

TEST_CASE("the text of a few answers") {
  Shell shell;
  SECTION("routes") {
    shell("show routes");
    CHECK(shell.out.str() ==
          "to           via           port  from\n"
          "0.0.0.0/0    198.51.100.1  wan   -\n"
          "10.0.0.0/24  connected     lan   -\n");
  }
  SECTION("drops, with the sum that must hold") {
    shell("show drops");
    CHECK(shell.out.str() ==
          "packets  reason       explanation\n"
          "      2  ttl_expired  TTL or hop limit used up; answered with time exceeded\n"
          "     18  no_route     no route covers the destination; answered with unreachable\n"
          "\n"
          "received 200 + originated 10 + from kernel 6 = 216\n"
          "sent 160 + dropped 20 + held 12 + waiting 10 + to control 8 + to kernel 6 = 216\n");
  }
  SECTION("modes") {
    shell("show modes");
    CHECK(shell.out.str() ==
          "address        kind      mode       announced  group  port\n"
          "10.0.0.2       own       normal     yes        -      lan\n"
          "198.51.100.10  external  migration  no         web    -\n"
          "10.0.0.10      internal  none       yes        web    -\n");
  }
  SECTION("access, cut at the limit") {
    shell.options.limit = 1;
    shell("show access");
    CHECK(absl::StrContains(shell.out.str(), "web      tcp       192.0.2.1  198.51.100.10:80"));
    CHECK(absl::EndsWith(shell.out.str(), "1 row; there are more (--limit)\n"));
  }
  SECTION("an IPv6 address with a port") {
    shell("show services");
    CHECK(absl::StrContains(shell.out.str(), "[2001:db8::53]:53"));
  }
}

TEST_CASE("JSON has the schema's names, and values that are zero") {
  Shell shell;
  shell.options.json = true;
  shell("show ports");
  const auto ports = Json(shell.out.str()).fields().at("ports").list_value();
  REQUIRE(ports.values_size() == 2);
  const auto& wan = ports.values(0).struct_value().fields();
  CHECK(wan.at("received_bytes").string_value() == "12000");  // proto3 JSON: 64-bit numbers are strings
  CHECK(wan.at("vlan").number_value() == 0);
  CHECK(wan.at("link_up").bool_value());
}

TEST_CASE("filters and changes reach the control thread") {
  Shell shell;
  shell.options.external = "198.51.100.10";
  shell.options.backend = "2001:db8::1";
  shell.options.service = "web";
  shell.options.limit = 5;
  REQUIRE(shell("show access") == 0);
  CHECK(shell.box.filter->external == Ip("198.51.100.10"));
  CHECK(shell.box.filter->backend == Ip("2001:db8::1"));
  CHECK(shell.box.filter->service == "web");

  REQUIRE(shell("mode 198.51.100.10 migration") == 0);
  CHECK(shell.box.mode_set == std::pair{Ip("198.51.100.10"), AddressMode::kMigration});
  REQUIRE(shell("backend web s1 weight 3") == 0);
  CHECK(shell.box.change->weight == 3u);
  REQUIRE(shell("backend web s1 drain") == 0);
  CHECK(shell.box.change->drain == true);
  REQUIRE(shell("backend web s1 enable") == 0);
  CHECK(shell.box.change->drain == false);
}

TEST_CASE("a command line that makes no sense ends with status 2 and says what would") {
  struct Case { const char* line; const char* says; };
  const auto c = GENERATE(values<Case>({
      {"", "a verb is missing; batonctl --help lists them"},
      {"statsu", "unknown verb \"statsu\"; did you mean \"status\"?"},
      {"show bakends", "unknown verb \"show bakends\"; did you mean \"show backends\"?"},
      {"show", "unknown verb \"show\"; did you mean \"show "},
      {"mdoe 10.0.0.1 none", "unknown verb \"mdoe\"; did you mean \"mode\"?"},
      {"status now", "usage: batonctl status"},
      {"mode 10.0.0.1", "usage: batonctl mode ADDRESS normal|migration|none"},
      {"backend web s1", "usage: batonctl backend SERVICE NAME weight N|drain|enable"},
      {"backend web s1 weight", "backend: \"weight\" is not one of weight N, drain, enable"},
      {"backend web s1 weight many", "weight: \"many\" is not a number in 0..65535"},
      {"backend web s1 drain now", "backend: \"drain now\" is not one of weight N, drain, enable"},
  }));
  CAPTURE(c.line);
  Shell shell;
  CHECK(shell(c.line) == kExitUsage);
  CHECK(absl::StrContains(shell.err.str(), c.says));
  CHECK(shell.out.str().empty());
  shell.options.json = true;
  CHECK(shell(c.line) == kExitUsage);
  CHECK(absl::StrContains(Json(shell.out.str()).fields().at("error").string_value(), c.says));
  CHECK_FALSE(shell.box.change);
}

TEST_CASE("what batond refuses ends with status 1 and its words") {
  Shell shell;
  CHECK(shell("mode 10.0.0.300 none") == kExitFailed);
  CHECK(shell.err.str() == "batonctl: address: \"10.0.0.300\" is not an IPv4 or IPv6 address\n");
  shell.options.json = true;
  CHECK(shell("mode 10.0.0.300 none") == kExitFailed);
  CHECK(shell.err.str().empty());
  const auto failure = Json(shell.out.str());
  CHECK(failure.fields().at("error").string_value() == "address: \"10.0.0.300\" is not an IPv4 or IPv6 address");
  CHECK(failure.fields().at("code").string_value() == "INVALID_ARGUMENT");
}

TEST_CASE("a reload tells what changes, or all that is wrong") {
  Shell shell;
  controlplane::ReloadReport& report = shell.box.report;
  report.generation = 8;
  using Action = controlplane::ConfigChange::Action;
  report.difference.changes = {{Action::kChanged, "backend web/s1", "weight", "2", "3"},
                               {Action::kAdded, "backend web/s3", "", "", "endpoint 10.0.0.13:80, weight 1"}};
  CHECK(shell("reload") == 0);
  CHECK(shell.out.str() ==
        "applied, generation 8\n"
        "backend web/s1: weight: 2 -> 3\n"
        "added backend web/s3: endpoint 10.0.0.13:80, weight 1\n");

  Shell refused;
  refused.box.report.refused = true;
  refused.box.report.errors = {"a.yaml:1:2: node: is bad", "a.yaml:3:4: ports: is worse"};
  refused.box.report.difference.restart = {{Action::kChanged, "dataplane.access_rows", "", "1", "2"}};
  refused.options.dry_run = true;
  CHECK(refused("reload") == kExitFailed);
  CHECK(refused.out.str().empty());
  CHECK(refused.err.str() ==
        "batonctl: reload: would refuse\n"
        "a.yaml:1:2: node: is bad\n"
        "a.yaml:3:4: ports: is worse\n"
        "dataplane.access_rows: 1 -> 2 needs a restart\n");
  refused.options.json = true;
  CHECK(refused("reload") == kExitFailed);
  const auto json = Json(refused.out.str());
  CHECK(json.fields().at("result").string_value() == "would refuse");
  CHECK(json.fields().at("errors").list_value().values_size() == 2);
}

TEST_CASE("status tells why the last reload was refused") {
  Shell shell;
  shell.box.view->reload.refusal = "a.yaml:1:2: node: is bad";
  shell("status");
  CHECK(absl::StrContains(shell.out.str(), "refused: a.yaml:1:2: node: is bad"));
}

TEST_CASE("why-not tells what is wrong, and what to change") {
  Shell shell;
  auto config = std::make_shared<controlplane::Config>();
  config->ports.resize(2);
  config->ports[0].name = "wan";
  shell.box.view->config = config;
  shell.box.view->ports[1].link_up = true;
  shell.box.view->addresses.clear();
  shell.box.view->neighbors.clear();
  shell("why-not");
  CHECK(shell.out.str() == "nothing found\n");
  shell.box.view->ports[0].link_up = false;
  CHECK(shell("why-not") == 0);
  CHECK(shell.out.str() ==
        "error: port wan: has no link\n"
        "    Look at the cable, the switch, or the other end of a veth pair.\n");
}

TEST_CASE("virtual routers are shown with their active router and what was refused") {
  Shell shell;
  CHECK(shell("show virtual-routers") == 0);
  CHECK(shell.out.str() ==
        "id  port  family  role      for   priority  active router   sent  heard  refused  addresses\n"
        " 7  lan   ipv4    backup  10.0s  70 of 100  10.0.0.3 (200)     4     90        2  10.0.0.1 10.0.0.9\n"
        "7 lan ipv4: refused 2 for ttl\n"
        "\n7 lan ipv4 shares its load: hand-over exact, allocation 12, settled, 6 end systems known\n"
        "router    state    end systems  overflows/s\n"
        "10.0.0.2  working            3            0\n"
        "10.0.0.3  fault              2            7\n"
        "messages refused: 2 for sender\n"
        "of no virtual router here: 3 unknown_vrid\n");
}

TEST_CASE("a virtual router resigns where it is told to") {
  Shell shell;
  shell.options.port = "lan";
  CHECK(shell("virtual-router 7 resign") == 0);
  REQUIRE(shell.box.resigned.has_value());
  CHECK(shell.box.resigned->id == 7);
  CHECK(shell.box.resigned->port == "lan");
  CHECK(shell("virtual-router 256 resign") == kExitUsage);
  CHECK(shell("virtual-router 7 retire") == kExitUsage);
}

TEST_CASE("a virtual router has its load reviewed, by itself or by who allocates") {
  Shell shell;
  shell.options.port = "lan";
  CHECK(shell("virtual-router 7 review") == 0);
  CHECK(shell.out.str() ==
        "lan ipv4: 10.0.0.3 reviews the load\n"
        "lan ipv6: this router reviews the load\n");
  REQUIRE(shell.box.reviewed.has_value());
  CHECK(shell.box.reviewed->id == 7);
  CHECK(shell.box.reviewed->port == "lan");
  CHECK(shell("virtual-router 7 review now") == kExitUsage);
}

TEST_CASE("end systems are moved to a unit: those named, or all") {
  Shell shell;
  CHECK(shell("virtual-router 7 move 10.0.0.51,10.0.0.52 10.0.0.3") == 0);
  CHECK(shell.out.str() == "moved: 2, allocation 13\n");
  REQUIRE(shell.box.move.has_value());
  CHECK(shell.box.move->router.id == 7);
  CHECK(shell.box.move->end_systems == std::vector<IpAddress>{Ip("10.0.0.51"), Ip("10.0.0.52")});
  CHECK(shell.box.move->to == Ip("10.0.0.3"));
  CHECK(shell("virtual-router 7 move all 10.0.0.2") == 0);
  CHECK(shell.box.move->end_systems.empty());
  CHECK(shell.box.move->to == Ip("10.0.0.2"));
  shell.box.move.reset();
  CHECK(shell("virtual-router 7 move 10.0.0.51, 10.0.0.3") == kExitFailed);
  CHECK(shell.err.str() == "batonctl: end system: is missing\n");
  CHECK(shell("virtual-router 7 move all 10.0.0.256") == kExitFailed);
  CHECK(shell.err.str() == "batonctl: unit: \"10.0.0.256\" is not an IPv4 or IPv6 address\n");
  CHECK(shell("virtual-router 7 move all") == kExitUsage);
  CHECK_FALSE(shell.box.move.has_value());
}

TEST_CASE("conditions and end systems of load sharing are listed, of one virtual router or of all") {
  Shell shell;
  shell.options.group = 7;
  shell.options.limit = 2;
  CHECK(shell("show conditions") == 0);
  CHECK(shell.out.str() ==
        "port  id  end system  in charge  here   bit/s  packets  bytes  allocation\n"
        "lan    7  10.0.0.51   10.0.0.2   pass    8000       20   2000          12\n"
        "lan    7  10.0.0.52   10.0.0.3   block      0        0      0          12\n"
        "2 rows; there are more (--limit)\n");
  REQUIRE(shell.box.sharing.has_value());
  CHECK(shell.box.sharing->id == 7);
  shell.options.limit = 3;
  CHECK(shell("show conditions") == 0);
  CHECK(absl::StrContains(shell.out.str(), "10.0.0.53   10.0.0.2   hold "));
  CHECK(absl::StrContains(shell.out.str(), "3 rows\n"));
  CHECK(shell("show end-systems") == 0);
  CHECK(shell.out.str() ==
        "port  id  end system  kind        found           seen  in charge\n"
        "lan    7  10.0.0.51   end-system  seen        1.5s ago  10.0.0.2\n"
        "lan    7  10.0.0.60   router      configured         -  -\n"
        "2 rows\n");
  shell.options.group = 256;
  CHECK(shell("show end-systems") == kExitFailed);
  CHECK(shell.err.str() == "batonctl: group: 256 is outside 1..255\n");
  shell.options.group = 0;
  shell.options.limit = 100'001;
  CHECK(shell("show conditions") == kExitFailed);
  CHECK(shell.err.str() == "batonctl: limit: 100001 is outside 1..100000\n");
}

TEST_CASE("why-not of a file needs no batond") {
  Shell shell;
  shell.server.reset();
  shell.options.config = shell.folder / "box.yaml";
  CHECK(shell("why-not") == kExitFailed);
  CHECK(absl::StrContains(shell.err.str(), "box.yaml"));
  std::ofstream(shell.options.config)
      << "ports: [{name: wan, device: \"null:0\", addresses: [198.51.100.2/24]}]\n"
         "services: [{name: web, listen: {address: 198.51.100.10, port: 80, protocol: tcp},\n"
         "  backends: [{name: s1, address: 198.51.100.11, weight: 0}]}]\n";
  CHECK(shell("why-not") == 0);
  CHECK(absl::StrContains(shell.out.str(), "error: service web: no backend takes new connections"));
}

TEST_CASE("without a batond the message names the socket") {
  Shell shell;
  shell.server.reset();
  CHECK(shell("status") == kExitFailed);
  CHECK(absl::StartsWith(shell.err.str(), "batonctl: no batond listens on " + shell.options.socket));
}

TEST_CASE("the help has a line for each verb") {
  const std::string help = VerbsHelp();
  for (const char* verb : {"status",
                           "show ports",
                           "show workers",
                           "show services",
                           "show backends",
                           "show access",
                           "show routes",
                           "show neighbors",
                           "show drops",
                           "show modes",
                           "show virtual-routers",
                           "show conditions",
                           "show end-systems",
                           "show events",
                           "events",
                           "virtual-router ID resign|review|move END-SYSTEM,...|all UNIT",
                           "mode ADDRESS normal|migration|none",
                           "backend SERVICE NAME weight N|drain|enable",
                           "explain PROTO SRC > DST on PORT",
                           "capture",
                           "why-not",
                           "reload"}) {
    CAPTURE(verb);
    CHECK(absl::StrContains(help, absl::StrCat("  ", verb, "  ")));
  }
}

}  // namespace baton::batonctl
