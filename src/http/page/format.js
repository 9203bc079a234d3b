// Times, durations and states for people.
import { make } from "./dom.js";

export function duration(ms) {
  if (ms === null || ms === undefined) return "";
  if (ms < 1000) return `${ms} ms`;
  const seconds = ms / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

// How long a thing that started has taken, or takes up to now.
export function span(startedAt, endedAt) {
  if (!startedAt) return "";
  return duration(Math.max(0, (endedAt ? new Date(endedAt) : new Date()) - new Date(startedAt)));
}

function relative(ms) {
  const text = duration(Math.abs(ms));
  if (Math.abs(ms) < 1000) return "now";
  return ms < 0 ? `${text} ago` : `in ${text}`;
}

// "3 min ago", with the exact time, local and UTC, in the tooltip.
export function when(text) {
  if (!text) return make("span", { class: "quiet" }, "–");
  const time = new Date(text);
  return make("time", { datetime: text, title: `${time.toLocaleString()}\n${text}` },
    relative(time - new Date()));
}

// Brings every <time> of the page up to date.
export function refreshTimes(root) {
  for (const element of root.querySelectorAll("time[datetime]")) {
    element.textContent = relative(new Date(element.getAttribute("datetime")) - new Date());
  }
}

export function status(value, reason) {
  const text = reason && reason !== "exit_code" ? `${value} (${reason})` : value;
  return make("span", { class: `status ${value}` }, text);
}

// "peak 31 MiB, 1.2 s CPU, throttled 300 ms, SIGKILL, out of memory": what is known of an attempt's use of the host.
export function used(attempt) {
  const { usage, signal, oom_killed: outOfMemory } = attempt ?? {};
  return [usage?.peak_memory_bytes ? `peak ${bytes(usage.peak_memory_bytes)}` : "",
    usage?.cpu_ms ? `${duration(usage.cpu_ms)} CPU` : "",
    usage?.throttled_ms ? `throttled ${duration(usage.throttled_ms)}` : "",
    signal, outOfMemory ? "out of memory" : ""].filter(Boolean).join(", ");
}

export function bytes(count) {
  const units = ["B", "KiB", "MiB", "GiB"];
  let unit = 0;
  while (count >= 1024 && unit < units.length - 1) {
    count /= 1024;
    unit += 1;
  }
  return `${Number.isInteger(count) ? count : count.toFixed(1)} ${units[unit]}`;
}
