#include "controlplane/config/parse.h"

#include <absl/strings/str_cat.h>

#include "controlplane/config/document.h"
#include "controlplane/config/shape.h"
#include "controlplane/config/validate.h"

namespace baton::controlplane {

std::string ParseResult::Report() const {
  std::string text;
  for (const ConfigError& error : errors) absl::StrAppend(&text, error.ToString(file_name), "\n");
  return text;
}

ParseResult ParseConfig(absl::string_view text, absl::string_view file_name) {
  ErrorList errors;
  ParseResult result;
  result.file_name = std::string(file_name);
  const Document document(text, errors);
  if (document.root() != nullptr) {
    Draft draft = ReadDraft(*document.root(), errors);
    result.config = Validate(std::move(draft), document, errors);
  }
  result.errors = errors.Take();
  return result;
}

ParseResult LoadConfig(const std::string& path) {
  const absl::StatusOr<std::string> text = ReadDocument(path);
  if (text.ok()) return ParseConfig(*text, path);
  ParseResult result;
  result.file_name = path;
  result.errors.push_back({1, 1, "", "", std::string(text.status().message())});
  return result;
}

}  // namespace baton::controlplane
