#include "controlplane/packet/text.h"

#include <vector>

#include <absl/strings/ascii.h>
#include <absl/strings/numbers.h>

#include "common/headers.h"

namespace baton::controlplane {
namespace {

struct Word {
  absl::string_view text;
  size_t column;  // from 1
};

constexpr struct {
  absl::string_view name;
  uint8_t protocol;
} kProtocols[] = {{"tcp", kTcp}, {"udp", kUdp}, {"icmp", kIcmp}, {"icmp6", kIcmpv6}};

constexpr struct {
  absl::string_view name;
  uint8_t flag;
} kFlags[] = {{"syn", kTcpSyn}, {"ack", kTcpAck}, {"fin", kTcpFin}, {"rst", kTcpRst}};

std::vector<Word> Split(absl::string_view text) {
  std::vector<Word> words;
  for (size_t at = 0; at < text.size();) {
    if (absl::ascii_isspace(text[at])) {
      ++at;
      continue;
    }
    const size_t begin = at;
    while (at < text.size() && !absl::ascii_isspace(text[at])) ++at;
    words.push_back({text.substr(begin, at - begin), begin + 1});
  }
  return words;
}

absl::Status Wrong(const Word& word, absl::string_view problem) {
  const std::string what = word.text.empty() ? "the end" : absl::StrCat("\"", word.text.substr(0, 64), "\"");
  return absl::InvalidArgumentError(absl::StrCat("packet: column ", word.column, ": ", what, " ", problem));
}

// The words one after the other; past the end come empty ones.
class Words {
 public:
  explicit Words(absl::string_view text) : words_(Split(text)), end_{{}, text.size() + 1} {}
  const Word& Peek() const { return at_ < words_.size() ? words_[at_] : end_; }
  Word Take() {
    const Word word = Peek();
    if (at_ < words_.size()) ++at_;
    return word;
  }

 private:
  std::vector<Word> words_;
  Word end_;
  size_t at_ = 0;
};

absl::StatusOr<uint16_t> Number(const Word& word, absl::string_view text, uint32_t least, uint32_t most) {
  uint32_t number = 0;
  if (!absl::SimpleAtoi(text, &number) || number < least || number > most) {
    return Wrong(word, absl::StrCat("is not a number in ", least, "..", most));
  }
  return static_cast<uint16_t>(number);
}

absl::Status Address(const Word& word, absl::string_view text, IpAddress* to) {
  const auto address = IpAddress::Parse(text);
  if (!address.ok()) return Wrong(word, "is not an IPv4 or IPv6 address");
  *to = *address;
  return absl::OkStatus();
}

// ADDRESS:PORT, or an address alone where there are no ports.
absl::Status End(const Word& word, bool ports, IpAddress* address, uint16_t* port) {
  absl::string_view text = word.text, number;
  const bool brackets = !text.empty() && text.front() == '[';
  const size_t close = brackets ? text.find(']') : text.size();
  if (brackets && close == absl::string_view::npos) return Wrong(word, "has no closing bracket");
  const size_t colon = text.find(':', brackets ? close : 0);
  if (ports) {
    if (colon == absl::string_view::npos || (brackets && colon != close + 1)) {
      return Wrong(word, "is not ADDRESS:PORT");
    }
    if (!brackets && text.find(':', colon + 1) != absl::string_view::npos) {
      return Wrong(word, "is not ADDRESS:PORT; an IPv6 address stands in brackets, as in [2001:db8::7]:4711");
    }
    number = text.substr(colon + 1);
    text = text.substr(0, colon);
    ASSIGN_OR_RETURN(*port, Number(word, number, 0, 65535));
  } else if (brackets && close + 1 != text.size()) {
    return Wrong(word, "has more than an address, but ICMP has no ports");
  }
  if (brackets) text = text.substr(1, text.find(']') - 1);
  return Address(word, text, address);
}

absl::Status Protocol(const Word& word, PacketText* packet) {
  for (const auto& known : kProtocols) {
    if (known.name == word.text) {
      packet->protocol = known.protocol;
      return absl::OkStatus();
    }
  }
  return Wrong(word, "is not one of tcp, udp, icmp, icmp6");
}

absl::Status Ends(Words& words, PacketText* packet) {
  const bool ports = packet->protocol == kTcp || packet->protocol == kUdp;
  RETURN_IF_ERROR(End(words.Take(), ports, &packet->src, &packet->src_port));
  const Word arrow = words.Take();
  if (arrow.text != ">") return Wrong(arrow, "stands where > is expected");
  const Word dst = words.Take();
  RETURN_IF_ERROR(End(dst, ports, &packet->dst, &packet->dst_port));
  if (packet->src.family() != packet->dst.family()) return Wrong(dst, "is of another family than the source");
  if ((packet->protocol == kIcmp && !packet->dst.is_v4()) || (packet->protocol == kIcmpv6 && packet->dst.is_v4())) {
    return Wrong(dst, "is of the wrong family: icmp is for IPv4, icmp6 for IPv6");
  }
  return absl::OkStatus();
}

// One of the words behind the ends.
absl::Status Option(Words& words, PacketText* packet) {
  const Word word = words.Take();
  if (packet->protocol == kTcp) {
    for (const auto& flag : kFlags) {
      if (flag.name != word.text) continue;
      packet->tcp_flags |= flag.flag;
      return absl::OkStatus();
    }
  }
  const Word value = words.Take();
  if (word.text == "on") {
    if (value.text.empty()) return Wrong(value, "stands where a port's name is expected");
    packet->port = std::string(value.text);
  } else if (word.text == "ttl") {
    ASSIGN_OR_RETURN(const uint16_t ttl, Number(value, value.text, 0, 255));
    packet->ttl = static_cast<uint8_t>(ttl);
  } else if (word.text == "len") {
    ASSIGN_OR_RETURN(packet->length, Number(value, value.text, 20, kMostPacketBytes));
  } else if (word.text == "id" && (packet->protocol == kIcmp || packet->protocol == kIcmpv6)) {
    ASSIGN_OR_RETURN(packet->id, Number(value, value.text, 0, 65535));
  } else {
    return Wrong(word, packet->protocol == kTcp ? "is not one of syn, ack, fin, rst, ttl N, len N, on PORT"
                       : packet->protocol == kUdp ? "is not one of ttl N, len N, on PORT"
                                                  : "is not one of id N, ttl N, len N, on PORT");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<PacketText> ParsePacketText(absl::string_view text) {
  PacketText packet;
  Words words(text);
  RETURN_IF_ERROR(Protocol(words.Take(), &packet));
  RETURN_IF_ERROR(Ends(words, &packet));
  while (!words.Peek().text.empty()) RETURN_IF_ERROR(Option(words, &packet));
  if (packet.port.empty()) return Wrong(words.Peek(), "comes before \"on PORT\": where does the packet come in?");
  if (packet.protocol == kTcp && packet.tcp_flags == 0) packet.tcp_flags = kTcpSyn;
  return packet;
}

}  // namespace baton::controlplane
