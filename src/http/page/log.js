// The live log of one task: reads what is stored page by page, again whenever more was stored.
import { get, segment } from "./api.js";
import { make } from "./dom.js";

const mostLines = 5000;  // kept on the page; the CLI and the API have all of it

export class LogView {
  constructor(run, task) {
    this.path = `/runs/${run}/tasks/${segment(task)}/logs?format=json`;
    this.element = make("div", { class: "log", tabindex: "0", role: "log", "aria-label": `log of ${task}` });
    this.attempt = null;
    this.cursor = "";
    this.busy = false;
    this.again = false;
    this.closed = false;
  }

  // Shows an attempt (null: the latest) from its start.
  show(attempt) {
    this.attempt = attempt;
    this.cursor = "";
    this.element.replaceChildren();
    return this.update();
  }

  close() {
    this.closed = true;
  }

  async update() {
    if (this.busy) {
      this.again = true;
      return;
    }
    this.busy = true;
    try {
      do {
        this.again = false;
        await this.readToEnd();
      } while (this.again && !this.closed);
      this.error?.remove();
      this.error = null;
    } catch (error) {
      this.error ??= this.element.appendChild(make("div", { class: "pawl" }));
      this.error.textContent = `cannot read the log: ${error.message}`;
    } finally {
      this.busy = false;
    }
  }

  async readToEnd() {
    const attempt = this.attempt;
    while (!this.closed) {
      let path = this.path;
      if (attempt !== null) path += `&attempt=${attempt}`;
      if (this.cursor) path += `&cursor=${segment(this.cursor)}`;
      const page = await get(path);
      if (attempt !== this.attempt) return;
      this.append(page.records);
      this.cursor = page.next_cursor ?? this.cursor;
      if (page.at_end) return;
    }
  }

  append(records) {
    if (records.length === 0) return;
    const log = this.element;
    const atBottom = log.scrollHeight - log.scrollTop - log.clientHeight < 30;
    const lines = records.map((record) => make("div", { class: record.stream },
      make("span", { class: "time" }, record.time ? record.time.slice(11, 23) : ""),
      record.text.replace(/\r?\n$/, "") || " "));
    log.append(...lines);
    while (log.childElementCount > mostLines) log.firstElementChild.remove();
    if (atBottom) log.scrollTop = log.scrollHeight;
  }
}
