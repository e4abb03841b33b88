// A packet as scenarios write it, one line each: "udp 10.0.0.1:5000 > 203.0.113.9:53 ttl 9". README.md has the grammar.
// One form for both ways: text is parsed into it and built into a frame (frame_builder.h); a frame that was sent is
// read into it with every field filled (frame_reader.h) and compared with the fields that an expectation mentions.
// Plain values, test code only; shares nothing with the data plane but the address types.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include "common/addr.h"

namespace baton::scenarios {

struct PacketText {
  std::string kind;  // tcp, udp, icmp, icmp6, vxlan, ip (another protocol, or a later fragment), arp, ether, raw
  IpAddress src, dst;                         // arp: sender and target
  std::optional<uint16_t> src_port, dst_port;  // tcp, udp
  // Everything else by name, as canonical text; numbers in decimal. Flags without a value have the value "yes".
  std::map<std::string, std::string> fields;
  std::shared_ptr<PacketText> about;          // what an ICMP error quotes, or a tunnel's header is around

  bool has(const std::string& name) const { return fields.count(name) != 0; }
  std::string Get(const std::string& name) const { return has(name) ? fields.at(name) : ""; }
  // The field as a number. REQUIRES: it is one, or absent.
  uint32_t Number(const std::string& name, uint32_t otherwise) const {
    return has(name) ? static_cast<uint32_t>(std::stoul(fields.at(name))) : otherwise;
  }
  bool ipv4() const { return src.is_v4(); }

  // Canonical text with every field; a checksum that does not fit its packet prints as "csum WRONG".
  std::string ToString() const;
};

// InvalidArgument names the word that is not understood.
absl::StatusOr<PacketText> ParsePacket(absl::string_view text);

// Empty when `actual` is what `expected` describes: same kind, ends, TCP flags, ICMP type and code, right checksums
// unless said otherwise, and every field that `expected` mentions. Otherwise what differs.
std::string Difference(const PacketText& expected, const PacketText& actual);

// Empty when `sent` is `received` as a translation must leave it (AM-04, AM-11): nothing but addresses, ports, the
// identifier of an ICMP echo, TTL, checksums and the link layer differ, and of TCP's numbers and text what `named`
// names (FTP: Difference compares it). Otherwise what differs.
std::string Alteration(const PacketText& received, const PacketText& sent, const PacketText& named = {});

}  // namespace baton::scenarios
