#include "tests/scenarios/packet_text.h"

#include <set>
#include <vector>

#include <absl/strings/escaping.h>
#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_split.h>

#include "common/status.h"

namespace baton::scenarios {
namespace {

struct IcmpName { const char* kind; const char* word; int type; int code; };

// RFC 792, RFC 1812 5.2.7.1, RFC 4443, RFC 4861. Code -1: any other, written as "code N".
constexpr IcmpName kIcmpNames[] = {
    {"icmp", "echo", 8, 0},
    {"icmp", "echo-reply", 0, 0},
    {"icmp", "unreachable/net", 3, 0},
    {"icmp", "unreachable/host", 3, 1},
    {"icmp", "unreachable/port", 3, 3},
    {"icmp", "unreachable/frag", 3, 4},
    {"icmp", "unreachable/prohibited", 3, 13},
    {"icmp", "time-exceeded", 11, 0},
    {"icmp6", "echo", 128, 0},
    {"icmp6", "echo-reply", 129, 0},
    {"icmp6", "unreachable/net", 1, 0},
    {"icmp6", "unreachable/prohibited", 1, 1},
    {"icmp6", "unreachable/host", 1, 3},
    {"icmp6", "unreachable/port", 1, 4},
    {"icmp6", "too-big", 2, 0},
    {"icmp6", "time-exceeded", 3, 0},
    {"icmp6", "rs", 133, 0},
    {"icmp6", "ra", 134, 0},
    {"icmp6", "ns", 135, 0},
    {"icmp6", "na", 136, 0},
};

constexpr absl::string_view kTcpFlags[] = {"syn", "ack", "fin", "rst", "psh", "urg"};

// Words that take a number, and words that stand alone.
const std::set<std::string, std::less<>> kNumbers = {
    "ttl", "tos", "id", "seq", "win", "mss", "len", "mtu", "flow", "type", "code", "protocol", "vlan", "pad",
    "truncate", "version", "ihl", "iplen", "udplen", "doff", "rest", "vni", "port"};
const std::set<std::string, std::less<>> kAlone = {"df", "untagged", "options", "urg", "sack", "nops"};
const std::set<std::string, std::less<>> kExtensions = {"hbh", "dst", "routing"};

absl::Status Bad(absl::string_view what, absl::string_view word) {
  return absl::InvalidArgumentError(absl::StrCat(what, ": '", word, "'"));
}

// Words, with "quoted text" and (parenthesised text) as one word each.
absl::StatusOr<std::vector<std::string>> Words(absl::string_view text) {
  std::vector<std::string> words;
  size_t at = 0;
  while (true) {
    while (at < text.size() && absl::ascii_isspace(static_cast<unsigned char>(text[at]))) ++at;
    if (at == text.size()) return words;
    const size_t start = at;
    if (text[at] == '"') {
      at = text.find('"', at + 1);
      if (at == absl::string_view::npos) return Bad("no closing quote", text.substr(start));
      words.emplace_back(text.substr(start, ++at - start));
    } else if (text[at] == '(') {
      int depth = 0;
      do {
        if (at == text.size()) return Bad("no closing parenthesis", text.substr(start));
        depth += text[at] == '(' ? 1 : text[at] == ')' ? -1 : 0;
        ++at;
      } while (depth > 0);
      words.emplace_back(text.substr(start, at - start));
    } else {
      while (at < text.size() && !absl::ascii_isspace(static_cast<unsigned char>(text[at]))) ++at;
      words.emplace_back(text.substr(start, at - start));
    }
  }
}

// Takes words one after the other; past the end it yields "" and remembers nothing: every user refuses "".
class Cursor {
 public:
  explicit Cursor(std::vector<std::string> words) : words_(std::move(words)) {}
  bool done() const { return at_ == words_.size(); }
  std::string Peek() const { return done() ? "" : words_[at_]; }
  std::string Next() { return done() ? "" : words_[at_++]; }
  bool Accept(absl::string_view word) {
    if (Peek() != word) return false;
    ++at_;
    return true;
  }

