// Passkeys: a form that bears data-passkey asks the browser for one, and sends what comes back.
// Without JavaScript, or where the browser has none, the style sheet keeps such forms hidden.
"use strict";

const ASK = {
  create: (options) => {
    const { publicKey } = options;
    // One that the device can find by itself: a login with it names nobody beforehand.
    publicKey.authenticatorSelection = {
      ...publicKey.authenticatorSelection,
      residentKey: "required",
      requireResidentKey: true,
    };
    return navigator.credentials.create({
      publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(publicKey),
    });
  },
  get: ({ publicKey }) =>
    navigator.credentials.get({
      publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(publicKey),
    }),
};

const WORDS = {
  InvalidStateError: "This device holds a passkey of yours already.",
  NotAllowedError: "No passkey was used: it was called off, or took too long.",
  SecurityError: "Passkeys need a host name in the address, such as localhost, and not a number.",
};

async function optionsFor(form) {
  if (form.dataset.passkey !== "fetch") {
    return JSON.parse(document.getElementById("passkey-options").textContent);
  }
  const answer = await fetch(form.action, { headers: { Accept: "application/json" } });
  return (await answer.json()).request_options;
}

async function send(form) {
  const said = form.querySelector("[data-said]");
  try {
    const ask = form.dataset.passkey === "create" ? ASK.create : ASK.get;
    const credential = await ask(await optionsFor(form));
    form.elements.credential.value = JSON.stringify(credential);
    form.submit();
  } catch (error) {
    said.textContent = WORDS[error.name] ?? "The passkey could not be used. Try again.";
  }
}

if (window.PublicKeyCredential?.parseRequestOptionsFromJSON) {
  document.documentElement.classList.add("has-passkeys");
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      send(form);
    });
  }
}
