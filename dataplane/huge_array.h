// A zeroed array whose memory begins with a huge page and asks for more of them: random look-ups in a few megabytes of
// small pages cost more in page walks than in cache misses. Its memory is touched only as it is used. Owned by its maker.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdlib>
#include <new>
#include <type_traits>

namespace baton::dataplane {

template <typename T>
class HugeArray {
 public:
  HugeArray() = default;
  explicit HugeArray(size_t size) : size_(size) {
    static_assert(std::is_trivially_destructible_v<T>);
    if (size == 0) return;
    room_ = (size * sizeof(T) + kPage - 1) / kPage * kPage + kPage;
    base_ = mmap(nullptr, room_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base_ == MAP_FAILED) throw std::bad_alloc();
    const uintptr_t begin = (reinterpret_cast<uintptr_t>(base_) + kPage - 1) / kPage * kPage;
    items_ = reinterpret_cast<T*>(begin);
    madvise(items_, room_ - kPage, MADV_HUGEPAGE);  // if there are any
  }
  ~HugeArray() {
    if (base_ != nullptr) munmap(base_, room_);
  }
  HugeArray(const HugeArray&) = delete;
  HugeArray& operator=(const HugeArray&) = delete;

  T& operator[](size_t i) { return items_[i]; }
  const T& operator[](size_t i) const { return items_[i]; }
  size_t size() const { return size_; }

 private:
  static constexpr size_t kPage = size_t{2} << 20;
  size_t size_ = 0, room_ = 0;
  void* base_ = nullptr;
  T* items_ = nullptr;
};

}  // namespace baton::dataplane
