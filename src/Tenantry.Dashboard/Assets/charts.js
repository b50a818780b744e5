// What an instance uses, as it comes.
(() => {
  "use strict";
  const root = document.querySelector("[data-charts]");
  if (!root) return;
  const most = 300;
  const plots = new Map();
  let before = null;

  const bytes = value => {
    const units = ["B", "kB", "MB", "GB", "TB"];
    let unit = 0;
    while (Math.abs(value) >= 1000 && unit < units.length - 1) { value /= 1000; unit++; }
    return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
  };
  const cores = value => `${(value * 100).toFixed(value < 0.1 ? 1 : 0)} %`;
  const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
  const colour = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  const kinds = {
    cpu: { text: cores, least: 0.01, lines: ["--chart-a"], read: (now, past, seconds) => past && now.cpuSeconds != null && past.cpuSeconds != null ? [Math.max(0, (now.cpuSeconds - past.cpuSeconds) / seconds)] : null, note: () => root.dataset.cores ? `of one core; its tier allows ${Math.round(root.dataset.cores * 100)} %` : "" },
    memory: { text: bytes, least: 1e6, lines: ["--chart-b"], read: now => now.memoryBytes != null ? [now.memoryBytes] : null, note: now => now.memoryLimitBytes ? `of ${bytes(now.memoryLimitBytes)}` + (now.diskBytes != null ? ` · disk ${bytes(now.diskBytes)}` : "") : "" },
    network: { text: value => `${bytes(value)}/s`, least: 1000, lines: ["--chart-a", "--chart-c"], read: (now, past, seconds) => past && now.receivedBytes != null && past.receivedBytes != null ? [Math.max(0, (now.receivedBytes - past.receivedBytes) / seconds), Math.max(0, (now.sentBytes - past.sentBytes) / seconds)] : null, note: now => now.receivedBytes != null ? `in ${bytes(now.receivedBytes)} · out ${bytes(now.sentBytes ?? 0)}` : "not measured on this target" },
  };

  // At least a minute, up to the newest sample.
  function span(times) {
    const last = times.length ? times[times.length - 1] : Date.now() / 1000;
    return [Math.min(times.length ? times[0] : last, last - 60), last];
  }

  function plotOf(key, figure, data) {
    if (plots.has(key)) return plots.get(key);
    const kind = kinds[key];
    data ??= [[], ...kind.lines.map(() => [])];
    const box = figure.querySelector(".plot");
    box.replaceChildren();
    const axis = { stroke: colour("--muted"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false }, font: "12px system-ui, sans-serif" };
    const plot = new uPlot({
      width: box.clientWidth, height: 120, legend: { show: false }, cursor: { show: false }, padding: [6, 4, 0, 0],
      scales: { x: { time: true, range: () => span(data[0]) }, y: { range: (_, __, max) => [0, Math.max(kind.least, (max || 0) * 1.15)] } },
      series: [{}, ...kind.lines.map(line => ({ stroke: colour(line), fill: colour(line) + "22", width: 1.75, points: { show: false } }))],
      axes: [{ ...axis, size: 22, space: 90, values: (_, ticks) => ticks.map(tick => clock.format(new Date(tick * 1000))) }, { ...axis, size: 64, space: 34, values: (_, ticks) => ticks.map(kind.text) }],
    }, data, box);
    new ResizeObserver(() => plot.setSize({ width: box.clientWidth, height: 120 })).observe(box);
    const state = { plot, data };
    plots.set(key, state);
    return state;
  }

  document.addEventListener("stats", event => {
    const now = event.detail;
    root.hidden = false;
    const at = Date.parse(now.at) / 1000;
    const seconds = before ? at - Date.parse(before.at) / 1000 : 0;
    if (before && (seconds <= 0 || now.cpuSeconds < before.cpuSeconds)) { before = now; return; }
    for (const figure of root.querySelectorAll("[data-chart]")) {
      const kind = kinds[figure.dataset.chart];
      figure.querySelector("[data-note]").textContent = kind.note(now);
      const values = kind.read(now, before, seconds);
      if (!values) {
        if (before) { figure.querySelector("[data-now]").textContent = "–"; figure.querySelector(".skeleton")?.remove(); }
        continue;
      }
      figure.querySelector("[data-now]").textContent = kind.text(values[0]);
      const state = plotOf(figure.dataset.chart, figure);
      state.data[0].push(at);
      values.forEach((value, index) => state.data[index + 1].push(value));
      if (state.data[0].length > most) state.data.forEach(row => row.shift());
      state.plot.setData(state.data);
      figure.dataset.points = state.data[0].length;
    }
    before = now;
  });

  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    for (const [key, state] of plots) {
      state.plot.destroy();
      plots.delete(key);
      const figure = root.querySelector(`[data-chart="${key}"]`);
      plotOf(key, figure, state.data);
    }
  });
})();
