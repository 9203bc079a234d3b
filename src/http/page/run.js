// One run: its tasks as a graph, and the log of the chosen task as it grows.
import { get, post, segment } from "./api.js";
import { drawDag } from "./dag.js";
import { actionButton, badge, make, table } from "./dom.js";
import { bytes, duration, span, status, used, when } from "./format.js";
import { LogView } from "./log.js";
import { isHeld, released } from "./pointer.js";

// What somebody opens a run for: the first failure, else what runs, else the last task.
function interesting(tasks) {
  return (tasks.find((task) => task.status === "failed") ?? tasks.find((task) => task.status === "running")
    ?? tasks.findLast((task) => task.attempts.length > 0) ?? tasks[0])?.id;
}

function ended(run) {
  return !["pending", "running"].includes(run.status);
}

const stops = { cancel: "Cancelling…", timeout: "Timed out, ending…", replace: "Replaced, ending…" };

function cancelButton(run) {
  const button = actionButton(stops[run.stop] ?? "Cancel", "cancel", () => post(`/runs/${segment(run.id)}/cancel`));
  button.disabled = run.cancel_requested;
  return button;
}

function retryButton(run, failed) {
  return actionButton(failed ? "Retry failed" : "Retry", failed ? "retry-failed" : "retry", async () => {
    const started = await post(`/runs/${segment(run.id)}/retry`, { failed });
    location.hash = `#/runs/${started.run_id}`;
  });
}

function actions(run) {
  if (!ended(run)) return cancelButton(run);
  return [retryButton(run, false),
    run.status === "success" ? null : retryButton(run, true)];
}

function triggerText(trigger) {
  const parent = trigger.parent_run_id;
  return [trigger.kind, parent ? [trigger.kind === "retry" ? " of " : " after ",
    make("a", { href: `#/runs/${parent}` }, `run ${parent}`)] : "", trigger.actor ? ` by ${trigger.actor}` : ""];
}

export class RunView {
  constructor(id, task) {
    this.id = id;
    this.chosen = task ?? null;
    this.element = make("div");
    this.header = make("div");
    this.dag = make("div", { class: "dag" });
    this.tasks = make("div");
    this.logArea = make("div");
    this.element.append(this.header, make("h2", {}, "Tasks"), this.dag, this.logArea, this.tasks);
    this.log = null;
    this.logState = make("span");
  }

  async load() {
    const run = await get(`/runs/${segment(this.id)}`);
    await released();
    this.run = run;
    this.chosen ??= interesting(this.run.tasks);
    this.draw();
    if (this.chosen && this.log?.task !== this.chosen) this.openLog();
    else this.log?.view.update();
  }

  draw() {
    const run = this.run;
    this.header.replaceChildren(this.makeHeader(run));
    const focused = this.dag.contains(document.activeElement) ? document.activeElement.dataset.task : null;
    const hooks = run.tasks.filter((task) => task.hook);
    const graph = (tasks) => drawDag(tasks, this.chosen, (task) => this.choose(task));
    this.dag.replaceChildren(graph(run.tasks.filter((task) => !task.hook)),
      ...(hooks.length ? [make("h3", {}, "Hooks"), graph(hooks)] : []));
    if (focused) this.focusTask(focused);
    this.showLogState();
    this.tasks.replaceChildren(make("h2", {}, "Details"), table(
      ["Task", "Status", "Tries", "Took", "Caps", "Used", "Image", ""],
      run.tasks.map((task) => make("tr", { class: task.id === this.chosen ? "chosen" : null },
        make("td", {}, make("a", { href: `#/runs/${run.id}/${segment(task.id)}` }, task.id),
          task.hook ? [" ", badge(task.hook)] : ""),
        make("td", {}, status(task.status, task.reason)),
        make("td", { class: "number" }, String(task.attempts.length)),
        make("td", { class: "number" }, span(task.started_at, task.ended_at)),
        make("td", { class: "number" }, `${task.cpus} CPU, ${bytes(task.memory_bytes)}`),
        make("td", { class: "used" }, used(task.attempts.at(-1))),
        make("td", { class: "mono" }, task.image),
        make("td", { class: "quiet" }, task.message, task.retry_at ? [" – again ", when(task.retry_at)] : "",
          Object.entries(task.outputs ?? {}).map(([name, value]) => [" ", make("code", {}, `${name}=${value}`)]),
          task.attempts.some((attempt) => attempt.log_incomplete) ? [" ", badge("log incomplete")] : ""))), ""));
  }

