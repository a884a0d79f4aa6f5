// Copy buttons, on any page. Without JavaScript, or where the browser offers no clipboard, the
// style sheet keeps them hidden.
"use strict";

if (navigator.clipboard) {
  document.documentElement.classList.add("can-copy");
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    await navigator.clipboard.writeText(button.dataset.copy);
    const said = button.nextElementSibling;
    said.textContent = button.dataset.copied;
    setTimeout(() => (said.textContent = ""), 2000);
  });
}
