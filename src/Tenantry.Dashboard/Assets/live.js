// Parts of the page that the server sends when what they show has changed. The connection is kept only while somebody looks.
(() => {
  "use strict";
  const banner = document.getElementById("connection");
  const longest = 30000, patience = 10 * 60000, grace = 1500;
  let source = null, address = null, wait = 1000, retry = 0, worry = 0, lostAt = 0;

  function show(state, text) {
    if (!banner) return;
    banner.dataset.state = state;
    banner.hidden = state !== "lost" && state !== "given-up";
    banner.querySelector("[data-text]").textContent = text || "";
  }

  function place() {
    return document.querySelector("[data-live]")?.dataset.live ?? null;
  }

  function close() {
    clearTimeout(retry);
    clearTimeout(worry);
    source?.close();
    source = null;
  }

  function open() {
    close();
    address = place();
    if (!address || document.hidden) return;
    if (banner?.dataset.state !== "lost") show("connecting");
    const mine = new EventSource(address);
    source = mine;
    mine.onopen = () => {
      clearTimeout(worry);
      wait = 1000;
      lostAt = 0;
      show("live");
    };
    mine.onerror = () => {
      if (source !== mine) return;
      const isRefused = mine.readyState === EventSource.CLOSED;
      mine.close();
      if (isRefused) signInIfAsked();
      lostAt ||= Date.now();
      // A server that renews itself is back before anybody would want to know.
      worry = setTimeout(() => show("lost", "Connection lost. What you see may be old. Trying again …"), banner?.dataset.state === "lost" ? 0 : grace);
      if (Date.now() - lostAt > patience) {
        clearTimeout(worry);
        show("given-up", "Connection lost. What you see is old.");
        return;
      }
      retry = setTimeout(open, wait);
      wait = Math.min(longest, wait * 2);
    };
    mine.addEventListener("part", event => morph(JSON.parse(event.data)));
    mine.addEventListener("stats", event => document.dispatchEvent(new CustomEvent("stats", { detail: JSON.parse(JSON.parse(event.data).html) })));
    mine.addEventListener("gone", () => {
      close();
      location.assign("/");
    });
  }

  // Refused, not lost: the page itself tells whether it is for who signs in anew, and leads there and back, or that what it showed is gone.
  async function signInIfAsked() {
    const answer = await fetch(location.href, { method: "HEAD", redirect: "manual", headers: { Accept: "text/html" } }).catch(() => null);
    if (answer?.type === "opaqueredirect" || [401, 403, 404].includes(answer?.status)) location.reload();
  }

  function morph(part) {
    const element = document.getElementById(part.id);
    if (!element) return;
    const focused = document.activeElement?.id;
    Idiomorph.morph(element, part.html, { morphStyle: "outerHTML", ignoreActiveValue: true, callbacks: { beforeNodeMorphed: keepTime } });
    const now = document.getElementById(part.id);
    if (now) htmx.process(now);
    if (focused && document.activeElement?.id !== focused) document.getElementById(focused)?.focus({ preventScroll: true });
    document.dispatchEvent(new CustomEvent("part", { detail: part.id }));
  }

  // The text of a time is the browser's own.
  function keepTime(old, next) {
    return !(old.nodeType === 1 && old.matches("time[data-time]") && next.nodeType === 1 && old.getAttribute("datetime") === next.getAttribute("datetime"));
  }

  banner?.querySelector("[data-retry]").addEventListener("click", () => { wait = 1000; lostAt = 0; open(); });
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) { close(); show("paused"); }
    else { wait = 1000; lostAt = 0; open(); }
  });
  window.addEventListener("pagehide", close);
  window.addEventListener("pageshow", event => { if (event.persisted) open(); });
  document.addEventListener("htmx:afterSettle", () => { if (place() !== address) open(); });
  window.addEventListener("online", open);
  open();
})();
