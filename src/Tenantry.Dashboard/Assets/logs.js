// What an instance prints, followed while somebody looks.
(() => {
  "use strict";
  const box = document.getElementById("log");
  if (!box) return;
  const most = 5000, patience = 10 * 60000;
  const follow = document.querySelector("[data-log-follow]");
  const wrap = document.querySelector("[data-log-wrap]");
  const find = document.querySelector("[data-log-find]");
  const count = document.querySelector("[data-log-count]");
  const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3, hour12: false });
  let source = null, retry = 0, wait = 1000, last = "", lines = 0, quietSince = Date.now();

  function row([at, service, isError, text]) {
    const line = document.createElement("div");
    line.className = isError ? "line error" : "line";
    const time = document.createElement("time");
    time.dateTime = at;
    time.textContent = clock.format(new Date(at));
    line.append(time);
    if (box.dataset.many !== undefined && box.dataset.many !== "False") {
      const name = document.createElement("b");
      name.textContent = service;
      line.append(name);
    }
    const words = document.createElement("span");
    words.textContent = text.replace(/\x1b\[[0-9;?]*[A-Za-z]/g, "");
    line.append(words);
    hide(line);
    return line;
  }

  function hide(line) {
    const wanted = find.value.toLowerCase();
    line.hidden = wanted !== "" && !line.textContent.toLowerCase().includes(wanted);
  }

  function toEnd() {
    if (follow.checked) box.scrollTop = box.scrollHeight;
  }

  function open() {
    clearTimeout(retry);
    source?.close();
    source = null;
    if (document.hidden) return;
    // It goes on after the last line that is here.
    const mine = new EventSource(box.dataset.log + (last ? `${box.dataset.log.includes("?") ? "&" : "?"}after=${last}` : ""));
    source = mine;
    mine.addEventListener("lines", event => {
      // One that ends without a word, as that of an instance at rest, is asked for less and less often.
      wait = 1000;
      quietSince = Date.now();
      last = event.lastEventId || last;
      box.querySelector(".log-empty")?.remove();
      const batch = JSON.parse(event.data);
      box.append(...batch.map(row));
      lines += batch.length;
      while (box.childElementCount > most) box.firstElementChild.remove();
      count.textContent = `${lines.toLocaleString()} lines`;
      toEnd();
    });
    mine.onerror = () => {
      if (source !== mine) return;
      mine.close();
      if (Date.now() - quietSince > patience) {
        source = null;
        giveUp();
        return;
      }
      retry = setTimeout(open, wait);
      wait = Math.min(30000, wait * 2);
    };
  }

  // Nobody is asked for ever: a person says when to go on.
  function giveUp() {
    const again = document.createElement("button");
    again.type = "button";
    again.className = "button small";
    again.textContent = "Nothing came for ten minutes. Look again";
    again.addEventListener("click", () => {
      again.remove();
      quietSince = Date.now();
      wait = 1000;
      open();
    });
    box.append(again);
    toEnd();
  }

  box.addEventListener("scroll", () => {
    const isAtEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 24;
    if (follow.checked !== isAtEnd) follow.checked = isAtEnd;
  });
  follow.addEventListener("change", toEnd);
  wrap.addEventListener("change", () => box.classList.toggle("wrap", wrap.checked));
  find.addEventListener("input", () => { for (const line of box.querySelectorAll(".line")) hide(line); });
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) { clearTimeout(retry); source?.close(); source = null; }
    else { quietSince = Date.now(); open(); }
  });
  window.addEventListener("pagehide", () => source?.close());
  window.addEventListener("pageshow", event => { if (event.persisted) open(); });
  open();
})();