 private:
  std::vector<std::string> words_;
  size_t at_ = 0;
};

absl::StatusOr<std::string> NumberWord(Cursor& in, absl::string_view name) {
  const std::string word = in.Next();
  uint32_t value;
  if (!absl::SimpleAtoi(word, &value)) return Bad(absl::StrCat("`", name, "` wants a number"), word);
  return absl::StrCat(value);
}

// "10.0.0.1:80", "[2001:db8::1]:80", or without a port "10.0.0.1", "2001:db8::1".
absl::Status ParseEnd(absl::string_view text, IpAddress* address, std::optional<uint16_t>* port) {
  absl::string_view host = text;
  absl::string_view number;
  if (absl::StartsWith(text, "[")) {
    const size_t close = text.find("]:");
    if (close == absl::string_view::npos) return Bad("not [address]:port", text);
    host = text.substr(1, close - 1);
    number = text.substr(close + 2);
  } else if (text.find(':') == text.rfind(':') && text.find(':') != absl::string_view::npos) {
    host = text.substr(0, text.find(':'));
    number = text.substr(text.find(':') + 1);
  }
  ASSIGN_OR_RETURN(*address, IpAddress::Parse(host));
  if (number.data() == nullptr) return absl::OkStatus();
  uint32_t value;
  if (!absl::SimpleAtoi(number, &value) || value > 0xffff) return Bad("not a port", text);
  *port = static_cast<uint16_t>(value);
  return absl::OkStatus();
}

// SRC > DST
absl::Status ParseEnds(Cursor& in, PacketText* packet) {
  RETURN_IF_ERROR(ParseEnd(in.Next(), &packet->src, &packet->src_port));
  if (!in.Accept(">")) return Bad("`>` expected", in.Peek());
  RETURN_IF_ERROR(ParseEnd(in.Next(), &packet->dst, &packet->dst_port));
  if (packet->src.is_v4() != packet->dst.is_v4()) return Bad("two address families", packet->dst.ToString());
  const bool ports = packet->kind == "tcp" || packet->kind == "udp";
  if (packet->src_port.has_value() != ports || packet->dst_port.has_value() != ports) {
    return Bad(ports ? "both ends want a port" : "no ports here", packet->kind);
  }
  return absl::OkStatus();
}

absl::Status ParseIcmpType(Cursor& in, PacketText* packet) {
  const std::string word = in.Next();
  if (word == "type") {
    ASSIGN_OR_RETURN(packet->fields["type"], NumberWord(in, "type"));
    if (!in.Accept("code")) return Bad("`code` expected", in.Peek());
    ASSIGN_OR_RETURN(packet->fields["code"], NumberWord(in, "code"));
    return absl::OkStatus();
  }
  for (const IcmpName& name : kIcmpNames) {
    if (packet->kind != name.kind || word != name.word) continue;
    packet->fields["type"] = absl::StrCat(name.type);
    packet->fields["code"] = absl::StrCat(name.code);
    return absl::OkStatus();
  }
  return Bad("unknown ICMP message", word);
}

// who-has TARGET tell SENDER | SENDER is-at MAC to TARGET
absl::Status ParseArp(Cursor& in, PacketText* packet) {
  std::optional<uint16_t> no_port;
  if (in.Accept("who-has")) {
    packet->fields["op"] = "1";
    RETURN_IF_ERROR(ParseEnd(in.Next(), &packet->dst, &no_port));
    if (!in.Accept("tell")) return Bad("`tell` expected", in.Peek());
    return ParseEnd(in.Next(), &packet->src, &no_port);
  }
  packet->fields["op"] = "2";
  RETURN_IF_ERROR(ParseEnd(in.Next(), &packet->src, &no_port));
  if (!in.Accept("is-at")) return Bad("`is-at` expected", in.Peek());
  ASSIGN_OR_RETURN(const MacAddress mac, MacAddress::Parse(in.Next()));
  packet->fields["sender_mac"] = mac.ToString();
  if (!in.Accept("to")) return Bad("`to` expected", in.Peek());
  return ParseEnd(in.Next(), &packet->dst, &no_port);
}

absl::Status ParseFragment(Cursor& in, PacketText* packet) {
  if (!in.Accept("id")) return Bad("`frag` wants `id N off N`", in.Peek());
  ASSIGN_OR_RETURN(const std::string id, NumberWord(in, "id"));
  if (!in.Accept("off")) return Bad("`frag id N` wants `off N`", in.Peek());
  ASSIGN_OR_RETURN(const std::string off, NumberWord(in, "off"));
  packet->fields["frag"] = absl::StrCat("id ", id, " off ", off, in.Accept("more") ? " more" : "");
  return absl::OkStatus();
}

absl::Status ParseMac(Cursor& in, PacketText* packet) {
  bool any = false;
  for (const char* side : {"dst", "src"}) {
    if (!in.Accept(side)) continue;
    ASSIGN_OR_RETURN(const MacAddress mac, MacAddress::Parse(in.Next()));
    packet->fields[absl::StrCat("mac_", side)] = mac.ToString();
    any = true;
  }
  return any ? absl::OkStatus() : Bad("`mac` wants `dst MAC` or `src MAC`", in.Peek());
}

absl::Status ParseField(Cursor& in, PacketText* packet) {
  std::string word = in.Next();
  auto& fields = packet->fields;
  if (packet->kind == "tcp" && std::find(std::begin(kTcpFlags), std::end(kTcpFlags), word) != std::end(kTcpFlags)) {
    fields[word] = "yes";
    uint32_t ignored;
    if (word == "ack" && absl::SimpleAtoi(in.Peek(), &ignored)) fields["ackno"] = in.Next();
    return absl::OkStatus();
  }
  if (kNumbers.count(word) != 0) {
    ASSIGN_OR_RETURN(fields[word], NumberWord(in, word));
    return absl::OkStatus();
  }
  if (kAlone.count(word) != 0) {
    fields[word] = "yes";
    return absl::OkStatus();
  }
  if (kExtensions.count(word) != 0) {
    std::string& all = fields["extensions"];
    absl::StrAppend(&all, all.empty() ? "" : " ", word);
    return absl::OkStatus();
  }
  if (word == "frag") return ParseFragment(in, packet);
  if (word == "mac") return ParseMac(in, packet);
  if (word == "csum" || word == "ipcsum") {
    fields[word] = in.Next();
    if (fields[word] != "0" && fields[word] != "bad") return Bad("a checksum is `0` or `bad`", fields[word]);
    return absl::OkStatus();
  }
  if (word == "target" || word == "via") {
    ASSIGN_OR_RETURN(const IpAddress address, IpAddress::Parse(in.Next()));
    fields[word] = address.ToString();
    return absl::OkStatus();
  }
  if (word == "data" && absl::StartsWith(in.Peek(), "\"")) {
    fields["data"] = in.Next();
    std::string bytes;
    const absl::string_view quoted(fields["data"]);
    if (!absl::CUnescape(quoted.substr(1, quoted.size() - 2), &bytes)) return Bad("not as in C", quoted);
    fields["len"] = absl::StrCat(bytes.size());
    return absl::OkStatus();
  }
  if ((word == "about" || word == "around") && absl::StartsWith(in.Peek(), "(")) {
    const std::string inner = in.Next();
    ASSIGN_OR_RETURN(PacketText about, ParsePacket(absl::string_view(inner).substr(1, inner.size() - 2)));
    packet->about = std::make_shared<PacketText>(std::move(about));
    return absl::OkStatus();
  }
  return Bad("unknown word", word);
}

bool IsFlag(absl::string_view name) {
  return std::find(std::begin(kTcpFlags), std::end(kTcpFlags), name) != std::end(kTcpFlags);
}

std::string EndText(const IpAddress& address, const std::optional<uint16_t>& port) {
  if (!port) return address.ToString();
  return address.is_v4() ? absl::StrCat(address.ToString(), ":", *port)
                         : absl::StrCat("[", address.ToString(), "]:", *port);
}

std::string Head(const PacketText& p) {
  if (p.kind == "raw" || p.kind == "ether") return absl::StrCat(p.kind, " ", p.Get("bytes"));
  if (p.kind == "arp") {
    return p.Get("op") == "1"
               ? absl::StrCat("arp who-has ", p.dst.ToString(), " tell ", p.src.ToString())
               : absl::StrCat("arp ", p.src.ToString(), " is-at ", p.Get("sender_mac"), " to ", p.dst.ToString());
  }
  std::string out = p.kind;
  if (p.kind == "ip") absl::StrAppend(&out, " ", p.Get("protocol"));
  if (p.kind == "icmp" || p.kind == "icmp6") {
    std::string type = absl::StrCat("type ", p.Get("type"), " code ", p.Get("code"));
    for (const IcmpName& name : kIcmpNames) {
      if (p.kind == name.kind && p.Get("type") == absl::StrCat(name.type) && p.Get("code") == absl::StrCat(name.code)) {
        type = name.word;
      }
    }
    absl::StrAppend(&out, " ", type);
  }
  return absl::StrCat(out, " ", EndText(p.src, p.src_port), " > ", EndText(p.dst, p.dst_port));
}

}  // namespace

absl::StatusOr<PacketText> ParsePacket(absl::string_view text) {
  ASSIGN_OR_RETURN(std::vector<std::string> words, Words(text));
  Cursor in(std::move(words));
  PacketText packet;
  packet.kind = in.Next();
  if (packet.kind == "raw" || packet.kind == "ether") {
    packet.fields["bytes"] = in.Next();
    if (packet.kind == "ether") packet.fields["bytes"] += " " + in.Next();
  } else if (packet.kind == "arp") {
    RETURN_IF_ERROR(ParseArp(in, &packet));
  } else if (packet.kind == "tcp" || packet.kind == "udp") {
    RETURN_IF_ERROR(ParseEnds(in, &packet));
  } else if (packet.kind == "icmp" || packet.kind == "icmp6") {
    RETURN_IF_ERROR(ParseIcmpType(in, &packet));
    RETURN_IF_ERROR(ParseEnds(in, &packet));
  } else if (packet.kind == "vxlan") {
    RETURN_IF_ERROR(ParseEnds(in, &packet));
  } else if (packet.kind == "ip") {
    ASSIGN_OR_RETURN(packet.fields["protocol"], NumberWord(in, "ip"));
    RETURN_IF_ERROR(ParseEnds(in, &packet));
  } else {
    return Bad("unknown kind of packet", packet.kind);
  }
  while (!in.done()) RETURN_IF_ERROR(ParseField(in, &packet));
  return packet;
}

std::string PacketText::ToString() const {
  std::string out = Head(*this);
  for (const absl::string_view flag : kTcpFlags) {
    if (!has(std::string(flag))) continue;
    absl::StrAppend(&out, " ", flag);
    if (flag == "ack" && has("ackno")) absl::StrAppend(&out, " ", Get("ackno"));
  }
  static const std::set<std::string, std::less<>> kInHead = {"type", "code", "op", "sender_mac", "bytes", "protocol",
                                                             "ackno"};
  for (const auto& [name, value] : fields) {
    if (kInHead.count(name) != 0 || IsFlag(name)) continue;
    if (name == "extensions") {
      absl::StrAppend(&out, " ", value);
    } else if (name == "mac_dst" || name == "mac_src") {
      absl::StrAppend(&out, " mac ", name.substr(4), " ", value);
    } else if (value == "yes") {
      absl::StrAppend(&out, " ", name);
    } else if (name == "data" && value.size() > 40) {
      absl::StrAppend(&out, " data ", value.substr(0, 36), "...");
    } else {
      absl::StrAppend(&out, " ", name, " ", (name == "csum" || name == "ipcsum") && value == "bad" ? "WRONG" : value);
    }
  }
  if (about) absl::StrAppend(&out, " about (", about->ToString(), ")");
  return out;
}

std::string Difference(const PacketText& expected, const PacketText& actual) {
  if (Head(expected) != Head(actual)) return absl::StrCat("not ", Head(expected));
  for (const absl::string_view flag : kTcpFlags) {
    const std::string name(flag);
    if (expected.has(name) != actual.has(name)) return absl::StrCat("flag ", flag);
  }
  for (const char* name : {"csum", "ipcsum"}) {
    if (expected.Get(name) != actual.Get(name)) return absl::StrCat(name, " is ", actual.Get(name));
  }
  for (const auto& [name, value] : expected.fields) {
    if (name == "via") continue;  // the runner compares it with the MAC address
    if (actual.Get(name) != value) return absl::StrCat(name, " is ", actual.Get(name), ", not ", value);
  }
  if (!expected.about) return "";
  if (!actual.about) return "quotes nothing";
  const std::string inner = Difference(*expected.about, *actual.about);
  return inner.empty() ? "" : absl::StrCat("quoted: ", inner);
}

std::string Alteration(const PacketText& received, const PacketText& sent, const PacketText& named) {
  if (received.kind != sent.kind) return absl::StrCat("became ", sent.kind);
  // Checksums are judged by Difference, the link layer by the runner. RFC 4861's ttl etc. do not pass here.
  std::set<std::string> ignored = {"ttl", "csum", "ipcsum", "mac_dst", "mac_src", "vlan", "pad", "mss"};
  if (received.kind == "icmp" || received.kind == "icmp6") ignored.insert("id");
  // FTP: text, and with it all numbers, may change as the story says.
  for (const char* name : {"data", "len", "seq", "ackno"}) {
    if (named.has(name)) ignored.insert(name);
  }
  if (named.has("len")) ignored.insert("data");
  if (named.has("nops")) ignored.insert({"sack", "nops"});
  for (const auto& [name, value] : received.fields) {
    if (ignored.count(name) == 0 && sent.Get(name) != value) {
      return absl::StrCat(name, " was ", value, " and became ", sent.Get(name));
    }
  }
  for (const auto& [name, value] : sent.fields) {
    if (ignored.count(name) == 0 && !received.has(name)) return absl::StrCat(name, " appeared: ", value);
  }
  if (sent.Number("mss", 0) > received.Number("mss", 0)) return "mss grew";
  if (received.Number("ttl", 0) != sent.Number("ttl", 0) + 1) {
    return absl::StrCat("ttl was ", received.Get("ttl"), " and became ", sent.Get("ttl"));
  }
  return "";
}

}  // namespace baton::scenarios
