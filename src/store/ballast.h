// A file that takes up room on the state directory's disk, so that there is some to give up when the disk is full: the ends of
// what is under way can be written then, and nothing new is taken on until it could be put back.
// One thread at a time.
#pragma once

#include <cstddef>
#include <string>

namespace pawl::store {

class Ballast {
 public:
  // An eighth of the store's size, up to limits::kBallastBytes.
  Ballast(std::string directory, std::size_t store_bytes);

  // Puts it back where the disk has room for it and some more. Whether it is there now.
  bool hold();
  void give_up();
  [[nodiscard]] bool is_held() const { return is_held_; }

 private:
  [[nodiscard]] bool is_whole() const;
  [[nodiscard]] bool has_disk_room() const;
  [[nodiscard]] bool allocate() const;

  const std::string path_;
  const std::string directory_;
  const std::size_t bytes_;
  bool is_held_ = false;
};

}  // namespace pawl::store
