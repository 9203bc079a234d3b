// Elements from words. Text is always set as text: nothing that comes from a pipeline, a log or a
// request is ever read as markup.

const svgSpace = "http://www.w3.org/2000/svg";

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  for (const child of children.flat(Infinity)) {
    if (child !== null && child !== undefined && child !== false) element.append(child);
  }
  return element;
}

export function make(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(svgSpace, tag), attributes, children);
}

// A button that asks the agent for something: once at a time, and what went wrong is said.
export function actionButton(text, name, action) {
  const button = make("button", { type: "button", "data-action": name, onclick: async () => {
    button.disabled = true;
    try {
      await action();
    } catch (error) {
      alert(error.message);
      button.disabled = false;
    }
  } }, text);
  return button;
}

export function badge(text) {
  return make("span", { class: "badge" }, text);
}

// A table with a heading row; `rows` are <tr>.
export function table(headings, rows, empty) {
  if (rows.length === 0) return make("p", { class: "quiet" }, empty);
  return make("div", { class: "scroll" }, make("table", {},
    make("thead", {}, make("tr", {}, headings.map((text) => make("th", { scope: "col" }, text)))),
    make("tbody", {}, rows)));
}

// A row that is a link as a whole; the first cell holds the real one, for keyboards and readers.
export function linkRow(target, ...cells) {
  const row = make("tr", { class: "link" }, cells);
  row.addEventListener("click", (event) => {
    if (!event.target.closest("a, button")) location.hash = target;
  });
  return row;
}
