#include "controlplane/config/parse.h"

#include <cerrno>
#include <cstring>
#include <fstream>

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
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string text(Document::kMaxBytes + 1, '\0');  // one more than allowed, so that too long a file is refused as such
  if (file) file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file.is_open() || file.bad() || (file.fail() && !file.eof())) {
    ParseResult result;
    result.file_name = path;
    result.errors.push_back({1, 1, "", "", absl::StrCat("cannot be read: ", std::strerror(errno != 0 ? errno : EIO))});
    return result;
  }
  text.resize(static_cast<size_t>(file.gcount()));
  return ParseConfig(text, path);
}

}  // namespace baton::controlplane
