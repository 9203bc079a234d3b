// The graph of a run's tasks: a column for each level, edges from left to right.
import { svg } from "./dom.js";
import { span } from "./format.js";

const node = { width: 168, height: 46, gapX: 64, gapY: 18, margin: 18 };

// Columns of tasks; within a column, each task stands near the middle of what it depends on.
function columnsOf(tasks) {
  const columns = [];
  for (const task of tasks) (columns[task.level] ??= []).push(task);
  const place = new Map();
  for (const column of columns) {
    const weight = new Map(column.map((task, index) => {
      const before = task.depends_on.map((id) => place.get(id) ?? 0);
      return [task, before.length ? before.reduce((a, b) => a + b, 0) / before.length : index];
    }));
    column.sort((a, b) => weight.get(a) - weight.get(b) || a.index - b.index);
    column.forEach((task, index) => place.set(task.id, index - column.length / 2));
  }
  return columns;
}

function shorten(text, most) {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}

function subtitle(task) {
  const time = span(task.started_at, task.ended_at);
  const tries = task.attempts.length > 1 ? ` · try ${task.attempts.length}` : "";
  return `${task.status}${time ? ` · ${time}` : ""}${tries}`;
}

export function drawDag(tasks, chosen, onChoose) {
  const columns = columnsOf(tasks);
  const rows = Math.max(...columns.map((column) => column.length));
  const height = rows * (node.height + node.gapY) - node.gapY + 2 * node.margin;
  const width = columns.length * (node.width + node.gapX) - node.gapX + 2 * node.margin;
  const at = new Map();
  columns.forEach((column, level) => {
    const used = column.length * (node.height + node.gapY) - node.gapY;
    column.forEach((task, index) => at.set(task.id, {
      x: node.margin + level * (node.width + node.gapX),
      y: (height - used) / 2 + index * (node.height + node.gapY),
    }));
  });
  const done = new Set(tasks.filter((task) => task.status === "success").map((task) => task.id));
  const edges = tasks.flatMap((task) => task.depends_on.map((id) => {
    const from = at.get(id);
    const to = at.get(task.id);
    const [x1, y1] = [from.x + node.width, from.y + node.height / 2];
    const [x2, y2] = [to.x, to.y + node.height / 2];
    const bend = node.gapX / 2;
    return svg("path", {
      class: done.has(id) ? "edge done" : "edge",
      d: `M${x1} ${y1} C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`,
    });
  }));
  const nodes = tasks.map((task) => {
    const { x, y } = at.get(task.id);
    const choose = () => onChoose(task.id);
    return svg("g", {
      class: `node ${task.status}${task.id === chosen ? " chosen" : ""}`,
      transform: `translate(${x} ${y})`, tabindex: "0", role: "button", "data-task": task.id,
      "aria-label": `task ${task.id}, ${subtitle(task)}`, onclick: choose,
      onkeydown: (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); choose(); } },
    },
    svg("title", {}, `${task.id}${task.hook ? ` (${task.hook})` : ""}\n${task.image}\n${task.message || ""}`),
    svg("rect", { width: node.width, height: node.height, rx: 6 }),
    svg("text", { x: 12, y: 20 }, shorten(task.id, 20)),
    svg("text", { x: 12, y: 36, class: "sub" }, shorten(subtitle(task), 26)));
  });
  return svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "group",
    "aria-label": "tasks of the run" }, edges, nodes);
}
