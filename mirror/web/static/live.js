// Follows the change feed, tells the parts what has changed, and the reader whether it is live.
import { all, changed } from "./parts.js";

const FIRST_WAIT = 1000;
const LONGEST_WAIT = 15000;
const QUIET = 40000; // milliseconds without a sign of life: heartbeats come every 15 s

let source = null;
let last = "";
let wait = FIRST_WAIT;
let gone = false;

export function start() {
  last = document.body.dataset.feed ?? "";
  if (!last) return; // looking back: nothing changes there
  open();
  addEventListener("pagehide", () => source?.close());
  addEventListener("pageshow", (event) => {
    if (event.persisted) open();
  });
}

function open() {
  source?.close();
  const query = new URLSearchParams({ platform: document.body.dataset.platform, after: last });
  source = new EventSource(`/api/v1/changes?${query}`);
  source.onopen = () => {
    wait = FIRST_WAIT;
    if (gone) all();
    gone = false;
    show("live");
  };
  source.onmessage = (event) => {
    last = event.lastEventId || last;
    changed(tokensOf(JSON.parse(event.data)));
  };
  for (const ending of ["reset", "overflow"]) {
    source.addEventListener(ending, (event) => {
      last = event.lastEventId || last;
      all();
      reopen();
    });
  }
  source.onerror = () => lost();
}

function lost() {
  gone = true;
  show("lost");
  if (source.readyState === EventSource.CLOSED) reopen(); // it was refused, and would not come again
}

async function reopen() {
  source.close();
  await new Promise((done) => setTimeout(done, wait));
  wait = Math.min(wait * 2, LONGEST_WAIT);
  try {
    const answer = await fetch("/parts/strip", { redirect: "manual" });
    if (answer.type === "opaqueredirect" || answer.status === 401) {
      show("out");
      return;
    }
    if (answer.status === 404 || answer.status === 410) last = "";
  } catch {
    // not back yet
  }
  open();
}

const TEXTS = { live: "sayLive", lost: "sayLost", out: "sayOut" };

function show(state) {
  const element = document.getElementById("state");
  const text = document.body.dataset[TEXTS[state]];
  if (!element || !text) return;
  if (element.dataset.state !== state) element.dataset.state = state;
  const place = document.getElementById("state-text");
  if (place.textContent !== text) place.textContent = text;
}

// What a change is about: `material:ID`, `in:CLASS` where it was and is, `under:CLASS` for classes.
export function tokensOf(change) {
  const tokens = new Set(["any", change.entity, `${change.entity}:${encodeURIComponent(change.key)}`]);
  for (const side of [change.before, change.after]) {
    if (!side) continue;
    if (change.entity === "material" && side.class_id != null) tokens.add(`in:${side.class_id}`);
    if (change.entity === "class" && "parent_id" in side) tokens.add(`under:${side.parent_id}`);
  }
  if (change.entity === "class" && change.op !== "update") {
    const side = change.before ?? change.after;
    if (side && side.parent_id == null) tokens.add("under:null");
  }
  return tokens;
}
