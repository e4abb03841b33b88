// Frames that the tests of this folder share. Written by hand for ARP (RFC 826); for neighbour discovery by scapy 2.5,
// so that the checksums are somebody else's: Ether/IPv6(hlim=255)/ICMPv6ND_NS/ICMPv6NDOptSrcLLAddr and so on.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <absl/strings/escaping.h>
#include <absl/strings/str_replace.h>

#include "common/addr.h"

namespace baton::controlplane::neighbor {

using Bytes = std::vector<uint8_t>;

inline Bytes Hex(absl::string_view text) {
  const std::string raw = absl::HexStringToBytes(absl::StrReplaceAll(text, {{" ", ""}}));
  return Bytes(raw.begin(), raw.end());
}
inline IpAddress Ip(absl::string_view text) { return IpAddress::Parse(text).value(); }
inline MacAddress Mac(absl::string_view text) { return MacAddress::Parse(text).value(); }

// 10.0.0.1 at 02:..:01 asks everybody for 10.0.0.2.
inline const Bytes kArpRequestBytes = Hex(
    "ffffffffffff 020000000001 0806"
    "0001 0800 06 04 0001  020000000001 0a000001  000000000000 0a000002");
// 10.0.0.2 at 02:..:02 answers.
inline const Bytes kArpReplyBytes = Hex(
    "020000000001 020000000002 0806"
    "0001 0800 06 04 0002  020000000002 0a000002  020000000001 0a000001");
// The request on VLAN 100, priority 3 (IEEE 802.1Q, 9.6).
inline const Bytes kTaggedRequestBytes = Hex(
    "ffffffffffff 020000000001 8100 6064 0806"
    "0001 0800 06 04 0001  020000000001 0a000001  000000000000 0a000002");
// 2001:db8::1 asks for 2001:db8::2.
inline const Bytes kSolicitationBytes = Hex(
    "3333ff000002 020000000001 86dd  60000000 0020 3a ff"
    "20010db8000000000000000000000001 ff0200000000000000000001ff000002"
    "87 00 1c27 00000000 20010db8000000000000000000000002  01 01 020000000001");
// 2001:db8::2 answers: router, solicited, override.
inline const Bytes kAdvertisementBytes = Hex(
    "020000000001 020000000002 86dd  60000000 0020 3a ff"
    "20010db8000000000000000000000002 20010db8000000000000000000000001"
    "88 00 0a71 e0000000 20010db8000000000000000000000002  02 01 020000000002");
// Somebody wants to use 2001:db8::2 (duplicate address detection, RFC 4862, 5.4.2).
inline const Bytes kDadBytes = Hex(
    "3333ff000002 020000000001 86dd  60000000 0018 3a ff"
    "00000000000000000000000000000000 ff0200000000000000000001ff000002"
    "87 00 4ceb 00000000 20010db8000000000000000000000002");

}  // namespace baton::controlplane::neighbor
