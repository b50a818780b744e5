// Dialogs that ask before something is done, forms that are sent once, menus that close.
(() => {
  "use strict";
  document.addEventListener("click", event => {
    const opener = event.target.closest("[data-dialog]");
    if (opener) {
      const dialog = document.getElementById(opener.dataset.dialog);
      dialog.showModal();
      const field = dialog.querySelector("input[data-must-be]");
      if (field) { field.value = ""; check(field); field.focus(); }
      return;
    }
    if (event.target.closest("[data-close]")) event.target.closest("dialog").close();
    else if (event.target.matches("dialog")) event.target.close();
  });

  function check(field) {
    field.form.querySelector("[type=submit]").disabled = field.value !== field.dataset.mustBe;
  }

  document.addEventListener("input", event => {
    if (event.target.matches("input[data-must-be]")) check(event.target);
  });

  document.addEventListener("change", event => {
    if (event.target.matches("select[data-submit]")) event.target.form.requestSubmit();
  });

  // A second click of the same button is no second wish.
  document.addEventListener("submit", event => {
    const form = event.target;
    if (form.method !== "post" || form.hasAttribute("hx-post")) return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "true";
    event.submitter?.setAttribute("aria-busy", "true");
  });

  // A page that comes back from the browser's memory has forms to send again.
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) {
      delete form.dataset.sent;
      form.querySelector("[aria-busy]")?.removeAttribute("aria-busy");
    }
  });
})();
