// A table for people: columns as wide as their widest cell, two spaces apart. One thread.
#pragma once

#include <string>
#include <vector>

namespace baton::batonctl {

class TextTable {
 public:
  // A heading that begins with '>' makes its column right-aligned, as numbers are.
  explicit TextTable(const std::vector<std::string>& headings);

  // REQUIRES: as many cells as headings.
  void Add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  // Lines without spaces at their ends.
  std::string ToString() const;

 private:
  std::vector<bool> right_;
  std::vector<std::vector<std::string>> rows_;  // the headings are the first
};

}  // namespace baton::batonctl
