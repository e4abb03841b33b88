#include "generator/report/esp.h"

#include <absl/strings/str_format.h>

namespace baton::generator {

void WriteEspResult(JsonWriter& json, const ClassResult& c) {
  if (!c.esp) return;
  json.Object("esp").Number("rekeyings", c.esp->associations.empty() ? 0 : c.esp->associations.size() - 1);
  json.Array("associations");
  for (const EspResult::Associations& a : c.esp->associations) {
    json.Object().Real("from", a.from_s).Number("first_spi", a.first_spi);
    json.Number("last_spi", a.first_spi + c.esp->flows - 1).EndObject();
  }
  json.EndArray().EndObject();
}

std::string SpisInWords(const EspResult& esp) {
  std::string text;
  for (const EspResult::Associations& a : esp.associations) {
    text += text.empty() ? "SPIs" : absl::StrFormat("; from %.3g s on", a.from_s);
    absl::StrAppendFormat(&text, " %d to %d", a.first_spi, a.first_spi + esp.flows - 1);
  }
  return text;
}

}  // namespace baton::generator
