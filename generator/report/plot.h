// Plots over time as SVG: steps, one for each second, with axes and units, and events as vertical lines. The text is
// well-formed XML whatever the names hold; colours come from the page's style sheet. Pure.
#pragma once

#include <string>
#include <vector>

#include <absl/strings/string_view.h>

namespace baton::generator {

// For element content and attributes, of HTML and XML alike.
std::string Escaped(absl::string_view text);

struct Series {
  std::string name;
  std::vector<double> values;  // of each second; with a logarithmic axis, 0 is none
};

struct Mark {
  double at_s = 0;
  std::string text;
};

struct Plot {
  std::string title;  // with the unit
  bool logarithmic = false;
  std::vector<double> edges_s;  // of the seconds: one more than values
  std::vector<Series> series;   // at most kMostSeries
  std::vector<Mark> marks;
};

inline constexpr size_t kMostSeries = 4;

std::string SvgOf(const Plot& plot);

// Where lines of an axis from 0 to at least `most` stand: 1, 2 or 5 times a power of ten apart, 4 to 10 of them.
std::vector<double> TicksUpTo(double most);

}  // namespace baton::generator
