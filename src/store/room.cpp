#include "store/room.h"

#include <algorithm>

#include "model/limits.h"

namespace pawl::store {
namespace {

std::size_t reserve(std::size_t size) {
  return std::clamp(size / 4, limits::kStoreReserveMinBytes, limits::kStoreReserveBytes);
}

}  // namespace

std::size_t Room::map_bytes(std::size_t size) { return size + reserve(size); }

std::size_t Room::limit() const { return size_ + reserve(size_) / 2; }

Result<void> Room::look(const Environment& environment) {
  const std::size_t high_water = environment.high_water_bytes();
  if (high_water <= size_) {
    used_ = high_water;
    is_known_ = false;
    return {};
  }
  const std::size_t left = limit() - std::min(limit(), used_);
  if (is_known_ && written_ < left / 4) return {};
  PAWL_TRY(const Environment::Usage usage, environment.usage());
  used_ = usage.used_bytes;
  written_ = 0;
  is_known_ = true;
  return {};
}

}  // namespace pawl::store
