// What becomes of one packet, and what is wrong around a box, as text for people.
#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>

#include "programs/batonctl/print.h"

namespace baton::batonctl {
namespace {

class Lines {
 public:
  void Add(absl::string_view name, absl::string_view text) { absl::StrAppendFormat(&text_, "%-11s%s\n", name, text); }
  std::string Take() { return std::move(text_); }

 private:
  std::string text_;
};

std::string EndText(const std::string& address, uint32_t port) {
  if (port == 0) return address;
  return address.find(':') == std::string::npos ? absl::StrCat(address, ":", port)
                                                : absl::StrCat("[", address, "]:", port);
}

std::string RowText(const v1::ExplainResponse& a) {
  const v1::AccessRow& r = a.access();
  std::string text = absl::StrCat(a.row(), ": client ", EndText(r.client(), r.client_port()), ", external ",
                                  EndText(r.external(), r.external_port()), ", internal ",
                                  EndText(r.internal(), r.internal_port()), ", backend ",
                                  EndText(r.backend(), r.backend_port()));
  if (a.row() != "would be made") {
    absl::StrAppend(&text, ", state ", r.state(), ", idle ", r.idle_ms() / 1000, " s; this is a ", a.direction());
  }
  return text;
}

std::string WayText(const v1::Way& way) {
  std::string text = way.route();
  absl::StrAppend(&text, way.via().empty() ? " connected" : absl::StrCat(" via ", way.via()));
  if (!way.port().empty()) absl::StrAppend(&text, " on ", way.port(), ", mtu ", way.mtu());
  return text;
}

}  // namespace

std::string ToText(const v1::ExplainResponse& a) {
  Lines lines;
  lines.Add("packet", absl::StrCat(a.packet(), ", in on ", a.port()));
  lines.Add("flow", a.flow().empty() ? "names none" : a.flow());
  if (!a.identity().empty()) lines.Add("identity", absl::StrCat(a.identity(), " (source address and port)"));
  lines.Add("worker", absl::StrCat(a.worker()));
  if (!a.address().empty()) {
    lines.Add("address", absl::StrCat(a.address(), " ", a.address_kind(), ", mode ", a.mode()));
  }
  if (!a.service().empty()) {
    lines.Add("service", absl::StrCat(a.service(), ", schedule ", a.schedule(), ", forward ", a.forward()));
  }
  lines.Add("row", a.row() == "none" ? "none" : RowText(a));
  for (const v1::Candidate& c : a.candidates()) {
    lines.Add("backend", absl::StrFormat("%s: weight %u, %u rows, %u open%s", c.name(), c.weight(), c.rows(), c.open(),
                                         c.chosen() ? absl::StrCat("; chosen: ", a.why()) : ""));
  }
  const v1::Way& way = a.way();
  if (!way.route().empty()) lines.Add("route", WayText(way));
  if (!way.neighbor().empty()) {
    lines.Add("next hop", absl::StrCat(way.neighbor(), " on ", way.port(), ", ", way.neighbor_state(),
                                       way.neighbor_mac().empty() ? "" : ", " + way.neighbor_mac()));
  }
  lines.Add("result", a.result());
  if (!a.drop().empty()) {
    lines.Add("reason", absl::StrCat(a.drop(), ": ", a.meaning()));
    lines.Add("change", a.change());
  }
  if (!a.out_packet().empty()) {
    const char* name = a.drop().empty() ? "leaves" : "error";
    const std::string pieces = a.out_pieces() > 1 ? absl::StrCat(", in ", a.out_pieces(), " fragments") : "";
    lines.Add(name, absl::StrCat(a.out_packet(), pieces, ", on ", a.out_port()));
    if (!a.out_link().empty()) lines.Add("", a.out_link());
  }
  return lines.Take();
}

std::string ToText(const v1::WhyNotResponse& answer) {
  std::string text;
  for (const v1::Finding& f : answer.findings()) {
    absl::StrAppend(&text, f.severity(), ": ", f.object(), ": ", f.problem(), "\n    ", f.change(), "\n");
  }
  return text.empty() ? "nothing found\n" : text;
}

}  // namespace baton::batonctl
