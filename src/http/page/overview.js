// All pipelines with their next tick and last result, recent runs, and the sources.
import { get, post, segment } from "./api.js";
import { badge, linkRow, make, table } from "./dom.js";
import { duration, status, when } from "./format.js";
import { released } from "./pointer.js";

export function runRow(run) {
  return linkRow(`#/runs/${run.id}`,
    make("td", { class: "number" }, make("a", { href: `#/runs/${run.id}` }, run.id)),
    make("td", {}, run.pipeline),
    make("td", {}, status(run.status, run.reason)),
    make("td", {}, run.trigger.kind),
    make("td", { class: "number" }, when(run.created_at)),
    make("td", { class: "number" }, duration(run.duration_ms)),
    make("td", { class: "quiet" }, run.message));
}

export const runHeadings = ["Run", "Pipeline", "Status", "Trigger", "Accepted", "Took", ""];

function triggerText(trigger) {
  if (trigger.type === "webhook") return `webhook /hooks/${trigger.path}`;
  if (trigger.type === "pipeline") return `${trigger.on} of ${trigger.name}`;
  return trigger.timezone && trigger.timezone !== "UTC"
    ? `${trigger.expression} (${trigger.timezone})` : trigger.expression;
}

// What the host's policy has against a pipeline, or against its newest version.
export function refusalText({ state, refusal }) {
  return `${state === "refused" ? "refused by this host's policy" : "a newer version is refused by this host's policy"}: ${refusal.why}`;
}

function pipelineRow(pipeline) {
  const target = `#/pipelines/${segment(pipeline.name)}`;
  const last = pipeline.last_run;
  return linkRow(target,
    make("td", {}, make("a", { href: target }, pipeline.title || pipeline.name),
      pipeline.description && make("div", { class: "quiet" }, pipeline.description),
      pipeline.refusal && make("div", { class: "problem" }, refusalText(pipeline))),
    make("td", { class: "mono" }, pipeline.triggers.map((trigger) => make("div", {}, triggerText(trigger)))),
    make("td", { class: "number" }, pipeline.state === "refused" ? badge("refused") : pipeline.suspended ? badge("suspended")
      : pipeline.next_tick ? when(pipeline.next_tick) : "–"),
    make("td", {}, last ? [make("a", { href: `#/runs/${last.id}` }, status(last.status, last.reason)), " ",
      when(last.created_at)] : make("span", { class: "quiet" }, "never ran")));
}

function sourceBlock(source) {
  const state = source.error ? make("p", { class: "problem" }, source.error)
    : make("span", { class: "quiet" }, "revision ", make("code", {}, source.revision.slice(0, 12) || "none yet"),
      ", pulled ", when(source.pulled_at));
  const button = make("button", { type: "button", onclick: async () => {
    button.disabled = true;
    await post(`/sources/${segment(source.name)}/sync?wait=false`).catch(() => {});
    button.disabled = false;
  } }, "Sync");
  return make("div", {},
    make("div", { class: "head" }, make("b", {}, source.name), make("code", {}, source.url), state,
      make("div", { class: "actions" }, button)),
    source.problems.map((problem) => make("p", { class: "problem mono" }, problem.text)));
}

export class Overview {
  constructor() {
    this.element = make("div");
  }

  async load() {
    const [pipelines, runs, sources] = await Promise.all(
      [get("/pipelines"), get("/runs?limit=20"), get("/sources")]);
    await released();
    this.element.replaceChildren(
      make("h2", {}, "Pipelines"),
      table(["Name", "Triggers", "Next tick", "Last run"], pipelines.pipelines.map(pipelineRow),
        "No pipeline is in force yet. Name a source in the host config, and push a pipeline to it."),
      make("h2", {}, "Recent runs"),
      table(runHeadings, runs.runs.map(runRow), "Nothing has run yet."),
      make("h2", {}, "Sources"),
      ...(sources.sources.length ? sources.sources.map(sourceBlock)
        : [make("p", { class: "quiet" }, "The host config names no source.")]));
  }

  onChange(kind) {
    return kind !== "log" && kind !== "task";
  }

  close() {}
}
