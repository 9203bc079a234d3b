// The page's frame: which view is shown, and when it is loaded again. The address's fragment names
// the view: #/ · #/pipelines/NAME · #/runs/ID · #/runs/ID/TASK
import { get, watch } from "./api.js";
import { make } from "./dom.js";
import { bytes, refreshTimes } from "./format.js";
import { Overview } from "./overview.js";
import { PipelineView } from "./pipeline.js";
import { RunView } from "./run.js";

const place = document.getElementById("view");
let view = null;

function makeView() {
  const [kind, name, task] = location.hash.replace(/^#\/?/, "").split("/").map(decodeURIComponent);
  if (kind === "runs" && name) return new RunView(name, task);
  if (kind === "pipelines" && name) return new PipelineView(name);
  return new Overview();
}

// Changes come in bursts: one load for all of them, and never two at once.
let loading = false;
let wanted = false;
async function load() {
  if (loading) {
    wanted = true;
    return;
  }
  loading = true;
  do {
    wanted = false;
    const current = view;
    try {
      await current.load();
      if (current === view && place.firstChild !== current.element) place.replaceChildren(current.element);
    } catch (error) {
      if (current === view && place.firstChild !== current.element) {
        place.replaceChildren(make("p", { class: "problem", role: "alert" }, error.message),
          make("p", {}, make("a", { href: "#/" }, "Back to the overview")));
      }
    }
  } while (wanted);
  loading = false;
}

function route() {
  view?.close();
  view = makeView();
  place.focus({ preventScroll: true });
  load();
}

const engineNames = { docker: "Docker", podman: "Podman", process: "processes, no containers" };

function engineText({ name, version }) {
  return `${engineNames[name] ?? "engine"} ${version}`.trim();
}

function diskText(disk) {
  if (!disk) return "disk not counted yet";
  const { store_bytes: store, image_bytes: images, workspace_bytes: workspaces, max_bytes: most } = disk;
  return `disk ${bytes(store + images + workspaces)} of ${bytes(most)}`;
}

async function showHost() {
  const status = await get("/status").catch(() => null);
  if (!status) return;
  const engine = status.engine.reachable ? engineText(status.engine) : "no container engine";
  document.getElementById("host").textContent = [status.host, `${status.slots_used} of ${status.workers} workers busy`,
    engine, diskText(status.disk), `pawl ${status.version}`].join(" · ");
  document.title = `pawl · ${status.host}`;
  const warnings = status.engine.reachable || !status.engine.error ? status.warnings
    : [...status.warnings, `No container engine answers: ${status.engine.error}`];
  document.getElementById("warnings").replaceChildren(
    ...warnings.map((text) => make("div", { class: "warning", role: "alert" }, text)));
}

let timer = null;
function loadSoon() {
  timer ??= setTimeout(() => {
    timer = null;
    load();
    showHost();
  }, 100);
}

const live = document.getElementById("live");
watch((kind, data) => {
  if (view.onChange(kind, data)) loadSoon();
}, (connected) => {
  live.className = connected ? "live on" : "live off";
  live.textContent = connected ? "live" : "not connected, trying again…";
  if (connected) loadSoon();
});

window.addEventListener("hashchange", route);
setInterval(() => {
  refreshTimes(document);
  view.onTick?.();
}, 1000);
setInterval(showHost, 30_000);
route();
showHost();
