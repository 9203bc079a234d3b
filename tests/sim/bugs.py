#!/usr/bin/env python3
"""Deliberate bugs of the core that the simulator must find, one build flag each; production code has none of them.

    bugs.py list                        prints `NAME FILE` for each
    bugs.py generate FILE INPUT OUTPUT  copies src/core/FILE, each place as `#ifdef PAWL_BUG_NAME` bug `#else` as it is

A place is found by its exact text, which must occur once: when the core changes there, the build fails until the
bug is fitted to it, so that the table cannot rot.
"""

import sys
from pathlib import Path
from typing import NamedTuple


class Bug(NamedTuple):
    name: str
    file: str
    text: str  # whole lines
    instead: str


BUGS = [
    Bug("AHEAD_OF_CHANGING_ORDER", "ahead.cpp",
        "  if (!is_main(run, index) || !is_settled(run.definition->tasks[index])) return;\n",
        "  if (!is_main(run, index) || is_settled(run.definition->tasks[index])) return;\n"),
    Bug("AHEAD_WITHOUT_BOUND", "ahead.cpp",
        "  const auto is_full = [&] { return state.ahead.size() >= state.settings.workers; };\n",
        "  const auto is_full = [&] { return state.ahead.size() > state.settings.workers; };\n"),
    Bug("AHEAD_LEFT_BEHIND", "readiness.cpp",
        "  drop_ahead(context, ref_of(run, index));\n",
        ""),
    Bug("AHEAD_REMOVED_BEFORE_ITS_START", "ahead.cpp",
        "  context.state.ahead.insert_or_assign({key.run, key.task}, key.attempt);\n  return true;\n",
        "  return false;\n"),
    Bug("SLOT_LEAKS_ON_RETRY", "progress.cpp",
        "  --context.state.slots_used;\n",
        "  if (!may_retry(definition.retries, attempt)) --context.state.slots_used;\n"),
    Bug("TIMER_NOT_DISARMED", "progress.cpp",
        "  disarm(context, task.deadline, Timer::Kind::kAttempt, ref_of(*run, index));\n",
        ""),
    Bug("CANCEL_FORGETS_WAITING_TASKS", "progress.cpp",
        "      finish_task(context, run, index, Status::kCancelled, reason, \"\");\n",
        "      (void)reason;\n"),
    Bug("STALE_REPORT_ACCEPTED", "progress.cpp",
        "  return task.live && task.live->key == key ? &run->second : nullptr;\n",
        "  return task.live ? &run->second : nullptr;\n"),
    Bug("RETRIED_AFTER_STOP", "progress.cpp",
        "  if (stop_of(*run, index) != StopCause::kNone) {\n",
        "  if (stop_of(*run, index) != StopCause::kNone && !may_retry(definition.retries, attempt)) {\n"),
    Bug("HOOKS_STOPPED_WITH_RUN", "progress.cpp",
        "  if (is_main(run, index)) return cause_of(run.run.stop);\n",
        "  if (index < run.tasks.size()) return cause_of(run.run.stop);\n"),
    Bug("OUTPUTS_LOST", "progress.cpp",
        "    task.state.outputs = event.outcome.outputs;\n",
        ""),
    Bug("GRACE_OF_ITS_OWN_IGNORED", "progress.cpp",
        "      context.mono.plus_ms(run.definition->tasks[index].kill_grace_ms));\n",
        "      context.mono.plus_ms(limits::kKillGraceMs));\n"),
    Bug("HOOKS_OPENED_EARLY", "readiness.cpp",
        "    if (run.unfinished_main == 0 && !run.hooks_open) open_hooks(context, run);\n",
        "    if (!run.hooks_open) open_hooks(context, run);\n"),
    Bug("HOOKS_ANSWER_EVERY_END", "readiness.cpp",
        "    if (answers(task_of(run, index).hook, end)) {\n",
        "    if (answers(Hook::kOnExit, end)) {\n"),
    Bug("FAILURE_LOST_ON_THE_WAY", "readiness.cpp",
        "  return failure ? Outcome::kFailed : Outcome::kSkipped;\n",
        "  return failure ? Outcome::kSkipped : Outcome::kSkipped;\n"),
    Bug("CONDITION_IGNORED", "readiness.cpp",
        "  if (!*condition) {\n",
        "  if (false) {\n"),
    Bug("ONE_SUCCESS_WAITS_FOR_ALL", "trigger_rule.cpp",
        "      return one_of(upstream.success > 0, upstream);\n",
        "      return one_of(upstream.success > 0 && upstream.open == 0, upstream);\n"),
    Bug("ALLOWED_FAILURE_FAILS_RUN", "verdict.cpp",
        "    const bool counts = state.status == Status::kFailed && !definition.allow_failure;\n",
        "    const bool counts = state.status == Status::kFailed;\n"),
    Bug("KILLED_ONCE_ONLY", "progress.cpp",
        "      arm(context, task.deadline, Timer::Kind::kAttempt, timer.task,\n"
        "          context.mono.plus_ms(limits::kKillRepeatMs));\n",
        ""),
    Bug("STARTED_ON_FULL_DISK", "progress.cpp",
        "  if (state.ends_only) return;\n",
        ""),
    Bug("LIVE_CONTAINER_REMOVED", "progress.cpp",
        "    if (find_live(context.state, container.key) == nullptr && !keep_ahead(context, container.key)) {\n",
        "    if (!keep_ahead(context, container.key)) {\n"),
    Bug("ENGINE_NOT_REMEMBERED", "progress.cpp",
        "  task.live->boot_id = context.state.settings.boot_id;\n"
        "  task.live->engine = event.engine;\n",
        "  task.live->boot_id = context.state.settings.boot_id;\n"),
    Bug("TIMEOUT_FORGOTTEN_BY_RECOVERY", "recovery.cpp",
        "    if (started) arm_timeout(context, run, index);\n",
        ""),
    Bug("RUN_TIMEOUT_FORGOTTEN_BY_RECOVERY", "recovery.cpp",
        "  if (run.run.started_at.is_set()) {\n",
        "  if (false) {\n"),
    Bug("REBOOTED_HOST_BELIEVED", "recovery.cpp",
        "    order.rebooted = !boot.empty() && !task.live->boot_id.empty() && "
        "task.live->boot_id != boot;\n",
        "    (void)boot;\n"),
    Bug("IDENTITY_NOT_SAVED", "triggers.cpp",
        "    context.emit(SaveTrigger{run.run.pipeline, identity, id});\n",
        "    (void)identity;\n"),
    Bug("RETRY_RUNS_ALL_AGAIN", "triggers.cpp",
        "    } else if (draft.failed_only && before.status == Status::kSuccess) {\n",
        "    } else if (draft.failed_only && before.status == Status::kFailed) {\n"),
    Bug("STARTS_IGNORED", "triggers.cpp",
        "  if (draft.starts.empty() || is_final(run.run.status)) return;\n",
        "  if (draft.starts.empty() || !draft.starts.empty()) return;\n"),
    Bug("BURST_AFTER_RESUME", "triggers.cpp",
        "      entry->second.mark = std::max(entry->second.mark, context.wall);\n",
        ""),
    Bug("GROUP_LIMIT_OFF_BY_ONE", "groups.cpp",
        "  return limit > group.admitted.size() ? limit - group.admitted.size() : 0;\n",
        "  return limit + 1 > group.admitted.size() ? limit + 1 - group.admitted.size() : 0;\n"),
    Bug("REPLACE_FORGETS_QUEUED_RUNS", "groups.cpp",
        "  for (const Group::Waiting& waiting : group.waiting) others.push_back(waiting.second);\n",
        ""),
    Bug("PRIORITY_IGNORED", "ready_queue.cpp",
        "  const Rank next = *ranks_.begin();\n",
        "  Rank next = *ranks_.begin();\n"
        "  for (const Rank& rank : ranks_) {\n"
        "    if (std::pair(rank.slots, rank.first) < std::pair(next.slots, next.first)) next = rank;\n"
        "  }\n"),
    Bug("FAIRNESS_IGNORED", "ready_queue.cpp",
        "  return Rank{limits::kPriorityMax - queue.first, slots_of(queue.second), *tasks.begin(),\n",
        "  return Rank{limits::kPriorityMax - queue.first, 0u * slots_of(queue.second), *tasks.begin(),\n"),
    Bug("TICK_RUN_TWICE", "schedule.cpp",
        "    if (!tick.existing || tick.interval) accept_tick(context, tick);\n",
        "    accept_tick(context, tick);\n"),
    Bug("MARK_WITHOUT_RUN", "schedule.cpp",
        "    entry->second.mark = std::max(entry->second.mark, tick.at);\n",
        "    entry->second.mark = std::max(entry->second.mark, tick.at);\n"
        "    if (tick.missed) continue;\n"),
    Bug("FUTURE_POISONED", "schedule.cpp",
        "    if (entry.mark.ms - context.wall.ms > limits::kClockBackMs) ahead.push_back(name);\n",
        ""),
    Bug("CLOCK_NOT_WAITED_FOR", "schedule.cpp",
        "    state.clock_trusted =\n"
        "        synchronised || context.wall >= state.clock_floor || "
        "context.mono >= state.clock_wait_end;\n",
        "    (void)synchronised;\n"
        "    state.clock_trusted = true;\n"),
    Bug("JUMP_CAUGHT_UP", "schedule.cpp",
        "    const bool all = cron.catchup == Catchup::kAll && !jumped_;\n",
        "    const bool all = cron.catchup == Catchup::kAll && (!jumped_ || jumped_);\n"),
    Bug("CANCELLED_RUN_NOT_FOLLOWED", "chains.cpp",
        "             status == Status::kCancelled;\n",
        "             false;\n"),
    Bug("CIRCLE_NOT_SEEN", "chains.cpp",
        "  if (next == ended.pipeline || comes_after(state.pipelines, ended.pipeline, next, budget)) {\n",
        "  if (next == ended.pipeline && comes_after(state.pipelines, ended.pipeline, next, budget)) {\n"),
]


def generate(file: str, original: str) -> str:
    source = original
    for bug in BUGS:
        if bug.file != file:
            continue
        # In the core itself: another bug's text may look the same.
        if original.count(bug.text) != 1 or source.count(bug.text) != 1 or not bug.text.endswith("\n"):
            sys.exit(f"tests/sim/bugs.py: {bug.name}: its text occurs {original.count(bug.text)} times in "
                     f"src/core/{file}; fit the bug to the core as it is")
        source = source.replace(
            bug.text, f"#ifdef PAWL_BUG_{bug.name}\n{bug.instead}#else\n{bug.text}#endif\n")
    return source


def main() -> None:
    if sys.argv[1:] == ["list"]:
        print("\n".join(f"{bug.name} {bug.file}" for bug in BUGS))
        return
    _, command, file, source, target = sys.argv
    assert command == "generate"
    Path(target).write_text(generate(file, Path(source).read_text()))


if __name__ == "__main__":
    main()
