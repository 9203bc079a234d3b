// The parts of TaskRunner that deal with what the container sees besides its image: workspace, secrets, output.
#include <utility>

#include "exec/container_spec.h"
#include "exec/output_values.h"
#include "exec/secret_patterns.h"
#include "exec/task_runner.h"
#include "exec/text.h"
#include "model/limits.h"

namespace pawl {

TaskRunner::Step TaskRunner::prepare_files() {
  files_.clear();
  secrets_.clear();
  if (!task_.outputs.empty()) {
    const auto file = parts_.files.make_output(order_.key);
    if (!file) {
      return not_started(Reason::kEngine,
                         "the file for its outputs cannot be made: " + file.error().text());
    }
    files_.push_back(file_mount(*file, std::string(kOutputPath), false));
  }
  for (std::size_t i = 0; i < task_.secrets.size(); ++i) {
    if (const Step step = prepare_secret(i); step != Step::kDone) return step;
  }
  hide_secrets();
  return Step::kDone;
}

void TaskRunner::hide_secrets() {
  secrets_known_ = true;
  const SecretPatterns found = secret_patterns(hidden_);
  log_.hide(found.patterns);
  for (const std::size_t i : found.plain_only) {
    log_.note("secret '" + hidden_names_[i] +
              "' is large: where the output shows it encoded, it is not blotted out");
  }
  hidden_.clear();
  hidden_names_.clear();
}

void TaskRunner::learn_secrets() {
  if (secrets_known_) return;
  for (std::size_t i = 0; i < task_.secrets.size(); ++i) {
    const SecretUse& use = task_.secrets[i];
    const auto now = parts_.read_secret(use.name);
    const auto then = parts_.files.read_secret(order_.key, i);
    const auto hide = [&](const std::string& value) {
      hidden_.push_back(value);
      hidden_names_.push_back(use.name);
    };
    if (now) hide(*now);
    if (then && !(now && *now == *then)) hide(*then);
    if (now || then) continue;
    log_.note("secret '" + use.name + "' cannot be read any more (" + now.error().text() +
              "): where the output shows it, it is not blotted out");
  }
  hide_secrets();
}

TaskRunner::Step TaskRunner::prepare_secret(std::size_t number) {
  const SecretUse& use = task_.secrets[number];
  auto value = parts_.read_secret(use.name);
  if (!value) {
    return not_started(Reason::kPolicy, "secret '" + use.name + "' cannot be read (" +
                                            value.error().text() +
                                            "); it is a file that this host has to have there");
  }
  hidden_.push_back(*value);
  hidden_names_.push_back(use.name);
  if (use.env.empty()) {
    const auto file = parts_.files.write_secret(order_.key, number, *value);
    if (!file) {
      return not_started(Reason::kEngine, "secret '" + use.name +
                                              "' cannot be put where its container finds it: " +
                                              file.error().text());
    }
    files_.push_back(file_mount(*file, use.file, true));
    return Step::kDone;
  }
  // Editors and `echo` end a file with a newline that is not part of the secret. A file is handed on as it is: a
  // private key without its last newline is none.
  while (value->ends_with('\n') || value->ends_with('\r')) value->pop_back();
  if (value->empty()) {
    return not_started(Reason::kPolicy, "secret '" + use.name + "' is empty on this host");
  }
  if (!is_text(*value)) {
    return not_started(Reason::kPolicy,
                       "secret '" + use.name +
                           "' cannot be an environment variable, for it is no UTF-8 text without "
                           "zero bytes; hand it to the task as a file");
  }
  secrets_.emplace_back(use.env, std::move(*value));
  return Step::kDone;
}

TaskRunner::Step TaskRunner::enter_sandbox() {
  const auto place = ask<Sandboxes::Place>(
      [this](const std::stop_token& stop) { return parts_.sandboxes.enter(order_, stop); });
  if (place) {
    place_ = *place;
    return Step::kDone;
  }
  if (place.error().kind == ErrorKind::kCancelled) return interrupted();
  return not_started(Reason::kEngine, "its workspace cannot be made: " + place.error().message);
}

void TaskRunner::take_outputs() {
  if (task_.outputs.empty()) return;
  const auto text = parts_.files.read_output(order_.key);
  if (!text) {
    log_.note("what it wrote to $PAWL_OUTPUT is not taken: " + text.error().message);
    return;
  }
  OutputValues output = parse_output(*text, task_.outputs);
  for (const std::string& note : output.notes) log_.note(note);
  for (auto& [name, value] : output.values) {
    std::string redacted = log_.redacted(value);
    if (redacted == value) continue;
    log_.note("output '" + name + "' holds a secret, which is blotted out");
    value = std::move(redacted);
  }
  outcome_.outputs = std::move(output.values);
}

}  // namespace pawl
