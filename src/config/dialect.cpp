// Problem: SPEC's older dialects spell the same things in other keys, nest them elsewhere, and name
// tasks by titles that other tasks then refer to.
//
// Approach: rewrite the tree, outermost first: the wrapper, the pipeline's own keys, then the tasks
// (whose ids must all be known before a reference can be followed), then the triggers, some of
// which come from tasks. A node is copied only where something changes, so a document in today's
// form comes out as the same node, which is how `pawl validate --migrate` knows one.
//
// Rejected: readers that take both forms (each later key would have to be thought of twice, and
// --migrate would need the rewriting all the same).
#include "config/dialect.h"

#include <algorithm>
#include <array>
#include <string>
#include <unordered_map>
#include <vector>

#include "config/dialect_trigger.h"
#include "config/mapping_edit.h"
#include "config/names.h"
#include "config/wording.h"
#include "model/pipeline.h"

namespace pawl::config {
namespace {

using Entry = YamlNode::Entry;
using Kind = YamlNode::Kind;

constexpr std::array<std::string_view, 5> kTaskLists = {"tasks", "on_success", "on_failure",
                                                        "on_cancel", "on_exit"};
constexpr std::array<std::string_view, 3> kResources = {"cpu", "cpus", "memory"};

class Rewriting {
 public:
  Rewriting(YamlFile& file, ProblemList& problems)
      : file_(file), problems_(problems), task_triggers_(file, problems) {}

  const YamlNode& pipeline(const YamlNode& document) {
    MappingEdit edit(file_, unwrapped(document));
    edit.settle({"name", "id"}, problems_);
    single_task(edit);
    defaults(edit);
    for (std::string_view list : kTaskLists) {
      if (const Entry* entry = edit.find(list)) edit.set(list, tasks(*entry->value, list));
    }
    triggers(edit);
    // Display names may be referred to from above the task: only now all are known.
    for (std::string_view list : kTaskLists) {
      if (const Entry* entry = edit.find(list))
        edit.set(list, referring(*entry->value, "depends_on"));
    }
    if (const Entry* entry = edit.find("triggers")) {
      edit.set("triggers", referring(*entry->value, "tasks"));
    }
    return edit.node();
  }

 private:
  [[nodiscard]] bool expect_mapping(const Entry& entry, std::string_view hint = "") {
    if (entry.value->kind == Kind::kMapping) return true;
    problems_.add(entry.value->place,
                  "'" + entry.key + "' must be a mapping (key: value)" + std::string(hint));
    return false;
  }

  // `pipeline: {...}` around the document; keys beside it count as if they were in it.
  const YamlNode& unwrapped(const YamlNode& document) {
    MappingEdit edit(file_, document);
    const Entry* wrapper = edit.find("pipeline");
    if (wrapper == nullptr) return document;
    std::vector<Entry> inner;
    if (expect_mapping(*wrapper)) inner = wrapper->value->entries;
    std::size_t at = edit.position("pipeline");
    edit.remove("pipeline");
    for (Entry& entry : inner) {
      if (const Entry* beside = edit.find(entry.key)) {
        problems_.add(entry.key_place, "key " + quoted(entry.key) +
                                           " is given twice, in 'pipeline' and beside it in line " +
                                           std::to_string(beside->key_place.line));
      } else {
        edit.insert(at++, std::move(entry));
      }
    }
    return edit.node();
  }

  // `task: {...}` instead of a list. With one task one name is enough for it and its pipeline.
  void single_task(MappingEdit& pipeline) {
    const Entry* found = pipeline.find("task");
    if (found == nullptr) return;
    const Entry task = *found;
    const bool is_mapping = expect_mapping(task, "; a list of tasks is called 'tasks'");
    if (const Entry* tasks = pipeline.find("tasks")) report_synonyms(task, *tasks, problems_);
    if (!is_mapping || pipeline.find("tasks") != nullptr) return pipeline.remove("task");
    MappingEdit edit(file_, *task.value);
    edit.settle({"id", "name"}, problems_);
    const Entry* id = edit.find("id");
    const Entry* name = pipeline.find("name");
    if (id == nullptr && name != nullptr) {
      edit.insert(0, {"id", name->key_place, name->value});
    } else if (id != nullptr && name == nullptr) {
      pipeline.insert(0, {"name", id->key_place, id->value});
    }
    YamlNode& list = file_.nodes.emplace_back();
    list.kind = Kind::kSequence;
    list.place = task.value->place;
    list.items = {&edit.node()};
    pipeline.set("task", list);
    pipeline.rename("task", "tasks");
  }

