// `batonctl events` against a running API server: what is kept, and what comes while it follows.
#include <chrono>
#include <future>
#include <sstream>

#include <absl/strings/match.h>
#include <absl/strings/str_split.h>
#include <catch2/catch.hpp>

#include "controlplane/api/events_call.h"
#include "controlplane/api/server.h"
#include "programs/batonctl/verbs.h"
#include "tests/controlplane/api/fake_box.h"
#include "tests/controlplane/api/temp_folder.h"

namespace baton::batonctl {
namespace {

using controlplane::FakeBox;

struct EventsShell {
  controlplane::TempFolder folder;
  FakeBox box;
  Options options{.socket = folder / "s"};
  std::unique_ptr<controlplane::ApiServer> server = controlplane::ApiServer::Start(options.socket, box).value();

  void Add(const char* text) { box.events.Add(std::chrono::steady_clock::now(), "virtual_router", text); }
};

struct Printed {
  int status = 0;
  std::vector<std::string> lines;
  std::string error;
};

Printed RunVerb(const Options& options, const std::vector<std::string>& words) {
  std::ostringstream out, err;
  const int status = Run(words, options, out, err);
  return {status, absl::StrSplit(out.str(), '\n', absl::SkipEmpty()), err.str()};
}

}  // namespace

TEST_CASE("the log of events keeps the last ones, and their numbers go on") {
  controlplane::EventLog log(2);
  CHECK(log.After(0).empty());
  for (const char* text : {"one", "two", "three"}) log.Add(TimePoint{}, "reload", text);
  const auto kept = log.After(0);
  REQUIRE(kept.size() == 2);
  CHECK((kept[0].number == 2 && kept[0].text == "two" && kept[0].kind == "reload"));
  CHECK((kept[1].number == 3 && kept[1].text == "three"));
  REQUIRE(log.After(2).size() == 1);
  CHECK(log.After(3).empty());
}

TEST_CASE("show events prints what is kept and ends") {
  EventsShell shell;
  CHECK(RunVerb(shell.options, {"show", "events"}).lines.empty());
  for (const char* text : {"one", "two", "three"}) shell.Add(text);
  Printed printed = RunVerb(shell.options, {"show", "events"});
  REQUIRE(printed.status == 0);
  REQUIRE(printed.lines.size() == 2);
  CHECK(absl::EndsWith(printed.lines[0], "Z  two"));
  CHECK(absl::EndsWith(printed.lines[1], "Z  three"));

  shell.options.json = true;
  shell.options.count = 1;
  printed = RunVerb(shell.options, {"show", "events"});
  REQUIRE(printed.lines.size() == 1);
  CHECK(absl::StrContains(printed.lines[0], R"("number":"2")"));
  CHECK(absl::StrContains(printed.lines[0], R"("kind":"virtual_router","text":"two"})"));
}

TEST_CASE("events follows what happens") {
  EventsShell shell;
  shell.Add("before");
  shell.options.count = 2;
  auto following = std::async(std::launch::async, [&] { return RunVerb(shell.options, {"events"}); });
  REQUIRE(following.wait_for(std::chrono::milliseconds(100)) == std::future_status::timeout);
  shell.Add("while it follows");
  REQUIRE(following.wait_for(std::chrono::seconds(5)) == std::future_status::ready);
  const Printed printed = following.get();
  REQUIRE(printed.lines.size() == 2);
  CHECK(absl::EndsWith(printed.lines[0], "  before"));
  CHECK(absl::EndsWith(printed.lines[1], "  while it follows"));
}

TEST_CASE("only so many may follow; the others are told, and the end of one makes room") {
  EventsShell shell;
  shell.options.count = 1;
  std::vector<std::future<Printed>> following;
  for (int i = 0; i <= controlplane::kMostFollowers; ++i) {
    following.push_back(std::async(std::launch::async, [&] { return RunVerb(shell.options, {"events"}); }));
  }
  // Whichever came last is refused; the rest wait.
  const auto refused = [&] {
    for (auto& one : following) {
      if (one.wait_for(std::chrono::milliseconds(20)) == std::future_status::ready) return true;
    }
    return false;
  };
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!refused() && std::chrono::steady_clock::now() < limit) {}
  shell.Add("it happens");
  int failed = 0;
  for (auto& one : following) {
    const Printed printed = one.get();
    if (printed.status == 0) continue;
    ++failed;
    CHECK(absl::StrContains(printed.error, "4 already follow"));
  }
  CHECK(failed == 1);
  CHECK(RunVerb(shell.options, {"events"}).status == 0);
}

}  // namespace baton::batonctl
