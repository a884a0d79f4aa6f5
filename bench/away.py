"""What is answered while PostgreSQL is away, and what comes of asking again."""

from __future__ import annotations

from bench.api import books
from bench.figures import latencies
from bench.load import Load
from bench.running import Running

BUY_NOWS, WEBHOOKS = 50, 200
LONGEST_SECONDS = 2.0
UNAVAILABLE = 503
AWAY = "urn:bps:problem:temporarily-unavailable"


def faults_without_postgres(running: Running, load: Load) -> list[str]:
    """Stop PostgreSQL, press and deliver, start it, press again; say what was not as promised."""
    load.register(BUY_NOWS)
    tabs = load.tabs(BUY_NOWS)
    running.demo.servers.stop_postgres(immediate=True)
    try:
        delivered, pressed = load.deliver(load.api, WEBHOOKS), load.press(tabs)
    finally:
        running.demo.servers.start_postgres()
    for sort, answers in (("webhook", delivered), ("Buy Now", pressed)):
        print(f"PostgreSQL away: {len(answers)} {sort}: {latencies([a.seconds for a in answers])}")
    again = load.press(tabs)
    charged = books(running.demo.sandbox_url)
    checks = {
        "a webhook was not answered 503": all(a.status == UNAVAILABLE for a in delivered),
        "a webhook's answer took too long": max(a.seconds for a in delivered) < LONGEST_SECONDS,
        "a Buy Now was not told to ask again": all(
            a.status == UNAVAILABLE
            and a.headers.get("Content-Type") == "application/problem+json"
            and a.json["type"] == AWAY
            and "Retry-After" in a.headers
            for a in pressed
        ),
        "a Buy Now's answer took too long": max(a.seconds for a in pressed) < LONGEST_SECONDS,
        "asked again, a Buy Now did not succeed": all(
            a.json.get("purchase", {}).get("status") == "successful" for a in again
        ),
        "not one charge each": all(len(charged[tab.id]["charges"]) == 1 for tab in tabs),
    }
    return [f"PostgreSQL away: {fault}" for fault, holds in checks.items() if not holds]
