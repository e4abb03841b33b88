#include "generator/profile/values.h"

#include <algorithm>

#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/strip.h>

#include "controlplane/config/values.h"

namespace baton::generator {
namespace {

constexpr double kMostPerSecond = 1e9;

absl::Status Bad(absl::string_view text, absl::string_view problem) {
  return absl::InvalidArgumentError(absl::StrCat("\"", text, "\" ", problem));
}

// Plain decimal numbers: SimpleAtod would take "nan", "1e9" and "0x10" as well.
bool ParseDecimal(absl::string_view text, double* value) {
  return !text.empty() && text.find_first_not_of("0123456789.") == absl::string_view::npos &&
         absl::SimpleAtod(text, value);
}

}  // namespace

absl::StatusOr<Target> ParseTarget(absl::string_view text) {
  constexpr absl::string_view kForm = "is not ADDRESS:PORT, an IPv6 address in brackets";
  const size_t colon = text.rfind(':');
  if (colon == absl::string_view::npos) return Bad(text, kForm);
  absl::string_view address = text.substr(0, colon);
  const bool brackets = address.size() >= 2 && address.front() == '[' && address.back() == ']';
  if (brackets) address = address.substr(1, address.size() - 2);
  const auto parsed = controlplane::ParseHostAddress(address);
  uint64_t port = 0;
  if (!parsed.ok() || parsed->is_v4() == brackets) return Bad(text, kForm);
  if (!controlplane::ParseDigits(text.substr(colon + 1), 65535, &port) || port == 0) {
    return Bad(text, "has a port outside 1..65535");
  }
  return Target{*parsed, static_cast<uint16_t>(port)};
}

absl::StatusOr<std::string> ParsePath(absl::string_view text) {
  constexpr size_t kLongest = 1000;
  const bool printable = std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
  if (text.empty() || text[0] != '/' || !printable) {
    return Bad(text, "is not a path: \"/\" and printable ASCII without spaces");
  }
  if (text.size() > kLongest) return Bad(text, absl::StrCat("has more than ", kLongest, " characters"));
  return std::string(text);
}

absl::StatusOr<Target> ParseEchoTarget(absl::string_view text) {
  ASSIGN_OR_RETURN(const IpAddress address, controlplane::ParseHostAddress(text));
  return Target{address, 0};
}

absl::StatusOr<double> ParseRate(absl::string_view text) {
  if (text == "max") return 0.0;
  absl::string_view digits = text;
  const double unit = absl::ConsumeSuffix(&digits, "k") ? 1e3 : absl::ConsumeSuffix(&digits, "M") ? 1e6 : 1;
  double number = 0;
  if (!ParseDecimal(digits, &number)) {
    return Bad(text, "is not a rate: packets per second as 250, 100k or 2.5M, or max");
  }
  if (number * unit < 1 || number * unit > kMostPerSecond) return Bad(text, "is outside 1..1000M packets per second");
  return number * unit;
}

absl::StatusOr<double> ParseShare(absl::string_view text) {
  absl::string_view digits = text;
  double percent = 0;
  if (!absl::ConsumeSuffix(&digits, "%") || !ParseDecimal(digits, &percent) || percent > 100) {
    return Bad(text, "is not a share: 0% to 100%");
  }
  return percent / 100;
}

absl::StatusOr<Limit> ParseLimit(absl::string_view text) {
  if (absl::EndsWith(text, "%")) {
    ASSIGN_OR_RETURN(const double share, ParseShare(text));
    return Limit{.is_share = true, .value = share};
  }
  uint64_t number = 0;
  if (!controlplane::ParseDigits(text, INT64_MAX, &number)) return Bad(text, "is neither a number nor a share as 0.1%");
  return Limit{.is_share = false, .value = static_cast<double>(number)};
}

absl::StatusOr<double> ParseExponent(absl::string_view text) {
  double exponent = 0;
  if (ParseDecimal(text, &exponent) && exponent >= 0.1 && exponent <= 3) return exponent;
  return Bad(text, "is outside 0.1..3");
}

absl::StatusOr<double> ParseSpeed(absl::string_view text) {
  double speed = 0;
  if (ParseDecimal(text, &speed) && speed >= 0.001 && speed <= 1000) return speed;
  return Bad(text, "is outside 0.001..1000, and not max");
}

absl::StatusOr<std::vector<IpAddress>> ParseHosts(absl::string_view text) {
  ASSIGN_OR_RETURN(const auto range, controlplane::ParseAddressRange(text));
  const uint64_t count = range.Count(kMostHosts + 1);
  if (count > kMostHosts) return Bad(text, absl::StrCat("has more than ", kMostHosts, " addresses"));
  std::vector<IpAddress> hosts;
  for (IpAddress a = range.first; hosts.size() < count; a = controlplane::Next(a)) hosts.push_back(a);
  return hosts;
}

}  // namespace baton::generator
