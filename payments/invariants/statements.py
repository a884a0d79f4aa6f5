"""What breaks an invariant about a session, as SQL: each statement selects offending rows.

Columns: the session's id, what kind of row, its id, why it offends. `%(sessions)s` are the
sessions to look at, `%(limit)s` how many rows are enough. Every table is entered by an index.
"""

from __future__ import annotations

from typing import Final

# I1
SEVERAL_PURCHASES_OF_A_SESSION: Final = """
    SELECT purchase.session_id, 'purchase', purchase.id, 'its session has another purchase'
      FROM payments_purchase AS purchase
     WHERE purchase.session_id = ANY(%(sessions)s)
       AND EXISTS (SELECT FROM payments_purchase AS other
                    WHERE other.session_id = purchase.session_id AND other.id <> purchase.id)
     LIMIT %(limit)s
"""
SEVERAL_SUCCESSES_OF_AN_ORDER: Final = """
    SELECT purchase.session_id, 'purchase', purchase.id,
           'order ' || purchase.order_reference || ' has another success that is not surplus'
      FROM payments_purchase AS purchase
     WHERE purchase.session_id = ANY(%(sessions)s) AND purchase.phase = 'captured'
       AND NOT purchase.surplus AND purchase.order_reference <> ''
       AND EXISTS (SELECT FROM payments_purchase AS other
                     JOIN payments_paymentsession AS its ON its.id = other.session_id
                    WHERE its.shop_id = purchase.shop_id
                      AND its.order_reference = purchase.order_reference
                      AND other.order_reference = purchase.order_reference
                      AND other.phase = 'captured' AND NOT other.surplus
                      AND other.id <> purchase.id)
     LIMIT %(limit)s
"""

# I2
SUCCESS_WITH_OTHER_MONEY: Final = """
    SELECT purchase.session_id, 'purchase', purchase.id,
           'successful, and captured ' || purchase.captured_amount || ' of ' || purchase.amount
           || ' ' || purchase.currency
      FROM payments_purchase AS purchase
      JOIN payments_paymentsession AS session ON session.id = purchase.session_id
     WHERE purchase.session_id = ANY(%(sessions)s) AND purchase.status = 'successful'
       AND (purchase.captured_amount <= 0
            OR purchase.captured_amount > purchase.amount::numeric
            OR (purchase.captured_amount <> purchase.amount::numeric
                AND session.capture <> 'manual'))
     LIMIT %(limit)s
"""

# I4
SUCCESS_UNDONE: Final = """
    SELECT event.session_id, 'event', event.id,
           event.name || ' led from captured to ' || event.phase_after
      FROM payments_event AS event
     WHERE event.session_id = ANY(%(sessions)s) AND event.phase_after NOT IN ('', 'captured')
       AND EXISTS (SELECT FROM payments_event AS success
                    WHERE success.session_id = event.session_id
                      AND success.position < event.position
                      AND success.phase_after = 'captured')
     LIMIT %(limit)s
"""

# I7
SAME_WEBHOOK_TWICE: Final = """
    SELECT receipt.session_id, 'webhook', receipt.id,
           'another receipt bears the event id ' || receipt.event_id
      FROM payments_webhookreceipt AS receipt
     WHERE receipt.session_id = ANY(%(sessions)s) AND receipt.event_id IS NOT NULL
       AND EXISTS (SELECT FROM payments_webhookreceipt AS other
                    WHERE other.psp = receipt.psp AND other.event_id = receipt.event_id
                      AND other.id <> receipt.id)
     LIMIT %(limit)s
"""
SAME_EFFECT_TWICE: Final = """
    SELECT event.session_id, 'event', event.id,
           'led to ' || event.phase_after || ', where an earlier event had led already'
      FROM payments_event AS event
     WHERE event.session_id = ANY(%(sessions)s)
       AND event.phase_after NOT IN ('', event.phase_before)
       AND EXISTS (SELECT FROM payments_event AS earlier
                    WHERE earlier.session_id = event.session_id
                      AND earlier.position < event.position
                      AND earlier.phase_after = event.phase_after
                      AND earlier.phase_after <> earlier.phase_before)
     LIMIT %(limit)s
"""

