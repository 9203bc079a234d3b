// The tasks' directories (process/records.h), and what they say of their tasks. Thread-safe: each change is one rename, or
// is made under the task's lock.
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "ports/container_engine.h"
#include "process/records.h"
#include "process/trash.h"

namespace pawl {

// A task's directory, open; it stays so whatever becomes of its name.
class TaskDirectory {
 public:
  TaskDirectory(std::string name, UniqueFd directory)
      : name_(std::move(name)), directory_(std::move(directory)) {}

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] int fd() const { return directory_.get(); }

  [[nodiscard]] Result<ProcessSpec> spec() const;
  [[nodiscard]] ContainerState::Phase phase() const;
  // Whom to ask to signal it; nothing before it runs, or where the record is damaged.
  [[nodiscard]] std::optional<RunRecord> run_record() const;
  [[nodiscard]] std::optional<EndRecord> end_record() const;
  [[nodiscard]] Result<ContainerState> state() const;

  // Whether a supervisor, or somebody who starts or removes it, has the lock.
  [[nodiscard]] bool is_locked() const;
  // kConflict: somebody has it.
  [[nodiscard]] Result<UniqueFd> lock() const;
  // From here on it is never startable again. With the lock held.
  [[nodiscard]] Result<void> mark_started() const;
  // The start has certainly not come about.
  void unmark_started() const;

 private:
  [[nodiscard]] bool has(const char* file) const;

  std::string name_;
  UniqueFd directory_;
};

class TaskStore {
 public:
  // `trash` must outlive the object.
  TaskStore(UniqueFd directory, Trash& trash) : directory_(std::move(directory)), trash_(trash) {}

  // kConflict: the name is taken.
  [[nodiscard]] Result<void> add(const std::string& name, const ProcessSpec& spec,
                                 const Variables& variables);
  // By name or id. kNotFound.
  [[nodiscard]] Result<TaskDirectory> find(const std::string& reference) const;
  [[nodiscard]] Result<std::vector<TaskDirectory>> all() const;
  [[nodiscard]] Result<void> rename(const std::string& name, const std::string& new_name);
  [[nodiscard]] Result<void> remove(const std::string& name);

 private:
  const UniqueFd directory_;
  Trash& trash_;
};

// Kills what is left of a task whose supervisor is gone: its control group's processes, and its session's, if the host has not
// been restarted. One that left both is not found.
void end_strays(const TaskDirectory& task);

}  // namespace pawl
