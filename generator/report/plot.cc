#include "generator/report/plot.h"

#include <algorithm>
#include <cmath>

#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>

namespace baton::generator {
namespace {

// The picture, and the plot's area in it.
constexpr double kWidth = 900, kHeight = 280;
constexpr double kLeft = 60, kRight = 885, kTop = 46, kBottom = 244;
constexpr size_t kMostLabels = 8;       // beside their lines; more marks have their number alone
constexpr size_t kLongestLabel = 24;
constexpr double kLabelRoom = 14;

// 1500000 -> "1.5M"
std::string Short(double value) {
  for (const auto& [unit, name] : {std::pair{1e9, "G"}, {1e6, "M"}, {1e3, "k"}}) {
    if (value >= unit) return absl::StrFormat("%g%s", value / unit, name);
  }
  return absl::StrFormat("%g", value);
}

class Axes {
 public:
  explicit Axes(const Plot& plot) : logarithmic_(plot.logarithmic) {
    double most = 0, least = INFINITY;
    for (const Series& series : plot.series) {
      for (const double value : series.values) {
        most = std::max(most, value);
        if (value > 0) least = std::min(least, value);
      }
    }
    end_s_ = plot.edges_s.empty() ? 1 : std::max(plot.edges_s.back(), 1e-3);
    if (!logarithmic_) {
      ticks_ = TicksUpTo(most);
      low_ = 0;
    } else {
      low_ = most > 0 ? std::floor(std::log10(least)) : 0;
      const double high = most > 0 ? std::max(std::ceil(std::log10(most)), low_ + 1) : 1;
      for (double power = low_; power <= high; ++power) ticks_.push_back(std::pow(10, power));
    }
    high_ = logarithmic_ ? std::log10(ticks_.back()) : ticks_.back();
  }

  double X(double at_s) const { return kLeft + (kRight - kLeft) * std::clamp(at_s / end_s_, 0.0, 1.0); }
  double Y(double value) const {
    const double scaled = ((logarithmic_ ? std::log10(value) : value) - low_) / (high_ - low_);
    return kBottom - (kBottom - kTop) * std::clamp(scaled, 0.0, 1.0);
  }
  bool Shows(double value) const { return !logarithmic_ || value > 0; }

  std::string Svg() const {
    std::string svg;
    for (const double tick : ticks_) {
      absl::StrAppendFormat(&svg, "<path class=\"grid\" d=\"M%g %.1fH%g\"/>\n", kLeft, Y(tick), kRight);
      absl::StrAppendFormat(&svg, "<text x=\"%g\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n", kLeft - 6, Y(tick) + 4,
                            Short(tick));
    }
    for (const double tick : TicksUpTo(end_s_)) {
      if (tick > end_s_) break;
      absl::StrAppendFormat(&svg, "<path class=\"axis\" d=\"M%.1f %gv4\"/>\n", X(tick), kBottom);
      absl::StrAppendFormat(&svg, "<text x=\"%.1f\" y=\"%g\" text-anchor=\"middle\">%g</text>\n", X(tick), kBottom + 17,
                            tick);
    }
    absl::StrAppendFormat(&svg, "<path class=\"axis\" d=\"M%g %gH%g\"/>\n", kLeft, kBottom, kRight);
    absl::StrAppendFormat(&svg, "<text x=\"%g\" y=\"%g\" text-anchor=\"end\">", kRight, kHeight - 4);
    svg += "time since the first packet, s</text>\n";
    return svg;
  }

