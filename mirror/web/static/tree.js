// The tree: branches are loaded when they are opened; arrow keys, Home, End and Enter go about in it.
import { load } from "./parts.js";

const OWN = ["class", "after", "limit"]; // what the address of this page says about the tree

export function start() {
  const tree = document.getElementById("tree");
  if (!tree) return;
  tree.addEventListener("click", (event) => clicked(tree, event));
  tree.addEventListener("keydown", (event) => pressed(tree, event));
  tree.addEventListener("focusin", (event) => {
    const item = event.target.closest("[role=treeitem]");
    if (item) rove(tree, item);
  });
  document.addEventListener("mirror:shown", () => settle(tree));
  document.getElementById("chosen").addEventListener("click", (event) => {
    const link = event.target.closest("a[data-choose]");
    if (!link || special(event)) return;
    event.preventDefault();
    choose(tree, link.dataset.choose, link.href);
  });
  addEventListener("popstate", () => location.reload());
  settle(tree);
  tree.querySelector("[aria-current=page]")?.scrollIntoView({ block: "nearest" });
}

function clicked(tree, event) {
  const item = event.target.closest("[role=treeitem]");
  if (!item) return;
  if (item.dataset.more) {
    event.preventDefault();
    more(item);
  } else if (event.target.closest(".twist") && item.hasAttribute("aria-expanded")) {
    event.preventDefault();
    rove(tree, item);
    toggle(item);
  } else if (!special(event)) {
    event.preventDefault();
    rove(tree, item);
    if (item.getAttribute("aria-expanded") === "false") toggle(item, true);
    choose(tree, item.dataset.class, item.href);
  }
}

function special(event) {
  return event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey;
}

// Shows a class without leaving the page: what is open in the tree stays open.
async function choose(tree, id, href) {
  const panel = document.getElementById("chosen");
  const address = new URL(href);
  const part = new URL(`/parts/class/${id}`, href);
  for (const [name, value] of address.searchParams) if (!OWN.includes(name)) part.searchParams.set(name, value);
  for (const item of tree.querySelectorAll("[aria-current]")) item.removeAttribute("aria-current");
  tree.querySelector(`[data-class="${id}"]`)?.setAttribute("aria-current", "page");
  panel.dataset.part = part.pathname + part.search;
  panel.dataset.when = `class:${id} in:${id} under:${id}`;
  panel.setAttribute("aria-labelledby", "chosen-title");
  panel.replaceChildren();
  panel.setAttribute("aria-busy", "true");
  history.pushState(null, "", address);
  keep(id);
  await load(panel);
  panel.removeAttribute("aria-busy");
  document.getElementById("announcer").textContent = panel.querySelector("h1, .empty-title")?.textContent.trim() ?? "";
}

// The time slider looks back at what is shown here.
function keep(id) {
  const form = document.getElementById("slider");
  if (!form) return;
  let field = form.elements.class;
  if (!field) {
    field = document.createElement("input");
    field.type = "hidden";
    field.name = "class";
    form.append(field);
  }
  field.value = id;
}

function groupOf(item) {
  return item.parentElement.querySelector(":scope > [role=group]");
}

async function toggle(item, open = item.getAttribute("aria-expanded") !== "true") {
  const group = groupOf(item);
  if (!group) return;
  item.setAttribute("aria-expanded", String(open));
  group.hidden = !open;
  if (open && group.hasAttribute("data-lazy")) {
    group.removeAttribute("data-lazy");
    group.setAttribute("aria-busy", "true");
    await load(group);
    group.removeAttribute("aria-busy");
  }
}

async function more(item) {
  const part = item.closest("[data-part]");
  const address = new URL(part.dataset.part, location.href);
  address.searchParams.set("limit", item.dataset.more);
  part.dataset.part = address.pathname + address.search;
  const before = item.parentElement.previousElementSibling;
  await load(part);
  before?.nextElementSibling?.querySelector("[role=treeitem]")?.focus();
}

function visible(tree) {
  return [...tree.querySelectorAll("[role=treeitem]")].filter((item) => !item.closest("[hidden]"));
}

function rove(tree, item) {
  for (const other of tree.querySelectorAll('[role=treeitem][tabindex="0"]')) other.tabIndex = -1;
  item.tabIndex = 0;
}

// One item can be reached by Tab: the one that was, else the chosen one, else the first.
function settle(tree) {
  for (const item of tree.querySelectorAll("[role=treeitem]:not([tabindex])")) item.tabIndex = -1;
  const items = visible(tree);
  if (!items.length || items.some((item) => item.tabIndex === 0)) return;
  rove(tree, items.find((item) => item.hasAttribute("aria-current")) ?? items[0]);
}

function pressed(tree, event) {
  const item = event.target.closest("[role=treeitem]");
  if (!item || event.ctrlKey || event.altKey || event.metaKey) return;
  const items = visible(tree);
  const at = items.indexOf(item);
  const open = item.getAttribute("aria-expanded");
  switch (event.key) {
    case "ArrowDown":
      go(tree, items[at + 1]);
      break;
    case "ArrowUp":
      go(tree, items[at - 1]);
      break;
    case "Home":
      go(tree, items[0]);
      break;
    case "End":
      go(tree, items.at(-1));
      break;
    case "ArrowRight":
      if (open === "false") toggle(item, true);
      else if (open === "true") go(tree, groupOf(item).querySelector("[role=treeitem]"));
      break;
    case "ArrowLeft":
      if (open === "true") toggle(item, false);
      else go(tree, item.closest("[role=group]")?.parentElement.querySelector(":scope > [role=treeitem]"));
      break;
    case " ":
      item.click();
      break;
    default:
      if (event.key.length !== 1 || event.shiftKey) return;
      go(tree, next(items, at, event.key));
  }
  event.preventDefault();
}

// The next item whose name begins with a letter.
function next(items, at, letter) {
  const rest = [...items.slice(at + 1), ...items.slice(0, at)];
  const wanted = letter.toLocaleLowerCase();
  return rest.find((item) => item.querySelector(".called")?.textContent.trim().toLocaleLowerCase().startsWith(wanted));
}

function go(tree, item) {
  if (!item) return;
  rove(tree, item);
  item.focus();
}
