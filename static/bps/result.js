// The result page looks again by itself and, soon after a success, leads on to the shop.
// Without JavaScript the page reloads itself instead; nothing here is needed to learn the outcome.
"use strict";

const outcome = document.getElementById("outcome");

function lookAgainLater(seconds) {
  if (seconds) setTimeout(look, seconds * 1000);
}

// A look that gets no answer says nothing about the payment: keep what is shown, and look again.
async function look() {
  const pace = Number(outcome.dataset.pollSeconds);
  try {
    const answer = await fetch(location.pathname + "?poll", { cache: "no-store" });
    const { state, poll_seconds: next } = await answer.json();
    if (state !== outcome.dataset.state) await showNewOutcome();
    lookAgainLater(next);
  } catch {
    lookAgainLater(pace * 2);
  }
}

// The status element itself stays, so that what changes in it is announced.
async function showNewOutcome() {
  const answer = await fetch(location.href, { cache: "no-store" });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const news = page.getElementById("outcome");
  outcome.dataset.state = news.dataset.state;
  document.title = page.title;
  outcome.replaceChildren(...news.childNodes);
  document.getElementById("details").replaceWith(page.getElementById("details"));
  leadOn();
}

function leadOn() {
  const line = document.getElementById("moving-on");
  // Whoever came back with the browser's button wants to read, not to be sent away again.
  const came = performance.getEntriesByType("navigation")[0];
  if (!line || (came && came.type === "back_forward")) {
    line?.remove();
    return;
  }
  const shown = line.querySelector("[data-countdown]");
  let seconds = Number(shown.textContent);
  const clock = setInterval(() => {
    seconds -= 1;
    shown.textContent = seconds;
    if (seconds > 0) return;
    clearInterval(clock);
    location.assign(line.dataset.url);
  }, 1000);
  line.querySelector("[data-stay]").addEventListener("click", (event) => {
    event.preventDefault();
    clearInterval(clock);
    line.remove();
  });
}

lookAgainLater(Number(outcome.dataset.pollSeconds));
leadOn();
