// Between a press and its release nothing is drawn anew: what was pressed would be gone, and the click with it.

let held = false;
let waiting = [];

function release() {
  held = false;
  for (const resume of waiting) resume();
  waiting = [];
}

document.addEventListener("pointerdown", (event) => { held ||= event.button === 0; }, true);
// The click comes right after the release, before any timer.
for (const kind of ["pointerup", "pointercancel"]) document.addEventListener(kind, () => setTimeout(release), true);
window.addEventListener("blur", release);

export function isHeld() {
  return held;
}

export function released() {
  return held ? new Promise((resume) => waiting.push(resume)) : Promise.resolve();
}
