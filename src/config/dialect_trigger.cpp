#include "config/dialect_trigger.h"

#include <algorithm>
#include <array>

#include "config/wording.h"
#include "config/yaml_scalar.h"
#include "model/limits.h"

namespace pawl::config {
namespace {

using Entry = YamlNode::Entry;

constexpr std::array<std::string_view, 3> kTypes = {"cron", "crontab", "webhook"};
// Keys beside a webhook's type that are the trigger's, not the webhook's.
constexpr std::string_view kTasks = "tasks";
// Where the webhooks listener has them: dialects may have written the whole path of the address.
constexpr std::string_view kHooks = "/hooks/";

// Without quotes it would be read as more than a text.
bool is_typed(const YamlNode& node) {
  return node.is_plain && (parse_core_boolean(node.text) || parse_core_number(node.text));
}

YamlNode& new_mapping(YamlFile& file, Place place, std::vector<Entry> entries,
                      bool is_flow = false) {
  YamlNode& node = file.nodes.emplace_back();
  node.kind = YamlNode::Kind::kMapping;
  node.is_flow = is_flow;
  node.place = place;
  node.entries = std::move(entries);
  return node;
}

const YamlNode& without_address(YamlFile& file, const YamlNode& path) {
  if (path.kind != YamlNode::Kind::kScalar || !path.text.starts_with('/')) return path;
  YamlNode& result = file.nodes.emplace_back(path);
  result.text.erase(0, path.text.starts_with(kHooks) ? kHooks.size() : 1);
  result.text_place = {};
  return result;
}

// What a typed webhook has besides its path goes into the long form.
const YamlNode& typed_webhook(YamlFile& file, MappingEdit& trigger, Place type_place,
                              ProblemList& problems) {
  trigger.settle({"path", "endpoint", "token"}, problems);
  if (const Entry* path = trigger.find("path")) {
    trigger.set("path", without_address(file, *path->value));
  }
  std::vector<Entry> webhook;
  std::vector<Entry> result;
  for (const Entry& entry : trigger.node().entries) {
    (entry.key == kTasks ? result : webhook).push_back(entry);
  }
  const bool is_short = webhook.size() == 1 && webhook.front().key == "path";
  const YamlNode& value = is_short ? *webhook.front().value
                                   : new_mapping(file, trigger.node().place, std::move(webhook),
                                                 trigger.node().is_flow);
  result.insert(result.begin(), {"webhook", type_place, &value});
  return new_mapping(file, trigger.node().place, std::move(result));
}

}  // namespace

const YamlNode& webhook_of_path(YamlFile& file, const YamlNode& path, Place key_place) {
  return new_mapping(file, path.place, {{"webhook", key_place, &without_address(file, path)}});
}

const YamlNode* trigger_to_todays_form(YamlFile& file, const YamlNode& trigger,
                                       ProblemList& problems) {
  if (trigger.kind == YamlNode::Kind::kScalar) {
    return &new_mapping(file, trigger.place, {{"cron", trigger.place, &trigger}});
  }
  const Entry* type = nullptr;
  MappingEdit edit(file, trigger);
  if (trigger.kind == YamlNode::Kind::kMapping) type = edit.find("type");
  if (type == nullptr) return &trigger;
  const YamlNode& value = *type->value;
  const Place type_place = type->key_place;
  const bool is_text = value.kind == YamlNode::Kind::kScalar;
  // {type: cron, cron: "..."}: today's form, with a word too many.
  const bool is_named = is_text && edit.find(value.text) != nullptr;
  edit.remove("type");
  if (is_text && (value.text == "cron" || value.text == "crontab")) {
    edit.settle({"cron", "expression", "schedule"}, problems);
    return &edit.node();
  }
  if (is_named) return &edit.node();
  if (is_text && value.text == "webhook") return &typed_webhook(file, edit, type_place, problems);
  problems.add(
      value.place,
      "a trigger's 'type' is " + listed(kTypes, "or") +
          (is_text ? ", not " + quoted(value.text) + did_you_mean(value.text, kTypes) : ""));
  return nullptr;
}

void TaskTriggers::add(const YamlNode& value, const YamlNode* id) {
  const bool is_list = value.kind == YamlNode::Kind::kSequence;
  const std::vector<const YamlNode*> triggers =
      is_list ? value.items : std::vector<const YamlNode*>{&value};
  for (const YamlNode* written : triggers) {
    const YamlNode* trigger = trigger_to_todays_form(file_, *written, problems_);
    if (trigger == nullptr) continue;
    if (trigger->kind != YamlNode::Kind::kMapping) {
      problems_.add(trigger->place,
                    "a task's 'trigger' must be a mapping, a cron expression or a list of them");
    } else if (trigger->find(kTasks) != nullptr) {
      problems_.add(trigger->place,
                    "a task's own trigger starts that task; 'tasks' belongs to "
                    "the pipeline's 'triggers'");
    } else if (id != nullptr) {
      add_one(*trigger, *id);
    }
  }
}

void TaskTriggers::add_one(const YamlNode& trigger, const YamlNode& id) {
  const auto same = std::find_if(all_.begin(), all_.end(), [&](const Started& started) {
    return is_same_value(*started.trigger, trigger);
  });
  if (same != all_.end()) {
    if (same->ids.back() != &id) same->ids.push_back(&id);
  } else if (all_.size() <= limits::kTriggers) {  // one too many is enough for a problem
    all_.push_back({&trigger, {&id}});
  }
}

std::vector<const YamlNode*> TaskTriggers::take() {
  std::vector<const YamlNode*> result;
  for (const Started& started : all_) {
    const YamlNode& trigger = *started.trigger;
    YamlNode& ids = file_.nodes.emplace_back();
    ids.kind = YamlNode::Kind::kSequence;
    ids.is_flow = true;
    ids.place = trigger.place;
    for (const YamlNode* id : started.ids) {
      ids.items.push_back(&file_.nodes.emplace_back(*id));
      file_.nodes.back().place = trigger.place;
    }
    MappingEdit edit(file_, trigger);
    edit.append({std::string(kTasks), trigger.place, &ids});
    result.push_back(&edit.node());
  }
  all_.clear();
  return result;
}

bool is_same_value(const YamlNode& a, const YamlNode& b) {
  if (a.kind != b.kind || a.text != b.text || is_typed(a) != is_typed(b)) return false;
  return std::equal(a.items.begin(), a.items.end(), b.items.begin(), b.items.end(),
                    [](const YamlNode* x, const YamlNode* y) { return is_same_value(*x, *y); }) &&
         std::equal(a.entries.begin(), a.entries.end(), b.entries.begin(), b.entries.end(),
                    [](const Entry& x, const Entry& y) {
                      return x.key == y.key && is_same_value(*x.value, *y.value);
                    });
}

}  // namespace pawl::config
