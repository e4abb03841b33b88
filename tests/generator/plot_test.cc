#include "generator/report/plot.h"

#include <absl/strings/match.h>
#include <catch2/catch.hpp>

namespace baton::generator {
namespace {

TEST_CASE("lines of an axis stand at round numbers") {
  CHECK(TicksUpTo(0) == std::vector<double>{0, 1});
  CHECK(TicksUpTo(10) == std::vector<double>{0, 2, 4, 6, 8, 10});
  CHECK(TicksUpTo(1.5).size() == 9);
  CHECK(TicksUpTo(1.5).back() == Approx(1.6));
  CHECK(TicksUpTo(4200) == std::vector<double>{0, 500, 1000, 1500, 2000, 2500, 3000, 3500, 4000, 4500});
  CHECK(TicksUpTo(70'000).back() == 70'000);
}

TEST_CASE("what could be markup is text") {
  CHECK(Escaped("<a href='x' id=\"y\">&\x01\x7f") == "&lt;a href=&#39;x&#39; id=&quot;y&quot;&gt;&amp;??");
  CHECK(Escaped("\xc3\xa4\n") == "\xc3\xa4\n");
}

Plot SomePlot() {
  return {"a < b", false, {0, 1, 2, 4}, {{"sent", {10, 0, 5}}, {"got", {1, 1, 1}}}, {{2, "kill </title> \"it\""}}};
}

// The area is 60..885 wide and 46..244 high: 4 seconds of 206.25, values from 0 to 10.
TEST_CASE("a series is drawn in steps over its seconds") {
  const std::string svg = SvgOf(SomePlot());
  CHECK(absl::StrContains(svg, "<path class=\"line s0\" d=\"M60.0 46.0H266.2V244.0H472.5V145.0H885.0\"/>"));
  CHECK(absl::StrContains(svg, "<path d=\"M472.5 40V244\"/>"));  // the event
  CHECK(absl::StrContains(svg, "<title>a &lt; b</title>"));
  CHECK(absl::StrContains(svg, "1: at 2 s: kill &lt;/title&gt; &quot;it&quot;"));
}

TEST_CASE("on a logarithmic axis nothing is drawn where there is nothing") {
  Plot plot = SomePlot();
  plot.logarithmic = true;
  const std::string svg = SvgOf(plot);  // 1 to 10
  CHECK(absl::StrContains(svg, "<path class=\"line s0\" d=\"M60.0 46.0H266.2M472.5 105.6H885.0\"/>"));
  plot.series = {{"none", {0, 0, 0}}};
  CHECK_FALSE(absl::StrContains(SvgOf(plot), "nan"));
}

TEST_CASE("a long command is cut, but not within a character") {
  Plot plot = SomePlot();
  plot.marks[0].text = std::string(23, 'x') + "\xc3\xa4" + std::string(20, 'y');
  CHECK(absl::StrContains(SvgOf(plot), ">" + std::string(23, 'x') + "...</text>"));
}

TEST_CASE("a plot of nothing is a plot") {
  const std::string svg = SvgOf({"none", false, {0}, {{"a", {}}}, {}});
  CHECK(absl::StrContains(svg, "</svg>"));
  CHECK_FALSE(absl::StrContains(svg, "nan"));
}

}  // namespace
}  // namespace baton::generator
