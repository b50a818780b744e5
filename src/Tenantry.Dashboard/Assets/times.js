// Times in the viewer's own zone and words; kept true while the page is open.
(() => {
  "use strict";
  const full = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
  const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
  const words = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
  const units = [["second", 60], ["minute", 60], ["hour", 24], ["day", 30], ["month", 12], ["year", Infinity]];

  function ago(at) {
    let amount = (at - Date.now()) / 1000;
    if (Math.abs(amount) < 5) return "just now";
    for (const [unit, size] of units) {
      if (Math.abs(amount) < size) return words.format(Math.round(amount), unit);
      amount /= size;
    }
  }

  function write(element) {
    const at = new Date(element.dateTime);
    const text = element.dataset.time === "ago" ? ago(at) : full.format(at);
    if (element.textContent !== text) element.textContent = text;
    if (!element.title) element.title = full.format(at);
  }

  // What a drawing says of a moment: text with places, and the moments for them.
  function fill(element) {
    const times = element.dataset.times.split(" ");
    const text = element.dataset.text.replace(/\{(\d)\}/g, (_, number) => clock.format(new Date(times[number])));
    if (element.textContent !== text) element.textContent = text;
  }

  function writeAll(root) {
    for (const element of root.querySelectorAll("time[data-time]")) write(element);
    for (const element of root.querySelectorAll("[data-times]")) fill(element);
  }

  const lookUp = new MutationObserver(changes => {
    for (const change of changes) {
      if (change.target.nodeType === 1 && change.target.matches("time[data-time]")) write(change.target);
      if (change.target.nodeType === 1 && change.target.matches("[data-times]")) fill(change.target);
      for (const node of change.addedNodes) {
        if (node.nodeType !== 1) continue;
        if (node.matches("time[data-time]")) write(node);
        writeAll(node);
      }
    }
  });
  writeAll(document);
  lookUp.observe(document.body, { childList: true, subtree: true, attributes: true, attributeFilter: ["datetime", "data-times", "data-text"] });
  setInterval(() => { if (!document.hidden) writeAll(document); }, 15000);
})();
