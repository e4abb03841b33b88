#include "controlplane/capture/comment.h"

#include <catch2/catch.hpp>

#include "common/headers.h"
#include "controlplane/capture/filter.h"
#include "controlplane/packet/frame.h"

namespace baton::controlplane {
namespace {

TEST_CASE("what a packet's comment says") {
  using End = CapturedPacket::End;
  View view;
  view.ports.resize(2);
  view.ports[1].info.name = "lan";
  CapturedPacket p;
  p.out_port = 1;
  CHECK(CommentOf(p, view) == "forwarded on lan");
  p.sent = true;
  CHECK(CommentOf(p, view).empty());
  p.sent = false;
  p.end = End::kDropped;
  p.drop = DropReason::kNoRoute;
  CHECK(CommentOf(p, view) == "dropped: no_route: no route covers the destination; answered with unreachable");
  p.end = End::kHeld;
  CHECK(CommentOf(p, view) == "held: its address is in migration");
}

TEST_CASE("a filter in pcap's language") {
  struct Case { const char* filter; bool matches; };
  const auto c = GENERATE(values<Case>({
      {"", true}, {"tcp port 80", true}, {"udp", false}, {"host 192.0.2.7 and tcp[tcpflags] & tcp-syn != 0", true},
      {"ip6", false}, {"greater 45", true}, {"less 44", false},
  }));
  CAPTURE(c.filter);
  const auto frame = BuildFrame(ParsePacketText("tcp 192.0.2.7:4711 > 198.51.100.10:80 on wan").value(),
                                {.name = "wan", .mac = {}, .addresses = {}}).value();
  CapturedPacket packet;
  packet.length = packet.captured = static_cast<uint16_t>(frame.size());
  const auto filter = PacketFilter::Compile(c.filter);
  REQUIRE(filter.ok());
  CHECK(filter->Matches(packet, frame.data()) == c.matches);
}

TEST_CASE("a filter that makes no sense is refused in libpcap's words") {
  const auto filter = PacketFilter::Compile("tcp prot 80");
  REQUIRE(absl::IsInvalidArgument(filter.status()));
  CHECK(filter.status().message().substr(0, 8) == "filter: ");
}

}  // namespace
}  // namespace baton::controlplane
