// AnswerAccess of answers.h: rows name services and backends by slot, people by name.
#include <algorithm>

#include <absl/container/flat_hash_map.h>

#include "controlplane/api/answers.h"
#include "controlplane/words.h"

namespace baton::controlplane {
namespace {

using Names = absl::flat_hash_map<Slot, absl::string_view>;

// Empty for a slot whose service or backend is gone from the configuration; its rows may live on.
std::string NameOf(const Names& names, Slot slot) {
  const auto at = names.find(slot);
  return at == names.end() ? std::string() : std::string(at->second);
}

void Fill(const ListedRow& from, const Names& services, const Names& backends, v1::AccessRow* to) {
  const AccessRow& row = from.row;
  to->set_worker(static_cast<uint32_t>(from.worker));
  to->set_service(NameOf(services, row.service_slot));
  to->set_protocol(ProtocolWord(row.protocol));
  to->set_state(std::string(Word(row.state)));
  to->set_forward(std::string(Word(row.method)));
  to->set_client(row.client.ToString());
  to->set_client_port(row.client_port);
  to->set_external(row.external.ToString());
  to->set_external_port(row.external_port);
  to->set_internal(row.internal.ToString());
  to->set_internal_port(row.internal_port);
  to->set_backend(row.backend.ToString());
  to->set_backend_port(row.backend_port);
  to->set_backend_name(NameOf(backends, row.backend_slot));
  to->set_idle_ms(row.idle_ms);
  to->set_packets_from_client(row.packets[0]);
  to->set_packets_from_backend(row.packets[1]);
}

struct AllNames {
  explicit AllNames(const View& view) {
    for (const ServiceView& service : view.services) {
      services.emplace(service.slot, service.name);
      for (const BackendView& backend : service.backends) backends.emplace(backend.slot, backend.name);
    }
  }
  Names services, backends;
};

}  // namespace

void FillAccessRow(const View& view, const ListedRow& row, v1::AccessRow* to) {
  const AllNames names(view);
  Fill(row, names.services, names.backends, to);
}

v1::ShowAccessResponse AnswerAccess(const View& view, const std::vector<ListedRow>& rows, size_t limit) {
  const AllNames names(view);
  v1::ShowAccessResponse answer;
  const size_t count = std::min(rows.size(), limit);
  answer.mutable_rows()->Reserve(static_cast<int>(count));
  for (size_t i = 0; i < count; ++i) Fill(rows[i], names.services, names.backends, answer.add_rows());
  answer.set_truncated(rows.size() > limit);
  return answer;
}

}  // namespace baton::controlplane