  // The pipeline's own image becomes that of `defaults`.
  void defaults(MappingEdit& pipeline) {
    if (const Entry* own = pipeline.find("defaults");
        own != nullptr && own->value->kind == Kind::kMapping) {
      MappingEdit edit(file_, *own->value);
      resources(edit);
      pipeline.set("defaults", edit.node());
    }
    const Entry* found = pipeline.find("image");
    if (found == nullptr) return;
    const Entry image = *found;
    const Entry* own = pipeline.find("defaults");
    if (own == nullptr) {
      YamlNode& mapping = file_.nodes.emplace_back();
      mapping.kind = Kind::kMapping;
      mapping.place = image.key_place;
      mapping.entries = {image};
      pipeline.set("image", mapping);
      return pipeline.rename("image", "defaults");
    }
    pipeline.remove("image");
    own = pipeline.find("defaults");
    if (own->value->kind != Kind::kMapping) return;  // a problem of its own
    MappingEdit edit(file_, *own->value);
    if (const Entry* other = edit.find("image")) {
      problems_.add(image.key_place, "'image' means the same as defaults.image in line " +
                                         std::to_string(other->key_place.line) + ", column " +
                                         std::to_string(other->key_place.column) +
                                         "; leave one of them out");
    } else {
      edit.insert(0, image);
    }
    pipeline.set("defaults", edit.node());
  }

  // `resources: {cpu, cpus, memory}` of a task or of `defaults`.
  void resources(MappingEdit& settings) {
    const Entry* found = settings.find("resources");
    if (found == nullptr) return;
    const Entry entry = *found;
    std::size_t at = settings.position("resources");
    settings.remove("resources");
    if (!expect_mapping(entry)) return;
    for (Entry resource : entry.value->entries) {
      const std::string written = "resources." + resource.key;
      if (resource.key == "cpu") resource.key = "cpus";
      if (resource.key != "cpus" && resource.key != "memory") {
        problems_.add(resource.key_place, "unknown key " + quoted(resource.key) +
                                              " in resources; it has " + listed(kResources));
      } else if (const Entry* own = settings.find(resource.key)) {
        report_synonyms({written, resource.key_place, nullptr}, *own, problems_);
      } else {
        settings.insert(at++, std::move(resource));
      }
    }
  }

  const YamlNode& tasks(const YamlNode& list, std::string_view key) {
    if (list.kind != Kind::kSequence) return list;
    std::vector<const YamlNode*> items;
    items.reserve(list.items.size());
    for (const YamlNode* item : list.items) {
      items.push_back(item->kind == Kind::kMapping ? &task(*item, key == "tasks") : item);
    }
    return with_items(file_, list, std::move(items));
  }

  const YamlNode& task(const YamlNode& written, bool may_have_trigger) {
    MappingEdit edit(file_, written);
    edit.settle({"id", "name"}, problems_);
    edit.settle({"depends_on", "dependencies", "depends", "needs"}, problems_);
    resources(edit);
    if (const Entry* id = edit.find("id")) edit.set("id", slugged(*id->value));
    if (const Entry* trigger = edit.find("trigger"); trigger != nullptr && may_have_trigger) {
      const Entry* id = edit.find("id");
      task_triggers_.add(*trigger->value, id == nullptr ? nullptr : id->value);
      edit.remove("trigger");
    }
    return edit.node();
  }

  // The id that a display name gives; other texts stay.
  const YamlNode& slugged(const YamlNode& id) {
    if (id.kind != Kind::kScalar || is_valid_name(id.text)) return id;
    std::string text = slug(id.text);
    if (text.empty()) return id;
    YamlNode& result = file_.nodes.emplace_back(id);
    result.text = text;
    result.text_place = {};
    ids_.emplace(id.text, std::move(text));
    return result;
  }

