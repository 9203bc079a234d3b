// Older dialects of pipeline YAML (SPEC §1), brought into today's form before a document is read, so
// that the readers know one form only. The document's own nodes stay as they are (aliases share
// them); what changes is copied into the file. Places stay those of the file, so that every later
// problem points at what was written.
//
// Any thread; a file is one thread's. Time and memory are linear in the document, aliases counted
// as if written out.
#pragma once

#include "config/problem_list.h"
#include "config/yaml_node.h"

namespace pawl::config {

// The document itself when it is in today's form already. Adds problems where an older form is
// wrong or says the same thing twice; what was right of it is in the result all the same.
[[nodiscard]] const YamlNode& to_todays_form(YamlFile& file, const YamlNode& document,
                                             ProblemList& problems);

}  // namespace pawl::config
