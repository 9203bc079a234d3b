// What a listing does with a damaged record: it leaves it out and says so.
#pragma once

#include <functional>

#include "base/result.h"

namespace pawl::store {

// The error's context names the record.
using SetAside = std::function<void(const Error&)>;

}  // namespace pawl::store