# I8
BOUGHT_OTHER_THAN_REGISTERED: Final = """
    SELECT purchase.session_id, 'purchase', purchase.id,
           'for ' || purchase.amount || ' ' || purchase.currency || ', order '
           || purchase.order_reference || '; registered was ' || session.amount || ' '
           || session.currency || ', order ' || session.order_reference
           || CASE WHEN purchase.shop_id = session.shop_id THEN '' ELSE ', of another shop' END
      FROM payments_purchase AS purchase
      JOIN payments_paymentsession AS session ON session.id = purchase.session_id
     WHERE purchase.session_id = ANY(%(sessions)s)
       AND (purchase.amount, purchase.currency, purchase.order_reference, purchase.shop_id)
           IS DISTINCT FROM
           (session.amount, session.currency, session.order_reference, session.shop_id)
     LIMIT %(limit)s
"""

# I9
SEVERAL_CONFIRM_CALLS: Final = """
    SELECT call.session_id, 'psp call', call.id,
           'its purchase has another confirm call, or waits for the shopper'
      FROM payments_pspcall AS call
      JOIN payments_purchase AS purchase ON purchase.id = call.purchase_id
     WHERE call.session_id = ANY(%(sessions)s)
       AND call.operation = 'confirm' AND call.outcome <> 'declined_for_now'
       AND (purchase.awaits_shopper
            OR EXISTS (SELECT FROM payments_pspcall AS other
                        WHERE other.session_id = call.session_id AND other.id <> call.id
                          AND other.operation = 'confirm' AND other.outcome <> 'declined_for_now'
                          AND other.purchase_id = call.purchase_id))
     LIMIT %(limit)s
"""
NO_CONFIRM_CALL: Final = """
    SELECT purchase.session_id, 'purchase', purchase.id,
           purchase.phase || ', and no confirm call is stored'
      FROM payments_purchase AS purchase
     WHERE purchase.session_id = ANY(%(sessions)s)
       AND purchase.phase IN ('submitting', 'in_doubt')
       AND NOT EXISTS (SELECT FROM payments_pspcall AS call
                        WHERE call.session_id = purchase.session_id
                          AND call.purchase_id = purchase.id AND call.operation = 'confirm')
     LIMIT %(limit)s
"""
SENDS_DISAGREE: Final = """
    SELECT call.session_id, 'psp call', call.id,
           'sent ' || call.sends || ' times, which its times and its outcome contradict'
      FROM payments_pspcall AS call
     WHERE call.session_id = ANY(%(sessions)s)
       AND CASE WHEN call.sends = 0
                THEN call.outcome <> 'open'
                     OR COALESCE(call.first_sent_at, call.last_sent_at) IS NOT NULL
                ELSE call.last_sent_at IS NULL OR call.first_sent_at > call.last_sent_at END
     LIMIT %(limit)s
"""
SAME_KEY_TWICE: Final = """
    SELECT call.session_id, 'psp call', call.id, 'another call bears its key'
      FROM payments_pspcall AS call
     WHERE call.session_id = ANY(%(sessions)s)
       AND EXISTS (SELECT FROM payments_pspcall AS other
                    WHERE other.idempotency_key = call.idempotency_key AND other.id <> call.id)
     LIMIT %(limit)s
"""

# I10. `%(psps)s` and `%(half_windows)s` go together: a PSP, and half of its key window in seconds.
SENT_TOO_LATE: Final = """
    SELECT call.session_id, 'psp call', call.id,
           'first sent ' || to_char(call.first_sent_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')
           || ' UTC, last sent '
           || to_char(call.last_sent_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') || ' UTC'
      FROM payments_pspcall AS call
      JOIN unnest(%(psps)s::text[], %(half_windows)s::float8[]) AS remembers (psp, seconds)
        ON remembers.psp = call.psp
     WHERE call.session_id = ANY(%(sessions)s)
       AND extract(epoch FROM call.last_sent_at - call.first_sent_at) >= remembers.seconds
     LIMIT %(limit)s
"""

# I11
SAME_PSP_NAME_TWICE: Final = """
    SELECT session.id, 'session', session.id, 'another session bears its token'
      FROM payments_paymentsession AS session
     WHERE session.id = ANY(%(sessions)s) AND session.psp_token IS NOT NULL
       AND EXISTS (SELECT FROM payments_paymentsession AS other
                    WHERE other.psp = session.psp AND other.psp_token = session.psp_token
                      AND other.id <> session.id)
     LIMIT %(limit)s
"""

