// `notify` of a pipeline (SPEC §1): checked, with a warning that this version sends nothing. Pure.
#pragma once

#include "config/reader.h"

namespace pawl::config {

void check_notifications(MappingReader& pipeline);

}  // namespace pawl::config
