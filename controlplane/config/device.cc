// ParseDevice of values.h: which texts name a device, and what must stand behind the colon.
#include <algorithm>

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>

#include "controlplane/config/values.h"

namespace baton::controlplane {
namespace {

using Kind = DeviceConfig::Kind;

enum class Argument { kInterface, kText, kOptional };

struct DeviceKind {
  absl::string_view prefix;
  Kind kind;
  Argument argument;
};

constexpr DeviceKind kKinds[] = {
    {"af_packet:", Kind::kAfPacket, Argument::kInterface},
    {"af_xdp:", Kind::kAfXdp, Argument::kInterface},
    {"tap:", Kind::kTap, Argument::kInterface},
    {"memif:", Kind::kMemif, Argument::kText},
    {"pcap:", Kind::kPcap, Argument::kText},
    {"ring:", Kind::kRing, Argument::kOptional},
    {"null:", Kind::kNull, Argument::kOptional},
    {"dpdk:", Kind::kDpdk, Argument::kText},
    {"port:", Kind::kPort, Argument::kText},
};

bool IsHex(absl::string_view text, size_t size) {
  return text.size() == size && std::all_of(text.begin(), text.end(),
                                            [](char c) { return absl::ascii_isxdigit(static_cast<unsigned char>(c)); });
}

// BUS:DEVICE.FUNCTION: "3b:00.0"; the function is one octal digit.
bool IsPciSlot(absl::string_view text) {
  return text.size() == 7 && IsHex(text.substr(0, 2), 2) && text[2] == ':' && IsHex(text.substr(3, 2), 2) &&
         text[5] == '.' && text[6] >= '0' && text[6] <= '7';
}

// What Linux allows as the name of an interface, without what would end an argument of a DPDK driver.
bool IsInterface(absl::string_view text) {
  return !text.empty() && text.size() <= 15 && text != "." && text != ".." &&
         text.find_first_of("/:, \t\n") == absl::string_view::npos && std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_isgraph(static_cast<unsigned char>(c));
         });
}

}  // namespace

absl::StatusOr<std::string> ParseInterfaceName(absl::string_view text) {
  if (IsInterface(text)) return std::string(text);
  return absl::InvalidArgumentError(absl::StrCat("\"", text, "\" is not the name of an interface: 1..15 characters"));
}

absl::StatusOr<DeviceConfig> ParseDevice(absl::string_view text) {
  const auto bad = [text](absl::string_view problem) {
    return absl::InvalidArgumentError(absl::StrCat("\"", text, "\" ", problem));
  };
  if (IsPciSlot(text)) return DeviceConfig{Kind::kPci, absl::StrCat("0000:", absl::AsciiStrToLower(text))};
  if (text.size() == 12 && IsHex(text.substr(0, 4), 4) && text[4] == ':' && IsPciSlot(text.substr(5))) {
    return DeviceConfig{Kind::kPci, absl::AsciiStrToLower(text)};
  }
  for (const DeviceKind& kind : kKinds) {
    if (!absl::StartsWith(text, kind.prefix)) continue;
    const absl::string_view argument = text.substr(kind.prefix.size());
    if (kind.argument == Argument::kInterface && !IsInterface(argument)) {
      return bad("names no interface; its name has 1..15 characters");
    }
    if (kind.argument == Argument::kText && argument.empty()) return bad("has nothing behind the colon");
    return DeviceConfig{kind.kind, std::string(argument)};
  }
  return bad(
      "is not a PCI address or one of af_packet:IF, af_xdp:IF, tap:IF, memif:, pcap:, ring:, null:, dpdk:NAME, "
      "port:NAME");
}

}  // namespace baton::controlplane
