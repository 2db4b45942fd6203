// Times come in UTC; a reader sees them in their own zone, and UTC when pointing at one.
const format = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium", timeStyle: "medium" });

export function localise(root) {
  for (const element of root.querySelectorAll("time[datetime]")) {
    if (element.dataset.utc) continue;
    const when = new Date(element.dateTime);
    if (Number.isNaN(when.getTime())) continue;
    element.dataset.utc = element.textContent;
    element.title = element.textContent;
    element.textContent = format.format(when);
  }
}
