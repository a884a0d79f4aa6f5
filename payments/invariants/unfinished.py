"""Unfinished work that nobody will do, as SQL: I5.

These look at all rows, whatever their age: unfinished ones are few, and each kind has an index of
its own. Columns and parameters as in `statements`; `%(overdue)s` is when work that nobody has
come for by now was due at the latest. The board's own cases excuse nothing.
"""

from __future__ import annotations

from typing import Final

PURCHASE_FORGOTTEN: Final = """
    SELECT purchase.session_id, 'purchase', purchase.id,
           purchase.phase || ', with nothing due and nobody asked'
      FROM payments_purchase AS purchase
     WHERE purchase.status = 'started' AND purchase.due_at IS NULL
       AND NOT EXISTS (SELECT FROM payments_case AS asked
                        WHERE asked.session_id = purchase.session_id AND asked.resolved_at IS NULL
                          AND asked.kind <> 'invariant')
     LIMIT %(limit)s
"""
SESSION_FORGOTTEN: Final = """
    SELECT session.id, 'session', session.id,
           session.status || ', with nothing due and nobody asked'
      FROM payments_paymentsession AS session
     WHERE session.status IN ('created', 'registered') AND session.due_at IS NULL
       AND NOT EXISTS (SELECT FROM payments_purchase AS purchase
                        WHERE purchase.session_id = session.id)
       AND NOT EXISTS (SELECT FROM payments_case AS asked
                        WHERE asked.session_id = session.id AND asked.resolved_at IS NULL
                          AND asked.kind <> 'invariant')
     LIMIT %(limit)s
"""
REFUND_FORGOTTEN: Final = """
    SELECT refund.session_id, 'refund', refund.id,
           'pending, with nothing due and nobody asked'
      FROM payments_refund AS refund
     WHERE refund.state = 'pending' AND refund.due_at IS NULL
       AND NOT EXISTS (SELECT FROM payments_case AS asked
                        WHERE asked.session_id = refund.session_id AND asked.resolved_at IS NULL
                          AND asked.kind <> 'invariant')
     LIMIT %(limit)s
"""
INSTRUCTION_FORGOTTEN: Final = """
    SELECT instruction.session_id, 'instruction', instruction.id,
           instruction.kind || ' pending, with nothing due and nobody asked'
      FROM payments_instruction AS instruction
     WHERE instruction.state = 'pending' AND instruction.due_at IS NULL
       AND NOT EXISTS (SELECT FROM payments_case AS asked
                        WHERE asked.session_id = instruction.session_id
                          AND asked.resolved_at IS NULL AND asked.kind <> 'invariant')
     LIMIT %(limit)s
"""
RECEIPT_FORGOTTEN: Final = """
    SELECT receipt.session_id, 'webhook', receipt.id, 'waiting, with nothing due'
      FROM payments_webhookreceipt AS receipt
     WHERE receipt.state = 'waiting' AND receipt.due_at IS NULL
     LIMIT %(limit)s
"""
# A shop without a notification URL is told nothing, and nothing is due.
NOTIFICATION_FORGOTTEN: Final = """
    SELECT notification.session_id, 'notification', notification.id,
           'waiting, with nothing due'
      FROM payments_shopnotification AS notification
      JOIN payments_paymentsession AS session ON session.id = notification.session_id
      JOIN payments_shop AS shop ON shop.id = session.shop_id
     WHERE notification.state = 'waiting' AND notification.due_at IS NULL
       AND shop.notification_url <> ''
     LIMIT %(limit)s
"""


def overdue(table: str, kind: str, session: str) -> str:
    """Return the statement that finds rows of a table that nobody has come for."""
    return f"""
    SELECT late.{session}, '{kind}', late.id,
           'due since ' || to_char(late.due_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')
           || ' UTC, and nobody has come for it'
      FROM {table} AS late
     WHERE late.due_at < %(overdue)s
       AND (late.leased_until IS NULL OR late.leased_until <= %(now)s)
     ORDER BY late.due_at
     LIMIT %(limit)s
"""  # noqa: S608 - all three are constants of the catalogue