 private:
  bool logarithmic_;
  double end_s_, low_, high_ = 1;
  std::vector<double> ticks_;
};

std::string PathOf(const Series& series, const Plot& plot, const Axes& axes) {
  std::string path;
  bool drawing = false;
  for (size_t i = 0; i < series.values.size(); ++i) {
    const double value = series.values[i];
    if (axes.Shows(value)) {
      if (drawing) {
        absl::StrAppendFormat(&path, "V%.1f", axes.Y(value));
      } else {
        absl::StrAppendFormat(&path, "M%.1f %.1f", axes.X(plot.edges_s[i]), axes.Y(value));
      }
      absl::StrAppendFormat(&path, "H%.1f", axes.X(plot.edges_s[i + 1]));
    }
    drawing = axes.Shows(value);
  }
  return path;
}

// Names of the series, each behind a piece of its line, from the right.
std::string Legend(const Plot& plot) {
  std::string svg;
  double x = kRight;
  for (size_t i = plot.series.size(); i-- > 0;) {
    x -= 7.0 * static_cast<double>(plot.series[i].name.size()) + 46;
    absl::StrAppendFormat(&svg, "<path class=\"line s%d\" d=\"M%.1f 14h24\"/>\n", i, x);
    absl::StrAppendFormat(&svg, "<text x=\"%.1f\" y=\"18\">%s</text>\n", x + 29, Escaped(plot.series[i].name));
  }
  return svg;
}

std::string MarkSvg(const Mark& mark, size_t number, bool labelled, const Axes& axes) {
  const double x = axes.X(mark.at_s);
  std::string svg = absl::StrFormat("<g class=\"mark\"><title>%d: at %g s: %s</title>\n", number, mark.at_s,
                                    Escaped(mark.text));
  absl::StrAppendFormat(&svg, "<path d=\"M%.1f %gV%g\"/>\n", x, kTop - 6, kBottom);
  absl::StrAppendFormat(&svg, "<text x=\"%.1f\" y=\"%g\" text-anchor=\"middle\">%d</text>\n", x, kTop - 9, number);
  if (labelled) {
    // Cut before a character of UTF-8, not within.
    size_t length = std::min(mark.text.size(), kLongestLabel);
    const auto within = [&] { return length < mark.text.size() && (mark.text[length] & 0xc0) == 0x80; };
    while (length > 0 && within()) --length;
    const std::string cut = absl::StrCat(Escaped(mark.text.substr(0, length)), length < mark.text.size() ? "..." : "");
    const double beside = x + 13 > kRight ? x - 5 : x + 12;
    absl::StrAppendFormat(&svg, "<text transform=\"translate(%.1f %g) rotate(-90)\" text-anchor=\"end\">%s</text>\n",
                          beside, kTop, cut);
  }
  return svg + "</g>\n";
}

}  // namespace

std::string Escaped(absl::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&': escaped += "&amp;"; break;
      case '<': escaped += "&lt;"; break;
      case '>': escaped += "&gt;"; break;
      case '"': escaped += "&quot;"; break;
      case '\'': escaped += "&#39;"; break;
      case '\n': case '\t': escaped += c; break;
      default: escaped += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;  // XML has no way to say these
    }
  }
  return escaped;
}

std::vector<double> TicksUpTo(double most) {
  if (!(most > 0)) return {0, 1};
  double step = std::pow(10, std::floor(std::log10(most)));
  if (most / step < 2) {
    step /= 5;
  } else if (most / step < 5) {
    step /= 2;
  }
  std::vector<double> ticks;
  for (int i = 0; ticks.empty() || ticks.back() < most * (1 - 1e-9); ++i) ticks.push_back(i * step);
  return ticks;
}

std::string SvgOf(const Plot& plot) {
  const Axes axes(plot);
  std::string svg = absl::StrFormat(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %g %g\" role=\"img\">\n", kWidth, kHeight);
  const std::string title = Escaped(plot.title);
  absl::StrAppendFormat(&svg, "<title>%s</title>\n<text class=\"title\" x=\"4\" y=\"18\">%s</text>\n", title, title);
  svg += axes.Svg();
  svg += Legend(plot);
  double labelled_x = -kLabelRoom;
  for (size_t i = 0; i < plot.marks.size(); ++i) {
    const double x = axes.X(plot.marks[i].at_s);
    const bool labelled = plot.marks.size() <= kMostLabels && x - labelled_x >= kLabelRoom;
    if (labelled) labelled_x = x;
    svg += MarkSvg(plot.marks[i], i + 1, labelled, axes);
  }
  for (size_t i = 0; i < plot.series.size(); ++i) {
    const std::string path = PathOf(plot.series[i], plot, axes);
    if (!path.empty()) absl::StrAppendFormat(&svg, "<path class=\"line s%d\" d=\"%s\"/>\n", i, path);
  }
  return svg + "</svg>\n";
}

}  // namespace baton::generator
