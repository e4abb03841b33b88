#include "generator/report/hosts.h"

namespace baton::generator {

void WriteHostCounts(JsonWriter& json, const StrayCounts& strays) {
  json.Number("redirects", strays.redirects).Number("wrong_mac", strays.wrong_mac);
  json.Number("echo_answered", strays.echo_answered).Number("information_answered", strays.information_answered);
  json.Number("information_missed", strays.information_missed);
}

void WriteGateways(JsonWriter& json, const RunResult& result) {
  if (result.gateways.empty()) return;
  json.Array("gateways");
  for (const GatewayResult& gateway : result.gateways) {
    json.Object().Text("port", gateway.port).Text("address", gateway.address).Text("mac", gateway.mac);
    json.Number("sent", gateway.sent).EndObject();
  }
  json.EndArray().Number("gateway_changes_count", result.gateway_change_count).Array("gateway_changes");
  for (const GatewayChange& change : result.gateway_changes) {
    json.Object().Real("at", change.at_s).Text("port", change.port).Text("address", change.address);
    json.Text("from", change.from).Text("to", change.to).EndObject();
  }
  json.EndArray();
}

}  // namespace baton::generator