  // Tasks or triggers, in whose `key` the display names of tasks became their ids.
  const YamlNode& referring(const YamlNode& list, std::string_view key) {
    if (list.kind != Kind::kSequence || ids_.empty()) return list;
    std::vector<const YamlNode*> items;
    items.reserve(list.items.size());
    for (const YamlNode* item : list.items) {
      MappingEdit edit(file_, referring_mapping(*item, key));
      if (const Entry* webhook = edit.find("webhook")) {
        edit.set("webhook", referring_mapping(*webhook->value, key));
      }
      items.push_back(&edit.node());
    }
    return with_items(file_, list, std::move(items));
  }

  const YamlNode& referring_mapping(const YamlNode& mapping, std::string_view key) {
    MappingEdit edit(file_, mapping);
    if (const Entry* names = edit.find(key)) edit.set(key, followed(*names->value));
    return edit.node();
  }

  const YamlNode& followed(const YamlNode& names) {
    if (names.kind == Kind::kScalar) {
      const auto id = ids_.find(names.text);
      if (id == ids_.end()) return names;
      YamlNode& result = file_.nodes.emplace_back(names);
      result.text = id->second;
      result.text_place = {};
      return result;
    }
    if (names.kind != Kind::kSequence) return names;
    std::vector<const YamlNode*> items;
    for (const YamlNode* item : names.items) {
      items.push_back(item->kind == Kind::kScalar ? &followed(*item) : item);
    }
    return with_items(file_, names, std::move(items));
  }

  // Those of `triggers`, then `schedule` and `webhook_path`, then those of the tasks.
  void triggers(MappingEdit& pipeline) {
    std::vector<const YamlNode*> all;
    const Entry* entry = pipeline.find("triggers");
    const YamlNode* own = entry == nullptr ? nullptr : entry->value;
    const bool is_list = own != nullptr && own->kind == Kind::kSequence;
    if (is_list) {
      for (const YamlNode* item : own->items) {
        const bool may_be_typed = item->kind == Kind::kMapping;
        if (may_be_typed) item = trigger_to_todays_form(file_, *item, problems_);
        if (item != nullptr) all.push_back(item);
      }
    }
    // Where they go if there is no list yet.
    std::size_t at = std::min(pipeline.position("schedule"), pipeline.position("webhook_path"));
    const bool is_above = at < pipeline.node().entries.size();
    Place place;
    if (is_above) place = pipeline.node().entries[at].key_place;
    take_schedule(pipeline, all);
    take_webhook_path(pipeline, all);
    for (const YamlNode* trigger : task_triggers_.take()) all.push_back(trigger);
    if (is_list) return pipeline.set("triggers", with_items(file_, *own, std::move(all)));
    if (own != nullptr || all.empty()) return;
    if (!is_above) {
      at = pipeline.position("tasks");
      place = all.front()->place;
    }
    YamlNode& list = file_.nodes.emplace_back();
    list.kind = Kind::kSequence;
    list.place = place;
    list.items = std::move(all);
    pipeline.insert(at, {"triggers", place, &list});
  }

  void take_schedule(MappingEdit& pipeline, std::vector<const YamlNode*>& all) {
    const Entry* schedule = pipeline.find("schedule");
    if (schedule == nullptr) return;
    const YamlNode& value = *schedule->value;
    const bool is_sequence = value.kind == Kind::kSequence;
    for (const YamlNode* item : is_sequence ? value.items : std::vector<const YamlNode*>{&value}) {
      if (item->kind == Kind::kMapping || item->kind == Kind::kScalar) {
        if (const auto* trigger = trigger_to_todays_form(file_, *item, problems_)) {
          all.push_back(trigger);
        }
      } else {
        problems_.add(item->place, "'schedule' must be a cron expression or a list of them");
      }
    }
    pipeline.remove("schedule");
  }

  void take_webhook_path(MappingEdit& pipeline, std::vector<const YamlNode*>& all) {
    const Entry* path = pipeline.find("webhook_path");
    if (path == nullptr) return;
    all.push_back(&webhook_of_path(file_, *path->value, path->key_place));
    pipeline.remove("webhook_path");
  }

  YamlFile& file_;
  ProblemList& problems_;
  TaskTriggers task_triggers_;
  std::unordered_map<std::string, std::string> ids_;  // by display name
};

}  // namespace

const YamlNode& to_todays_form(YamlFile& file, const YamlNode& document, ProblemList& problems) {
  if (document.kind != YamlNode::Kind::kMapping) return document;
  return Rewriting(file, problems).pipeline(document);
}

}  // namespace pawl::config
