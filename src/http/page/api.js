// The REST API and its stream of events.

const base = "/api/v1";

async function answer(response) {
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(body.detail || body.title || `HTTP ${response.status}`);
  return body;
}

export async function get(path, signal) {
  return answer(await fetch(base + path, { signal, headers: { Accept: "application/json" } }));
}

export async function post(path, body = {}) {
  return answer(await fetch(base + path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  }));
}

export const segment = encodeURIComponent;

// Calls `onChange(kind, data)` for each change, `onState(connected)` as the connection comes and goes.
// The browser reconnects by itself and says where it stopped.
export function watch(onChange, onState) {
  const source = new EventSource(`${base}/events`);
  for (const kind of ["run", "task", "log", "source", "pipelines", "gap"]) {
    source.addEventListener(kind, (event) => {
      let data = {};
      try {
        data = JSON.parse(event.data);
      } catch { /* a gap has no data */ }
      onChange(kind, data);
    });
  }
  source.addEventListener("open", () => onState(true));
  source.addEventListener("error", () => onState(false));
  return () => source.close();
}
