#include "config/notify_reader.h"

#include <algorithm>
#include <array>

#include "config/names.h"
#include "config/pipeline_keys.h"
#include "config/wording.h"

namespace pawl::config {
namespace {

void check_statuses(MappingReader& mapping) {
  const YamlNode* node = mapping.find("on");
  if (node == nullptr) return;
  ValueReader& values = mapping.values();
  if (node->kind == YamlNode::Kind::kSequence && node->items.empty()) {
    values.add(node->place, "'on' is an empty list, so nothing would be sent");
  }
  const auto statuses = mapping.words("on");
  std::vector<std::string> seen;
  for (Placed<std::string>& word : mapping.texts("on", limits::kTitleBytes)) {
    if (std::find(statuses.begin(), statuses.end(), word.value) == statuses.end()) {
      values.add(word.place, "'on' takes " + listed(statuses) + ", not " + quoted(word.value) +
                                 did_you_mean(word.value, statuses));
    } else if (std::find(seen.begin(), seen.end(), word.value) != seen.end()) {
      values.add(word.place, "'on' has " + quoted(word.value) + " twice");
    } else {
      seen.push_back(std::move(word.value));
    }
  }
}

void check_notification(ValueReader& values, const YamlNode& node) {
  MappingReader mapping(values, node, kNotifyKeys, "a notification");
  if (node.kind != YamlNode::Kind::kMapping) return;
  mapping.require("on");
  check_statuses(mapping);
  mapping.require("url_secret", "the name of a secret on the host that holds the address");
  const auto secret = mapping.filled_text("url_secret", limits::kTitleBytes);
  if (secret && !is_secret_name(*secret)) {
    values.add(mapping.place_of("url_secret"),
               quoted(*secret) + " is not a secret's name: a file name of A-Z a-z 0-9 . _ -");
  }
  (void)mapping.word("format");
}

}  // namespace

void check_notifications(MappingReader& pipeline) {
  if (pipeline.find("notify") == nullptr) return;
  for (const YamlNode* node : pipeline.items("notify", limits::kNotifications)) {
    check_notification(pipeline.values(), *node);
  }
  pipeline.values().warn(pipeline.place_of_key("notify"),
                         "'notify' is checked, but nothing is sent by this version of pawl");
}

}  // namespace pawl::config
