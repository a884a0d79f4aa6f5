"""Rows of a busy quarter for benchmark and pictures of the mid-office, made by the database itself.

They are alike what three months leave behind in kinds, proportions and order; no purchase of them
ever went through a service. Triggers are off meanwhile: what they guard is not measured here.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from django.db import connection

from payments.models import Shop
from payments.services.tally import tally_hours

DAYS: Final = 90

# Rows are stored several times sooner without these, and each is then made by one sort.
INDEXES: Final = """
SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
 WHERE starts_with(indrelid::regclass::text, 'payments_')
   AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
"""
# A key in the order of time, as the rows of the application have.
KEY: Final = """
CREATE FUNCTION pg_temp.key(at timestamptz, salt text) RETURNS uuid LANGUAGE sql STABLE AS $$
    SELECT overlay(overlay(md5(salt) PLACING
           lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' FROM 1)
           PLACING '8' FROM 17)::uuid $$
"""
# `n` counts sessions from the oldest to the newest, of which some hours and days have more than
# others; `u`, 0 to 999, decides what became of each.
SEEDED: Final = """
CREATE TEMP TABLE seeded AS
SELECT *, fate IN ('captured', 'declined', 'cancelled', 'errored') AS is_ended,
       fate NOT IN ('open', 'left', 'called_off', 'refused') AS is_bought
  FROM (SELECT n, at, pg_temp.key(at, 's' || n) AS id,
               pg_temp.key(at + '1 min', 'p' || n) AS purchase,
               (ARRAY['sandbox', 'adyen', 'mollie'])[1 + n %% 3] AS psp,
               CASE WHEN n %% 20 = 0 THEN 'JPY' WHEN n %% 6 = 0 THEN 'USD' ELSE 'EUR' END
                   AS currency,
               CASE WHEN n %% 20 = 0 THEN (500 + n %% 9000)::text
                    ELSE (5 + n %% 190)::text || '.' || lpad((n %% 100)::text, 2, '0') END
                   AS amount,
               CASE WHEN u >= 990 AND n > %(number)s * 0.98 THEN
                    CASE WHEN u >= 994 THEN 'open' WHEN u >= 992 THEN 'in_doubt'
                         ELSE 'pending' END
               WHEN u < 740 OR u >= 990 THEN 'captured' WHEN u < 800 THEN 'declined'
               WHEN u < 810 THEN 'cancelled' WHEN u < 812 THEN 'errored' WHEN u < 940 THEN 'left'
               WHEN u < 980 THEN 'called_off' ELSE 'refused' END AS fate
          FROM (SELECT n, n * 7919 %% 1000 AS u,
                       now() - make_interval(secs => ago + 7000 * sin(2 * pi() * ago / 86400)
                           - 40000 * sin(2 * pi() * ago / 604800)) AS at
                  FROM (SELECT n, %(seconds)s * (1 - n::float8 / %(number)s) AS ago
                          FROM generate_series(1, %(number)s::bigint) AS n) AS spread
               ) AS numbered) AS fated
"""
SESSIONS: Final = """
INSERT INTO payments_paymentsession (id, created_at, updated_at, shop_id, checkout_id,
       order_reference, psp, psp_token, purchase_url, amount, currency, status, capture, return_url,
       buy_now_url, locale, metadata, public_token, expires_at, cancel_reason, may_be_paid,
       attempts)
SELECT id, at, at, %(shop)s, 'c-' || n, 'o-' || n, psp,
       CASE fate WHEN 'refused' THEN NULL ELSE 'tok_' || n END, '', amount, currency,
       CASE WHEN fate IN ('open', 'in_doubt', 'pending') THEN 'registered'
            WHEN fate = 'left' THEN 'expired' WHEN fate = 'called_off' THEN 'cancelled'
            WHEN fate = 'refused' THEN 'failed' ELSE 'completed' END,
       'automatic', 'https://shop.example/thanks', 'https://shop.example/buy', 'en', '{}'::jsonb,
       'public_' || n, at + '1 hour', '', false, 0
  FROM seeded
"""
PURCHASES: Final = """
INSERT INTO payments_purchase (id, created_at, updated_at, session_id, shop_id, order_reference,
       purchase_info, amount, currency, phase, phase_since, reason_code, reason_text,
       payment_reference, captured_amount, refunded_amount, surplus, on_page,
       awaits_shopper, presses, polls,
       finished_at, due_at, attempts)
SELECT purchase, at + '1 min', at + '2 min', id, %(shop)s, 'o-' || n,
       jsonb_build_object('customer_reference', 'k-' || n %% (%(number)s / 20 + 1)),
       amount, currency, fate, at + '2 min',
       CASE fate WHEN 'declined' THEN (ARRAY['insufficient_funds', 'do_not_honor', 'lost_card',
            'expired_card', 'suspected_fraud'])[1 + n %% 5] ELSE '' END, '', 'ch_' || n,
       CASE fate WHEN 'captured' THEN amount::numeric ELSE 0 END, 0, false, false, false, 1, n %% 4,
       CASE WHEN is_ended THEN at + '2 min' END,
       CASE WHEN NOT is_ended THEN now() + make_interval(secs => n %% 3600) END, 0
  FROM seeded WHERE is_bought
"""
EVENTS: Final = """
INSERT INTO payments_event (id, created_at, updated_at, session_id, purchase_id, position, name,
       cause_kind, cause_id, actor, phase_before, phase_after, data, previous_hash, hash)
SELECT pg_temp.key(at, 'e' || n), at, at, id, NULL, 1, 'session.registered', 'api_request', '', '',
       '', '', '{}'::jsonb, '', '' FROM seeded
UNION ALL
SELECT pg_temp.key(at + '2 min', 'f' || n), at + '2 min', at, id, purchase, 2, 'purchase.' || fate,
       (ARRAY['psp_call', 'psp_call', 'receipt', 'receipt', 'receipt', 'return', 'poll'])
           [1 + n %% 7], '', '', 'submitting', fate, '{}'::jsonb, '', ''
  FROM seeded WHERE is_ended
UNION ALL
SELECT pg_temp.key(at + '3 min', 'g' || n), at + '3 min', at, id, NULL, 3, 'report.stale', 'staff',
       '', (ARRAY['olga', 'pia', 'quentin'])[1 + n %% 3], '', '', '{}'::jsonb, '', ''
  FROM seeded WHERE n %% 300 = 7
"""
CALLS: Final = """
INSERT INTO payments_pspcall (id, created_at, updated_at, session_id, purchase_id, psp, operation,
       idempotency_key, method, path, headers, body, sends, first_sent_at, last_sent_at,
       answered_at, duration_ms, outcome, answer, error)
SELECT pg_temp.key(at + '1 min', 'c' || n), at + '1 min', at, id, purchase, psp, 'confirm',
       'key-' || n, 'POST', '/', '{}'::jsonb, '', 1, at + '1 min', at + '1 min', at + '61 s',
       (exp(3 + 4 * ((n * 104729 %% 1000) / 1000.0)))::int,
       CASE fate WHEN 'in_doubt' THEN 'in_doubt' WHEN 'declined' THEN 'declined'
            ELSE 'answered' END, '{}'::jsonb, ''
  FROM seeded WHERE is_bought
"""
RECEIPTS: Final = """
INSERT INTO payments_webhookreceipt (id, created_at, updated_at, psp, event_id, event_type,
       psp_token, reference, payment_reference, news, session_id, headers, body, state, note,
       deliveries, processed_at, attempts)
SELECT pg_temp.key(at + '2 min', 'r' || n), at + '2 min', at, psp, 'evt_' || n, 'session.paid',
       'tok_' || n, '', 'ch_' || n, '{}'::jsonb, CASE WHEN n %% 700 = 0 THEN NULL ELSE id END,
       '{}'::jsonb, '', CASE WHEN n %% 700 = 0 THEN 'unmatched' WHEN n %% 900 = 0 THEN 'rejected'
       ELSE 'processed' END, '', 1, at + '2 min', 0
  FROM seeded WHERE is_ended
"""
NOTIFICATIONS: Final = """
INSERT INTO payments_shopnotification (id, created_at, updated_at, session_id, purchase_id, type,
       body, state, delivered_at, due_at, attempts)
SELECT pg_temp.key(at + '2 min', 'n' || n), at + '2 min', at, id, purchase,
       CASE fate WHEN 'captured' THEN 'purchase.successful' ELSE 'purchase.failed' END, '{}',
       CASE WHEN n %% 1100 = 0 THEN 'given_up' WHEN n > %(number)s * 0.999 THEN 'waiting'
            ELSE 'delivered' END,
       at + '2 min', CASE WHEN n > %(number)s * 0.999 AND n %% 1100 <> 0 THEN now() + '1 h' END, 1
  FROM seeded WHERE is_ended
"""
TRIES: Final = """
INSERT INTO payments_notificationtry (id, created_at, updated_at, notification_id, http_status,
       error, duration_ms)
SELECT pg_temp.key(at + '2 min', 't' || n), at + '2 min', at,
       pg_temp.key(at + '2 min', 'n' || n), 200, '', 20
  FROM seeded WHERE is_ended
"""
REFUNDS: Final = """
INSERT INTO payments_refund (id, created_at, updated_at, session_id, purchase_id, amount, currency,
       origin, phase, phase_since, polls, refund_reference, reason, request_key, attempts)
SELECT pg_temp.key(at + '1 day', 'b' || n), least(at + '1 day', now()), at, id, purchase, amount,
       currency, 'requested', CASE WHEN n %% 400 = 0 THEN 'failed' WHEN n %% 240 = 0 THEN 'pending'
       ELSE 'successful' END, at, 1, 're_' || n, 'Returned', '', 0
  FROM seeded WHERE fate = 'captured' AND n %% 20 IN (0, 7)
"""
CASES: Final = """
INSERT INTO payments_case (id, created_at, updated_at, session_id, kind, detail, resolution,
       resolved_at)
SELECT pg_temp.key(at + '2 min', 'k' || n), at + '2 min', at, id,
       (ARRAY['unanswered', 'surplus', 'late_success', 'refund_failed'])[1 + n / 400 %% 4],
       'Seeded.', '', CASE WHEN n %% 4000 = 7 THEN NULL ELSE at + '1 day' END
  FROM seeded WHERE n %% 400 = 7
"""
# The charts of a year, and of the year before, read as many tallies as two such years leave.
EARLIER_DAYS: Final = """
INSERT INTO payments_tally (id, created_at, updated_at, hours, hour, measure, psp, currency, word,
       count, amount)
SELECT gen_random_uuid(), now(), now(), hours, hour - make_interval(days => back * %(days)s),
       measure, psp, currency, word, count, amount
  FROM payments_tally, generate_series(1, 8) AS back
 WHERE hours = 24
    ON CONFLICT DO NOTHING
"""
SETTINGS: Final = (
    "session_replication_role = replica",
    "synchronous_commit = off",
    "statement_timeout = 0",
    "maintenance_work_mem = '512MB'",
)
STATEMENTS: Final = (
    KEY,
    SEEDED,
    "ANALYZE seeded",
    SESSIONS,
    PURCHASES,
    EVENTS,
    CALLS,
    RECEIPTS,
    NOTIFICATIONS,
    TRIES,
    REFUNDS,
    CASES,
)


def seed(number: int) -> None:
    """Store so many sessions, the newest of now, all that belongs to them, and tallies."""
    shop = Shop.objects.create(name="Seeded")
    given: dict[str, Any] = {"shop": shop.pk, "number": number, "seconds": DAYS * 24 * 3600}
    with connection.cursor() as cursor:
        for setting in SETTINGS:
            cursor.execute(f"SET {setting}")
        cursor.execute(INDEXES)
        indexes = cursor.fetchall()
        for name, _ in indexes:
            cursor.execute(f"DROP INDEX {name}")
        for statement in STATEMENTS:
            cursor.execute(statement, given)
        for _, definition in indexes:
            cursor.execute(definition)
        tally_hours(now=datetime.now(UTC), days_at_most=DAYS + 2)
        cursor.execute(EARLIER_DAYS, {"days": DAYS})
        cursor.execute("VACUUM ANALYZE")
        for setting in SETTINGS:
            cursor.execute(f"RESET {setting.split()[0]}")
