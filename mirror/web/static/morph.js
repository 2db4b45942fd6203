// Makes what is shown into what has come, changing no more than differs: focus, open branches and
// scrolling stay. Elements with the same `data-key` are the same thing, wherever it has moved to.

const REMEMBERED = 10000; // milliseconds for which what one part took out may come back in another

let limbo = []; // what was taken out, and when
let back = []; // what came back from there

export function morph(old, fresh, lit) {
  if (old.hasAttribute("data-keep")) return; // a script looks after it
  attributes(old, fresh);
  if (fresh.hasAttribute("data-lazy")) return; // a branch, which is asked for by itself
  children(old, fresh, lit);
}

// What came back since last asked: what is open in it may have changed while it was out.
export function returned() {
  const found = back;
  back = [];
  return found;
}

// `data-own` names attributes that scripts look after, `data-own-value` those whose value is theirs.
function attributes(old, fresh) {
  const own = names(old.dataset.own);
  const values = names(old.dataset.ownValue);
  for (const { name, value } of [...fresh.attributes]) {
    if (own.has(name) || (values.has(name) && old.hasAttribute(name))) continue;
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  for (const { name } of [...old.attributes]) {
    if (!own.has(name) && !kept.has(name) && !fresh.hasAttribute(name)) old.removeAttribute(name);
  }
}

function names(list) {
  return new Set((list ?? "").split(" "));
}

const kept = new Set(["aria-busy", "class", "data-utc"]);

function children(old, fresh, lit) {
  const keyed = new Map();
  for (const child of old.children) if (child.dataset?.key) keyed.set(child.dataset.key, child);
  const wanted = new Set();
  for (const child of fresh.children) if (child.dataset?.key) wanted.add(child.dataset.key);
  for (const [key, child] of keyed) {
    if (wanted.has(key)) continue;
    takeOut(child);
  }
  let place = old.firstChild;
  for (const node of [...fresh.childNodes]) {
    const key = node.dataset?.key;
    let same = key ? (keyed.get(key) ?? moved(key, old)) : null;
    const news = key && !keyed.has(key);
    if (!key) {
      while (place && (place.dataset?.key || !alike(place, node))) {
        if (place.dataset?.key) break;
        const next = place.nextSibling;
        takeOut(place);
        place = next;
      }
      if (place && !place.dataset?.key && alike(place, node)) same = place;
    }
    if (!same) {
      same = document.importNode(node, true);
      old.insertBefore(same, place);
      if (news) lit(same);
      continue;
    }
    if (same === place) place = place.nextSibling;
    else old.insertBefore(same, place);
    if (same.nodeType === Node.ELEMENT_NODE) update(same, node, news, lit);
    else if (same.nodeValue !== node.nodeValue) same.nodeValue = node.nodeValue;
  }
  while (place) {
    const next = place.nextSibling;
    takeOut(place);
    place = next;
  }
}

function update(same, node, news, lit) {
  const before = node.dataset.key ? said(same) : "";
  if (same.tagName === "TIME") {
    if (same.dateTime !== node.dateTime) same.replaceWith(document.importNode(node, true));
    return;
  }
  morph(same, node, lit);
  if (news || (node.dataset.key && said(same) !== before)) lit(same);
}

// The text of a thing, without that of the things within it.
function said(element) {
  const own = [...element.childNodes].filter((node) => node.getAttribute?.("role") !== "group");
  return own.map((node) => node.textContent.replace(/\s+/g, " ")).join("");
}

function takeOut(node) {
  node.remove();
  if (node.nodeType !== Node.ELEMENT_NODE) return;
  const now = performance.now();
  limbo = limbo.filter((each) => now - each.at < REMEMBERED);
  limbo.push({ node, at: now });
}

// The thing with this key, from elsewhere in the tree or from what has been taken out.
function moved(key, old) {
  const wanted = `[data-key="${CSS.escape(key)}"]`;
  const boxes = [old.closest("[role=tree]") ?? old, ...limbo.map((each) => each.node)];
  for (const box of boxes) {
    const found = box.matches(wanted) ? box : box.querySelector(wanted);
    if (!found || found.contains(old)) continue; // nothing moves into itself: then it is made anew
    if (!found.isConnected) back.push(found);
    limbo = limbo.filter((each) => each.node !== found);
    return found;
  }
  return null;
}

function alike(one, other) {
  return one.nodeType === other.nodeType && one.nodeName === other.nodeName;
}