  makeHeader(run) {
    const params = Object.entries(run.params ?? {});
    const title = make("a", { href: `#/pipelines/${segment(run.pipeline)}` }, run.pipeline);
    return make("div", {},
      make("div", { class: "head" }, make("h1", {}, title, ` run ${run.id}`), status(run.status, run.reason),
        make("div", { class: "actions" }, actions(run))),
      run.message ? make("p", { class: run.status === "failed" ? "problem" : "quiet" }, run.message) : null,
      make("ul", { class: "facts" },
        make("li", {}, make("b", {}, "trigger"), triggerText(run.trigger)),
        make("li", {}, make("b", {}, "accepted"), when(run.created_at)),
        make("li", {}, make("b", {}, "took"), ended(run) ? duration(run.duration_ms) : span(run.started_at, null)),
        make("li", {}, make("b", {}, "revision"), make("code", {}, run.revision.slice(0, 12))),
        params.map(([name, value]) => make("li", {}, make("b", {}, name), make("code", {}, value)))));
  }

  choose(task) {
    // Without an entry in the history for each look at a log.
    history.replaceState(null, "", `#/runs/${segment(this.id)}/${segment(task)}`);
    this.chosen = task;
    this.draw();
    this.openLog();
    this.focusTask(task);
  }

  focusTask(task) {
    this.dag.querySelector(`[data-task="${CSS.escape(task)}"]`)?.focus({ preventScroll: true });
  }

  openLog() {
    this.log?.view.close();
    const task = this.run.tasks.find((candidate) => candidate.id === this.chosen);
    const view = new LogView(this.id, this.chosen);
    this.log = { task: this.chosen, view };
    const attempts = task?.attempts ?? [];
    const select = attempts.length > 1 ? make("select", { "aria-label": "attempt", onchange: (event) => {
      view.show(Number(event.target.value));
      this.showLogState();
    } }, attempts.map((attempt) => make("option",
      { value: attempt.number, selected: attempt === attempts.at(-1) },
      `try ${attempt.number}: ${attempt.status}`))) : null;
    this.logArea.replaceChildren(make("div", { class: "tools" }, make("h2", {}, `Log of ${this.chosen}`), select,
      this.logState), view.element);
    if (attempts.length > 0) view.show(null);
    else view.element.append(make("div", { class: "pawl" }, "no container has been started yet"));
    this.showLogState();
  }

  // Of the attempt whose log is shown: how it ended, what it used, and whether some of the log is known to be missing.
  showLogState() {
    const attempts = this.run.tasks.find((task) => task.id === this.chosen)?.attempts ?? [];
    const number = this.log?.view.attempt ?? attempts.at(-1)?.number;
    const attempt = attempts.find((candidate) => candidate.number === number);
    const exit = Number.isInteger(attempt?.exit_code) ? `exit code ${attempt.exit_code}` : "";
    this.logState.replaceChildren(
      make("span", { class: "quiet attempt" }, [exit, used(attempt)].filter(Boolean).join(", ")), " ",
      attempt?.log_incomplete ? badge("log incomplete") : "");
  }

  onChange(kind, data) {
    if (kind === "log" && data.run_id === this.id) {
      if (this.run?.tasks[data.task]?.id === this.chosen) this.log?.view.update();
      return false;
    }
    return kind === "gap" || ((kind === "run" || kind === "task") && data.run_id === this.id);
  }

  // A run under way shows how long it takes.
  onTick() {
    if (this.run && !ended(this.run) && !isHeld()) this.draw();
  }

  close() {
    this.log?.view.close();
  }
}