# I12
REFUNDS_DISAGREE: Final = """
    SELECT purchase.session_id, 'purchase', purchase.id,
           'captured ' || purchase.captured_amount || ', refunds asked for ' || sums.asked
           || ', done ' || sums.done || ', recorded ' || purchase.refunded_amount
           || CASE WHEN sums.foreign_money THEN ', not all in its currency' ELSE '' END
      FROM payments_purchase AS purchase
     CROSS JOIN LATERAL (
           SELECT COALESCE(sum(refund.amount::numeric) FILTER (WHERE refund.state <> 'failed'), 0),
                  COALESCE(sum(refund.amount::numeric)
                           FILTER (WHERE refund.state = 'successful'), 0),
                  COALESCE(bool_or(refund.currency <> purchase.currency), false)
             FROM payments_refund AS refund WHERE refund.purchase_id = purchase.id
           ) AS sums (asked, done, foreign_money)
     WHERE purchase.session_id = ANY(%(sessions)s)
       AND (sums.asked > purchase.captured_amount OR sums.done <> purchase.refunded_amount
            OR sums.foreign_money)
     LIMIT %(limit)s
"""

# I13. The board's own cases must not excuse what they are about.
SURPLUS_KEPT: Final = """
    SELECT purchase.session_id, 'purchase', purchase.id,
           'surplus, with no refund and nobody asked'
      FROM payments_purchase AS purchase
     WHERE purchase.session_id = ANY(%(sessions)s) AND purchase.surplus
       AND purchase.phase = 'captured'
       AND NOT EXISTS (SELECT FROM payments_refund AS refund
                        WHERE refund.purchase_id = purchase.id AND refund.state <> 'failed')
       AND NOT EXISTS (SELECT FROM payments_case AS asked
                        WHERE asked.session_id = purchase.session_id AND asked.resolved_at IS NULL
                          AND asked.kind <> 'invariant')
     LIMIT %(limit)s
"""
ONLY_SURPLUS: Final = """
    SELECT purchase.session_id, 'purchase', purchase.id,
           'surplus, and order ' || purchase.order_reference || ' has no other success'
      FROM payments_purchase AS purchase
     WHERE purchase.session_id = ANY(%(sessions)s) AND purchase.surplus
       AND NOT EXISTS (SELECT FROM payments_purchase AS other
                         JOIN payments_paymentsession AS its ON its.id = other.session_id
                        WHERE its.shop_id = purchase.shop_id
                          AND its.order_reference = purchase.order_reference
                          AND purchase.order_reference <> ''
                          AND other.phase = 'captured' AND NOT other.surplus)
     LIMIT %(limit)s
"""

# I15. Only rejected receipts are ever deleted, so a cause that is gone was one of them.
REJECTED_WEBHOOK_ACTED: Final = """
    SELECT event.session_id, 'event', event.id,
           event.name || ' was caused by a webhook that was rejected, or never stored'
      FROM payments_event AS event
      LEFT JOIN payments_webhookreceipt AS receipt
        ON receipt.id = CASE WHEN event.cause_id ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
                             THEN event.cause_id::uuid END
     WHERE event.session_id = ANY(%(sessions)s) AND event.cause_kind = 'receipt'
       AND COALESCE(receipt.state, 'rejected') = 'rejected'
     LIMIT %(limit)s
"""
REJECTED_WEBHOOK_BELIEVED: Final = """
    SELECT receipt.session_id, 'webhook', receipt.id, 'rejected, and yet tied to a session'
      FROM payments_webhookreceipt AS receipt
     WHERE receipt.session_id = ANY(%(sessions)s) AND receipt.state = 'rejected'
     LIMIT %(limit)s
"""

# I20
STAFF_UNNAMED: Final = """
    SELECT event.session_id, 'event', event.id,
           event.name || CASE WHEN event.actor = '' THEN ' names nobody' ELSE ' gives no reason' END
      FROM payments_event AS event
     WHERE event.session_id = ANY(%(sessions)s) AND event.cause_kind = 'staff'
       AND (event.actor = ''
            OR (event.data ? 'reason' AND btrim(COALESCE(event.data ->> 'reason', '')) = ''))
     LIMIT %(limit)s
"""
