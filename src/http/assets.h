// The status page's files (page/), built into the binary by embed.py.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "http/router.h"

namespace pawl::http {

struct Asset {
  std::string_view name;  // "app.js"
  std::string_view content_type;
  std::string_view tag;  // the ETag, quotes included; changes with the content
  const unsigned char* data;
  std::size_t size;
};

// All of them, by name; for the life of the process.
[[nodiscard]] std::span<const Asset> assets();

// GET / is index.html, GET /assets/NAME the other files.
void add_asset_routes(Router& router);

}  // namespace pawl::http
