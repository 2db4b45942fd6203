// Rates are what head and applied have gained between two looks: nobody keeps them on the server.
const MOST = 120; // looks that are drawn, and as few as FEW fill the width
const FEW = 20;
const SPAN = 10; // looks that a rate is taken over, so that it does not jump
const looks = [];

function look() {
  const { head, applied, now } = document.getElementById("pulse-figures").dataset;
  const seen = { head: Number(head), applied: Number(applied), now: Number(now) / 1e6 };
  const last = looks.at(-1);
  if (last && seen.now <= last.now) return;
  if (last && (seen.head < last.head || seen.applied < last.applied)) looks.length = 0; // rebuilt
  looks.push(seen);
  if (looks.length > MOST + 1) looks.shift();
}

function rate(from, to, name) {
  return (to[name] - from[name]) / (to.now - from.now);
}

function told(value) {
  return value.toLocaleString("en", { maximumFractionDigits: value < 100 ? 1 : 0 });
}

function show() {
  look();
  const last = looks.at(-1);
  const first = looks.at(-1 - Math.min(SPAN, looks.length - 1));
  if (looks.length < 2) return;
  document.getElementById("rate-in").textContent = told(rate(first, last, "head"));
  document.getElementById("rate-out").textContent = told(rate(first, last, "applied"));
  draw();
}

function draw() {
  const steps = looks.slice(1).map((to, index) => {
    const from = looks[index];
    return { in: rate(from, to, "head"), out: rate(from, to, "applied") };
  });
  const gaps = Math.max(FEW, steps.length) - 1;
  const most = Math.max(1, ...steps.flatMap((step) => [step.in, step.out]));
  for (const name of ["in", "out"]) {
    const points = steps.map((step, index) => {
      const x = 120 - (steps.length - 1 - index) * (120 / gaps);
      return `${x.toFixed(2)},${(38 - (step[name] / most) * 36).toFixed(2)}`;
    });
    document.getElementById(`spark-${name}`).setAttribute("points", points.join(" "));
  }
  document.getElementById("spark-most").textContent = told(most);
  document.getElementById("spark").hidden = false;
}

show();
document.addEventListener("mirror:shown", (event) => {
  if (event.target.id === "pulse") show();
});
