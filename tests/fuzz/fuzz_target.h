// What fuzz targets share. A target is linked with libFuzzer (clang, build/fuzz) or with replay_main.cpp (any
// compiler), which runs the inputs of tests/fuzz/corpus through it. Single-threaded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/result.h"

// A broken promise is a crash: PAWL_ASSERT ends the process.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace pawl {

inline std::string_view text_of_input(const std::uint8_t* data, std::size_t size) {
  // An empty input may come as a null pointer.
  return size == 0 ? std::string_view()
                   : std::string_view(reinterpret_cast<const char*>(data), size);
}

// What people are shown: something, on one line, not endless.
inline void check_message(std::string_view message, std::size_t most_bytes) {
  PAWL_ASSERT(!message.empty());
  PAWL_ASSERT(message.size() <= most_bytes);
  for (char c : message) PAWL_ASSERT(static_cast<unsigned char>(c) >= 0x20);
}

}  // namespace pawl
