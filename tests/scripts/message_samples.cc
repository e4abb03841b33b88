// Prints messages of VRRP and of load sharing, one a line: name, source, destination, the payload of the IP packet in
// hex. For tests that ask somebody else's decoder what they say.
#include <cstdio>

#include "controlplane/load_sharing/codec.h"
#include "controlplane/load_sharing/hmac.h"
#include "controlplane/load_sharing/unit_list.h"

namespace baton::controlplane::load_sharing {
namespace {

using namespace std::chrono_literals;
using vrrp::ChecksumOver;
using vrrp::Ends;

IpAddress Ip(const char* text) { return *IpAddress::Parse(text); }

const Ends kMulticast{Ip("192.0.2.2"), Ip("224.0.0.18")}, kUnicast{Ip("192.0.2.3"), Ip("192.0.2.2")};
const Ends kMulticast6{Ip("fe80::2"), Ip("ff02::12")}, kUnicast6{Ip("fe80::3"), Ip("fe80::2")};

void Print(const char* name, const Ends& ends, const std::vector<uint8_t>& message) {
  std::printf("%s %s %s ", name, ends.src.ToString().c_str(), ends.dst.ToString().c_str());
  for (const uint8_t byte : message) std::printf("%02x", byte);
  std::printf("\n");
}

void PrintAdverts() {
  vrrp::Advert advert{.version = 2, .vrid = 7, .priority = 200, .interval = 1s, .addresses = {Ip("192.0.2.1")}};
  Print("v2", kMulticast, Encode(advert, kMulticast, ChecksumOver::kMessage));
  advert.auth_type = vrrp::kSimpleText;
  advert.password = "secret";
  advert.addresses.push_back(Ip("192.0.2.9"));
  Print("v2_password", kMulticast, Encode(advert, kMulticast, ChecksumOver::kMessage));
  advert = {.version = 3, .vrid = 7, .priority = 200, .interval = 10ms, .addresses = {Ip("192.0.2.1")}};
  Print("v3", kMulticast, Encode(advert, kMulticast, ChecksumOver::kMessage));
  Print("v3_pseudo", kMulticast, Encode(advert, kMulticast, ChecksumOver::kPseudoHeaderToo));
  advert.addresses = {Ip("fe80::1"), Ip("2001:db8::1")};
  Print("v3_ipv6", kMulticast6, Encode(advert, kMulticast6, ChecksumOver::kMessage));
}

void PrintMessages(uint8_t version) {
  const Header header{.version = version, .vrid = 7, .priority = 100, .interval = 1s};
  const auto print = [&](const char* name, const Ends& ends, const Message& message) {
    Print(name, ends, EncodeMessage(header, message, ends, ChecksumOver::kMessage));
  };
  const IpAddress unit = Ip("192.0.2.3"), host = Ip("192.0.2.100");
  FlowMark mark{.condition = host, .status = FlowMark::Status::kFirst, .protocol = 6, .src = host,
                .dst = Ip("203.0.113.9"), .src_port = 4711, .dst_port = 80, .sequence = 0xdeadbeef, .digest = 0x0102030405060708};
  Print("unit_list", kMulticast,
        EncodeUnitAdvert(header,
                         {{{unit, UnitState::kSuspended}, {Ip("192.0.2.2")}, {Ip("192.0.2.9")}}, HandOver::kExact},
                         kMulticast, ChecksumOver::kMessage));
  print("response", kUnicast, Response{5, UnitState::kServer, {unit, Ip("192.0.2.2")}});
  print("allocation", kMulticast, Allocation{6, 5, 1, 3, HandOver::kExact, {{host, unit}, {unit, unit, true}}});
  print("confirmation", kUnicast, Confirmation{6, unit, Confirmation::Status::kMissing, {{0, 1}, {7, 9}}});
  print("report_flows", kUnicast, Report{6, 0, 1, 1ms, std::vector<FlowMark>{mark}});
  print("report_packets", kUnicast,
        Report{6, 0, 1, 1ms, std::vector<ForwardedPacket>{{0x0102030405060708, 10}, {9, 0}}});
  print("review_request", kUnicast, ReviewRequest{6});
  print("flow_request", kUnicast, FlowRequest{6, 9});
  print("flow_response", kUnicast, FlowResponse{6, 9, 0, 1, 17, 1s, {{host, 5'000'000'000}}});
}

void PrintOthers() {
  const Header header{.version = 3, .vrid = 7, .priority = 100, .interval = 1s};
  const auto encode = [&](const Ends& ends, const Message& message) {
    return EncodeMessage(header, message, ends, ChecksumOver::kPseudoHeaderToo);
  };
  const IpAddress host = Ip("2001:db8::64");
  Print("allocation_ipv6", kMulticast6,
        encode(kMulticast6, Allocation{6, 0, 0, 1, HandOver::kTimer, {{host, Ip("fe80::3")}}}));
  Print("flow_response_ipv6", kUnicast6, encode(kUnicast6, FlowResponse{6, 9, 0, 1, 17, 1s, {{host, 8}}}));
  Seals seals({{4, "secret"}}, 1'700'000'000'000'000);
  Print("sealed", kUnicast, seals.Seal(encode(kUnicast, ReviewRequest{6}), kUnicast, ChecksumOver::kPseudoHeaderToo));
  std::vector<uint8_t> wrong = encode(kUnicast, FlowRequest{6, 9});
  wrong[6] ^= 1;
  Print("wrong_checksum", kUnicast, wrong);
  wrong = encode(kUnicast, FlowResponse{6, 9, 0, 1, 17, 1s, {{Ip("192.0.2.100"), 8}}});
  wrong[3] = 2;
  vrrp::PutChecksum(wrong, kUnicast, ChecksumOver::kMessage);
  Print("wrong_count", kUnicast, wrong);
}

}  // namespace
}  // namespace baton::controlplane::load_sharing

int main() {
  using namespace baton::controlplane::load_sharing;
  PrintAdverts();
  PrintMessages(3);
  PrintMessages(2);
  PrintOthers();
}
