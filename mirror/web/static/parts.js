// Parts of a page that keep themselves fresh. `data-part` is where a part is asked for again;
// `data-when`, on it or within it, names what it shows: when one of these changes, it is.
// `data-every` asks again after so many seconds, too, and `data-soon` for the first time at once.
import { morph, returned } from "./morph.js";
import { localise } from "./times.js";

const PAUSE = 400; // milliseconds between two rounds: many changes make one request a part
const SHARE = 5; // a part that took long to make is left alone for so many times as long
const waiting = new Set();
let timer = null;
let busy = false;

export function start() {
  for (const part of document.querySelectorAll("[data-part][data-soon]")) refresh(part);
  setInterval(tick, 1000);
}

// Asks again for what shows one of these things.
export function changed(tokens) {
  for (const element of document.querySelectorAll("[data-when]")) {
    if (element.dataset.when.split(" ").some((token) => tokens.has(token))) {
      const part = element.closest("[data-part]");
      if (part) refresh(part);
    }
  }
}

// Asks again for everything, after a reset or a pause in which anything may have happened.
export function all() {
  for (const part of document.querySelectorAll("[data-part]")) refresh(part);
}

export function refresh(part) {
  if (part.hasAttribute("data-lazy")) return; // nobody has opened it yet
  waiting.add(part);
  timer ??= setTimeout(round, busy ? PAUSE : 50);
}

export async function load(part) {
  const fresh = await ask(part);
  if (fresh) apply(part, fresh, false);
}

const seconds = new WeakMap();
const rested = new WeakMap(); // when a part may be asked for again

function tick() {
  if (document.hidden || !document.body.dataset.feed) return;
  for (const part of document.querySelectorAll("[data-part][data-every]")) {
    const waited = (seconds.get(part) ?? 0) + 1;
    seconds.set(part, waited);
    if (waited >= Number(part.dataset.every)) refresh(part);
  }
}

async function round() {
  if (busy) {
    timer = setTimeout(round, PAUSE);
    return;
  }
  timer = null;
  busy = true;
  try {
    for (const part of waiting) if (!part.isConnected) waiting.delete(part);
    const now = performance.now();
    const parts = [...waiting].filter((part) => (rested.get(part) ?? 0) <= now);
    for (const part of parts) waiting.delete(part);
    const found = await Promise.all(parts.map(ask)); // together, so that a move is one
    parts.forEach((part, index) => {
      seconds.set(part, 0);
      if (found[index] && part.isConnected) apply(part, found[index], !part.hasAttribute("aria-busy"));
    });
  } finally {
    busy = false;
    if (waiting.size && timer === null) timer = setTimeout(round, PAUSE);
  }
}

async function ask(part) {
  const asked = performance.now();
  try {
    const answer = await fetch(part.dataset.part, { headers: { Accept: "text/html" }, redirect: "error" });
    if (!answer.ok) return null;
    const text = await answer.text();
    rested.set(part, performance.now() + SHARE * (performance.now() - asked));
    const box = new DOMParser().parseFromString(`<template>${text}</template>`, "text/html");
    return box.querySelector("template").content;
  } catch {
    return null; // the stream says that the server is away, and asks again when it is back
  }
}

function apply(part, fresh, light) {
  const shell = part.cloneNode(false);
  shell.append(document.importNode(fresh, true));
  let lit = 0;
  morph(part, shell, (element) => {
    if (!light) return;
    lit += 1;
    flash(element);
  });
  for (const element of returned()) for (const inner of element.querySelectorAll("[data-part]")) refresh(inner);
  part.removeAttribute("aria-busy");
  localise(part);
  part.dispatchEvent(new CustomEvent("mirror:shown", { bubbles: true, detail: { lit } }));
}

function flash(element) {
  element.classList.remove("lit");
  void element.offsetWidth; // so that it begins anew
  element.classList.add("lit");
  setTimeout(() => element.classList.remove("lit"), 2500);
}
