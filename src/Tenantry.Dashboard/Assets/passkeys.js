// Passkeys: the browser asks an authenticator what the server wants to know.
(() => {
  "use strict";
  const add = document.querySelector("[data-passkey-add]");
  const signIn = document.querySelector("[data-passkey-sign-in]");
  if (!add && !signIn) return;
  // An address is no name that a passkey could be bound to.
  const isAddress = /^[\d.]+$|^\[/.test(location.hostname);
  const canDo = typeof PublicKeyCredential === "function" && typeof PublicKeyCredential.parseRequestOptionsFromJSON === "function";

  async function ask(url, headers, body) {
    const answer = await fetch(url, { method: "POST", headers: { Accept: "application/json", "Content-Type": "application/json", ...headers }, body });
    const json = await answer.json();
    if (!answer.ok) throw new Error(json.detail);
    return json;
  }

  async function run(form, work) {
    const message = form.querySelector("[data-passkey-message]");
    const button = form.querySelector("button");
    message.hidden = true;
    button.setAttribute("aria-busy", "true");
    try {
      await work();
    } catch (failure) {
      message.textContent = failure.name === "NotAllowedError" ? "The authenticator was not asked, or did not answer. Try again." : failure.message;
      message.hidden = false;
      button.removeAttribute("aria-busy");
    }
  }

  if (signIn && canDo && !isAddress) {
    signIn.hidden = false;
    signIn.addEventListener("submit", event => {
      if (signIn.elements.credential.value) return;
      event.preventDefault();
      event.stopPropagation();
      run(signIn, async () => {
        const asked = await ask("/signin/passkey/options", {});
        const credential = await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(asked.options) });
        signIn.elements.handshake.value = asked.handshake;
        signIn.elements.credential.value = JSON.stringify(credential.toJSON());
        signIn.submit();
      });
    });
  }

  if (add) {
    if (!canDo || isAddress) {
      add.querySelector("button").disabled = true;
      const message = add.querySelector("[data-passkey-message]");
      message.textContent = isAddress ? `A passkey is bound to a host name: open http://localhost:${location.port}/account instead.` : "This browser has no passkeys.";
      message.hidden = false;
      return;
    }

    add.addEventListener("submit", event => {
      event.preventDefault();
      event.stopPropagation();
      run(add, async () => {
        const headers = { "X-CSRF-Token": add.elements.csrf.value };
        const asked = await ask("/v1/session/passkeys/options", headers, JSON.stringify({ current: add.elements.current?.value || null }));
        const credential = await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(asked.options) });
        await ask("/v1/session/passkeys", headers, JSON.stringify({
          handshake: asked.handshake, credential: JSON.stringify(credential.toJSON()), name: add.elements.name.value || null,
        }));
        location.reload();
      });
    });
  }
})();
