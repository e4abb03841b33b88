// A folder of one test, removed with it. Short, because a socket's path has 107 characters at most.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

namespace baton::controlplane {

class TempFolder {
 public:
  TempFolder() {
    char name[] = "/tmp/baton-api-XXXXXX";
    path_ = ::mkdtemp(name);
  }
  ~TempFolder() { std::filesystem::remove_all(path_); }
  std::string operator/(const std::string& file) const { return path_ + "/" + file; }

 private:
  std::string path_;
};

}  // namespace baton::controlplane
