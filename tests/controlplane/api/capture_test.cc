// `batonctl capture` against a running API server.
#include <sstream>

#include <absl/strings/match.h>
#include <absl/strings/str_split.h>
#include <catch2/catch.hpp>

#include "controlplane/api/server.h"
#include "controlplane/capture/pcapng.h"
#include "programs/batonctl/verbs.h"
#include "tests/controlplane/api/fake_box.h"
#include "tests/controlplane/api/temp_folder.h"

namespace baton::batonctl {
namespace {

using controlplane::FakeBox;

struct CaptureShell {
  controlplane::TempFolder folder;
  FakeBox box;
  Options options{.socket = folder / "s"};
  std::unique_ptr<controlplane::ApiServer> server = controlplane::ApiServer::Start(options.socket, box).value();
  std::ostringstream out, err;

  CaptureShell() {
    CapturedPacket packet;
    packet.length = 60;
    packet.captured = 20;
    packet.port = 0;
    packet.out_port = 1;
    box.captured.push_back(packet);
    packet.end = CapturedPacket::End::kDropped;
    packet.drop = DropReason::kNoRoute;
    packet.length = 70;
    box.captured.push_back(packet);
    packet.drop = DropReason::kTtlExpired;
    packet.length = 80;
    box.captured.push_back(packet);
  }
  int operator()() {
    out.str("");
    err.str("");
    return Run({"capture"}, options, out, err);
  }
};

}  // namespace

TEST_CASE("a capture is a pcapng file of what the workers copied") {
  CaptureShell shell;
  shell.options.count = 2;
  REQUIRE(shell() == 0);
  const std::string file = shell.out.str();
  const std::string ports =
      controlplane::InterfaceDescription("wan", 256) + controlplane::InterfaceDescription("lan", 256);
  const size_t at = file.find(ports);
  REQUIRE(at != std::string::npos);
  CHECK(absl::StartsWith(file, controlplane::SectionHeader(absl::StrCat("Baton ", "0.1.0"))));
  CHECK(absl::StrContains(file, "forwarded on lan"));
  CHECK(absl::StrContains(file, "dropped: no_route: no route covers the destination"));
  CHECK_FALSE(absl::StrContains(file, "ttl_expired"));
  CHECK(shell.err.str() == "batonctl: 2 packets, none missed\n");
}

TEST_CASE("a capture has only what the filter lets through") {
  CaptureShell shell;
  shell.options.count = 1;
  shell.options.filter = "greater 80";
  REQUIRE(shell() == 0);
  CHECK(absl::StrContains(shell.out.str(), "ttl_expired"));
  CHECK_FALSE(absl::StrContains(shell.out.str(), "no_route"));
}

TEST_CASE("what a capture is to have reaches the control thread, and nobody holds it afterwards") {
  CaptureShell shell;
  shell.options.count = 1;
  shell.options.port = "lan";
  shell.options.drops = true;
  shell.options.snap_length = 100;
  REQUIRE(shell() == 0);
  CHECK(shell.box.capture_settings->ports == 2);
  CHECK(shell.box.capture_settings->drops_only);
  CHECK(shell.box.capture_settings->snap_length == 100);
  shell.server.reset();
  CHECK(shell.box.capture.expired());
}

TEST_CASE("a capture that cannot be is refused and writes nothing") {
  struct Case { const char* port; const char* filter; bool terminal, busy; int status; const char* says; };
  const auto c = GENERATE(values<Case>({
      {"wann", "", false, false, kExitFailed, "port: there is no port \"wann\"; there are wan, lan"},
      {"", "tcp prot 80", false, false, kExitFailed, "filter: "},
      {"", "", true, false, kExitUsage, "writes a pcapng file, not for a terminal"},
      {"", "", false, true, kExitFailed, "another capture is under way"},
  }));
  CAPTURE(c.says);
  CaptureShell shell;
  shell.options.port = c.port;
  shell.options.filter = c.filter;
  shell.options.out_is_terminal = c.terminal;
  if (c.busy) shell.box.refuse_with = absl::FailedPreconditionError("capture: another capture is under way");
  CHECK(shell() == c.status);
  CHECK(absl::StrContains(shell.err.str(), c.says));
  CHECK(shell.out.str().empty());
}

}  // namespace baton::batonctl
