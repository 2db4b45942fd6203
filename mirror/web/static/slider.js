// The time slider tells which time it stands at while it is dragged, and goes there when let go.
import { localise } from "./times.js";

const PAUSE = 120;

export function start() {
  for (const place of document.querySelectorAll("[data-moment]")) if (place.localName === "span") tell(place, place.dataset.moment);
  const form = document.getElementById("slider");
  if (!form) return;
  const range = form.elements.at;
  const told = document.getElementById("at-told");
  let timer = null;
  range.addEventListener("input", () => {
    clearTimeout(timer);
    told.textContent = Number(range.value).toLocaleString("en");
    timer = setTimeout(() => {
      const address = new URL(form.dataset.moment, location.href);
      address.searchParams.set("at", range.value);
      tell(told, address, range);
    }, PAUSE);
  });
  // Letting go of it goes there; from the keyboard, Enter does.
  range.addEventListener("pointerup", () => {
    if (range.value !== range.defaultValue) form.requestSubmit();
  });
  form.addEventListener("submit", () => {
    if (range.value === range.max) range.disabled = true; // the present has no moment of its own
  });
  addEventListener("pageshow", () => {
    range.disabled = false;
  });
}

async function tell(place, address, range) {
  const asked = range?.value;
  try {
    const answer = await fetch(address, { headers: { Accept: "text/html" } });
    if (!answer.ok || (range && range.value !== asked)) return;
    const box = new DOMParser().parseFromString(await answer.text(), "text/html");
    const moment = box.getElementById("moment");
    localise(moment);
    place.textContent = moment.textContent;
  } catch {
    // it says the delivery's number already
  }
}
