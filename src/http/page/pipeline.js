// One pipeline: what it is, when it runs next, its runs, and a form to run it now.
import { get, post, segment } from "./api.js";
import { actionButton, badge, make, table } from "./dom.js";
import { duration, when } from "./format.js";
import { released } from "./pointer.js";
import { refusalText, runHeadings, runRow } from "./overview.js";

function field(param) {
  const id = `param-${param.name}`;
  const label = make("label", { for: id }, param.name);
  const fallback = param.default ?? "";
  const choices = param.type === "boolean" ? ["true", "false"] : param.enum ?? [];
  if (choices.length === 0) {
    return [label, make("input", { id, type: "text", name: param.name, value: fallback })];
  }
  return [label, make("select", { id, name: param.name }, choices.map((value) =>
    make("option", { value, selected: value === fallback }, value)))];
}

function runForm(pipeline) {
  const message = make("p", { class: "problem", role: "alert" });
  // One key for one press: a request that is repeated after a lost answer makes no second run.
  const button = make("button", { type: "submit" }, "Run now");
  return make("form", { onsubmit: async (event) => {
    event.preventDefault();
    button.disabled = true;
    message.textContent = "";
    try {
      const params = Object.fromEntries(new FormData(event.target));
      const run = await post(`/pipelines/${segment(pipeline.name)}/runs`, { params });
      location.hash = `#/runs/${run.run_id}`;
    } catch (error) {
      message.textContent = error.message;
      button.disabled = false;
    }
  } },
  pipeline.params?.length ? make("div", { class: "params" }, pipeline.params.map(field)) : null,
  button, message);
}

function concurrencyText({ group, limit, on_conflict: conflict }) {
  return `${limit} at a time in ${group}, then ${conflict}`;
}

function hostsText({ names, labels }) {
  return [...names, ...Object.entries(labels).map(([name, value]) => `${name}: ${value}`)].join(", ");
}

function taskCount(tasks) {
  const hooks = tasks.filter((task) => task.hook).length;
  return `${tasks.length - hooks}${hooks ? ` and ${hooks} in hooks` : ""}`;
}

export class PipelineView {
  constructor(name) {
    this.name = name;
    this.element = make("div");
    this.form = null;
  }

  async load() {
    const [pipeline, runs] = await Promise.all([get(`/pipelines/${segment(this.name)}`),
      get(`/runs?limit=30&pipeline=${segment(this.name)}`)]);
    await released();
    // Kept over reloads: nobody's half-filled form is thrown away because a run ended.
    this.form ??= runForm(pipeline);
    const origin = pipeline.origin ?? {};
    this.element.replaceChildren(
      make("div", { class: "head" }, make("h1", {}, pipeline.title || pipeline.name),
        pipeline.suspended ? badge("suspended") : null,
        make("div", { class: "actions" }, this.suspendButton(pipeline))),
      pipeline.description ? make("p", { class: "quiet" }, pipeline.description) : "",
      pipeline.refusal ? make("p", { class: "problem" }, refusalText(pipeline)) : "",
      make("ul", { class: "facts" },
        make("li", {}, make("b", {}, "from"), make("code", {}, `${origin.source ?? ""}: ${origin.file ?? ""}`)),
        make("li", {}, make("b", {}, "revision"), make("code", {}, (origin.revision ?? "").slice(0, 12))),
        make("li", {}, make("b", {}, "tasks"), taskCount(pipeline.tasks)),
        pipeline.hosts ? make("li", {}, make("b", {}, "hosts"), hostsText(pipeline.hosts)) : null,
        pipeline.concurrency ? make("li", {}, make("b", {}, "concurrency"), concurrencyText(pipeline.concurrency)) : null,
        make("li", {}, make("b", {}, "priority"), String(pipeline.priority)),
        pipeline.timeout_ms ? make("li", {}, make("b", {}, "timeout"), duration(pipeline.timeout_ms)) : null,
        pipeline.suspended ? make("li", {}, make("b", {}, "suspended"), when(pipeline.suspended.since),
          pipeline.suspended.actor ? ` by ${pipeline.suspended.actor}` : "") : null,
        pipeline.next_ticks?.length ? make("li", {}, make("b", {}, "next"),
          pipeline.next_ticks.slice(0, 3).flatMap((tick, index) => [index ? ", " : "", when(tick)])) : null),
      this.form,
      make("h2", {}, "Runs"),
      table(runHeadings, runs.runs.map(runRow), "It has not run yet."));
  }

  suspendButton(pipeline) {
    const verb = pipeline.suspended ? "resume" : "suspend";
    return actionButton(pipeline.suspended ? "Resume" : "Suspend", verb, async () => {
      await post(`/pipelines/${segment(this.name)}/${verb}`);
      await this.load();
    });
  }

  onChange(kind, data) {
    return kind === "pipelines" || kind === "gap" || (kind === "run" && data.name === this.name);
  }

  close() {}
}
