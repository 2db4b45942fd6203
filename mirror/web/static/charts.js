// The axes of charts come in UTC; a reader sees them in their own zone.
const language = document.documentElement.lang;
const two = "2-digit";
const formats = {
  day: new Intl.DateTimeFormat(language, { month: two, day: two }),
  time: new Intl.DateTimeFormat(language, { hour: two, minute: two, hourCycle: "h23" }),
  second: new Intl.DateTimeFormat(language, { hour: two, minute: two, second: two, hourCycle: "h23" }),
};

function localise(root) {
  for (const text of root.querySelectorAll("text[data-at]")) {
    const told = formats[text.dataset.unit].format(new Date(Number(text.dataset.at)));
    if (text.textContent !== told) text.textContent = told;
  }
}

localise(document);
document.addEventListener("mirror:shown", (event) => localise(event.target));
