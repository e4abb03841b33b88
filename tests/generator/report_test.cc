#include "generator/report/report.h"

#include <absl/strings/match.h>
#include <catch2/catch.hpp>

#include "generator/report/html.h"
#include "generator/report/json.h"

namespace baton::generator {
namespace {

TEST_CASE("JSON as RFC 8259 wants it") {
  JsonWriter json;
  json.Object().Text("a", "q\"b\\\n").Number("n", 18446744073709551615u).Real("r", 0.5);
  json.Array("list").Object().Flag("t", true).EndObject().Object().EndObject().EndArray();
  json.Array("none").EndArray().Null("x").EndObject();
  CHECK(json.text() == R"({
  "a": "q\"b\\\u000a",
  "n": 18446744073709551615,
  "r": 0.5,
  "list": [
    {
      "t": true
    },
    {}
  ],
  "none": [],
  "x": null
})");
}

RunResult SomeResult() {
  RunResult result;
  ClassResult& c = result.classes.emplace_back();
  c.name = "dns";
  c.flows = 10;
  c.requests.counts = {.sent = 1000, .arrived = 990, .duplicated = 1, .reordered = 2, .late = 3, .corrupted = 4};
  c.responses.counts = {.sent = 991, .arrived = 981};
  c.wrong_server = 5;
  result.strays.corrupted = 6;
  return result;
}

TEST_CASE("what each limit is compared with") {
  const Limits none;
  const Limits zero{
      .lost = Limit{}, .duplicated = Limit{}, .reordered = Limit{}, .corrupted = Limit{}, .wrong_server = Limit{}};
  CHECK(JudgeRun(none, SomeResult()).passed());
  const Verdict verdict = JudgeRun(zero, SomeResult());
  REQUIRE(verdict.limits.size() == 5);
  CHECK(verdict.limits[0].measured == 20);  // lost: 10 + 10
  CHECK(verdict.limits[1].measured == 4);   // duplicated 1, and 3 late ones that may be
  CHECK(verdict.limits[2].measured == 5);   // reordered 2, late 3
  CHECK(verdict.limits[3].measured == 10);  // 4 of a flow, 6 strays
  CHECK(verdict.limits[4].measured == 5);
  CHECK_FALSE(verdict.passed());
}

TEST_CASE("a limit is kept up to its value, as a number or as a share of all that was sent") {
  const auto passes = [](Limit lost) { return JudgeRun({.lost = lost}, SomeResult()).passed(); };
  CHECK(passes({.is_share = false, .value = 20}));
  CHECK_FALSE(passes({.is_share = false, .value = 19}));
  CHECK(passes({.is_share = true, .value = 0.0101}));  // 20 of 1991
  CHECK_FALSE(passes({.is_share = true, .value = 0.01}));
}

TEST_CASE("a run that sent nothing has not passed") {
  RunResult result = SomeResult();
  result.classes[0].requests.counts = result.classes[0].responses.counts = {};
  CHECK_FALSE(JudgeRun({}, result).passed());
}

TEST_CASE("the report holds the numbers under their names") {
  const RunResult result = SomeResult();
  const std::string report = JsonReport(Profile{}, result, JudgeRun({.lost = Limit{}}, result));
  CHECK(absl::StrContains(report, "\"passed\": false"));
  CHECK(absl::StrContains(report, "\"wrong_server\": 5"));
  CHECK(absl::StrContains(report, "\"corrupted_strays\": 6"));
  CHECK(absl::StrContains(report, "\"lost\": 20"));
}

TEST_CASE("gateways and their changes are told in both reports") {
  RunResult result = SomeResult();
  result.gateways.push_back({.port = "wan", .address = "192.0.2.1", .mac = "00:00:5e:00:01:07", .sent = 12345});
  result.gateway_changes.push_back({.at_s = 2.5, .port = "wan", .address = "192.0.2.1", .from = "02:00:00:00:00:01",
                                    .to = "00:00:5e:00:01:07"});
  result.gateway_change_count = 1;
  result.strays.wrong_mac = 77;
  const std::string json = JsonReport({}, result, {});
  CHECK(absl::StrContains(json, R"("gateways": [
    {
      "port": "wan",
      "address": "192.0.2.1",
      "mac": "00:00:5e:00:01:07",
      "sent": 12345
    }
  ],
  "gateway_changes_count": 1,
  "gateway_changes": [
    {
      "at": 2.5,
      "port": "wan",
      "address": "192.0.2.1",
      "from": "02:00:00:00:00:01",
      "to": "00:00:5e:00:01:07"
    }
  ],)"));
  CHECK(absl::StrContains(json, "\"wrong_mac\": 77,"));
  const std::string html = HtmlReport({}, result, {});
  CHECK(absl::StrContains(html, "<td class=\"text\">2.500</td><td class=\"text\"><code>192.0.2.1</code></td>"));
  CHECK(absl::StrContains(html, "<td>12\u202f345</td>"));
  CHECK(absl::StrContains(html, "<td>77</td>"));
}

}  // namespace
}  // namespace baton::generator
