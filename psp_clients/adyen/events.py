"""What Adyen's event codes mean, as tables. `success` says whether what the code names came true.

A code and success that no table lists are news of a payment that we do not understand: PENDING,
`known=False`, and a person looks.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from psp_clients.contract import RefundState, ReportedState

TRUE: Final = "true"
FALSE: Final = "false"

AUTHORISATION: Final = ("AUTHORISATION", TRUE)
CAPTURE: Final = ("CAPTURE", TRUE)

BEGINS_A_PAYMENT: Final = frozenset({"AUTHORISATION", "OFFER_CLOSED", "PENDING"})

# A refused attempt, or an offer that closed (a bank's page left behind), ends no session: the same
# shopper may pay in another way until it expires.
PAYMENT_EVENTS: Final = MappingProxyType(
    {
        AUTHORISATION: ReportedState.AUTHORIZED,  # CAPTURED where Adyen captures by itself
        ("AUTHORISATION", FALSE): ReportedState.OPEN,
        ("OFFER_CLOSED", TRUE): ReportedState.OPEN,
        ("PENDING", TRUE): ReportedState.PENDING,
        CAPTURE: ReportedState.CAPTURED,
        ("CANCELLATION", TRUE): ReportedState.CANCELLED,
        ("TECHNICAL_CANCEL", TRUE): ReportedState.CANCELLED,
        ("TECHNICAL_CANCEL", FALSE): ReportedState.OPEN,  # no payment bore our reference
        ("EXPIRE", TRUE): ReportedState.EXPIRED,  # what was left uncaptured
    }
)

# "true" of a failure says that it failed.
REFUND_EVENTS: Final = MappingProxyType(
    {
        ("REFUND", TRUE): RefundState.SUCCESSFUL,
        ("REFUND", FALSE): RefundState.FAILED,
        ("REFUND_FAILED", TRUE): RefundState.FAILED,
        ("REFUNDED_REVERSED", TRUE): RefundState.FAILED,
        ("POSTPONED_REFUND", TRUE): RefundState.PENDING,
    }
)

# A payment that was cancelled or given back, whichever was still possible: not by our API calls.
REVERSAL: Final = ("CANCEL_OR_REFUND", TRUE)
REVERSAL_ACTION: Final = "modification.action"

# News that is none of a payment's or a refund's state, and why a person must look.
ATTENTION: Final = MappingProxyType(
    {
        ("CAPTURE", FALSE): "the capture was refused: nothing was taken by it",
        ("CAPTURE_FAILED", TRUE): "the capture failed later: the money will not be paid out",
        ("CANCELLATION", FALSE): "the cancel was refused: the authorisation stands",
        ("CANCEL_OR_REFUND", FALSE): "a reversal asked for at Adyen was refused",
        ("AUTHORISATION_ADJUSTMENT", TRUE): "the authorised amount was changed at Adyen",
        ("AUTHORISATION_ADJUSTMENT", FALSE): "a change of the authorised amount was refused",
        ("HANDLED_EXTERNALLY", TRUE): "the payment was handled outside of Adyen",
        ("MANUAL_REVIEW_REJECT", TRUE): "the payment was rejected in review at Adyen",
        ("ORDER_CLOSED", TRUE): "the shopper paid in several parts",
        ("ORDER_CLOSED", FALSE): "the shopper did not pay all of several parts",
        ("REFUND_WITH_DATA", TRUE): "money was given without reference to a payment",
        ("REFUND_WITH_DATA", FALSE): "giving money without reference to a payment failed",
    }
)

# Whatever their success says: what a dispute means for the books, people decide.
DISPUTES: Final = MappingProxyType(
    {
        "CHARGEBACK": "the payment was charged back",
        "CHARGEBACK_REVERSED": "a chargeback was reversed, for now",
        "DISPUTE_DEFENSE_PERIOD_ENDED": "the time to defend a dispute is over",
        "INFORMATION_SUPPLIED": "a dispute was defended",
        "ISSUER_COMMENTS": "the issuer commented on a dispute",
        "ISSUER_RESPONSE_TIMEFRAME_EXPIRED": "the issuer accepted a defence, or did not answer",
        "NOTIFICATION_OF_CHARGEBACK": "a dispute was opened",
        "NOTIFICATION_OF_FRAUD": "the issuer calls the payment fraudulent",
        "PREARBITRATION_ACCEPTED": "a pre-arbitration was accepted",
        "PREARBITRATION_DECLINED": "a pre-arbitration was declined",
        "PREARBITRATION_ISSUER_WITHDRAWN": "the issuer withdrew a pre-arbitration",
        "PREARBITRATION_LOST": "a pre-arbitration was lost",
        "PREARBITRATION_OPEN": "a pre-arbitration was opened",
        "PREARBITRATION_WON": "a pre-arbitration was won",
        "REQUEST_FOR_INFORMATION": "the issuer asks about the payment",
        "SCHEME_ARBITRATION": "a dispute goes to the card scheme",
        "SCHEME_ARBITRATION_LOST": "a scheme arbitration was lost",
        "SCHEME_ARBITRATION_WON": "a scheme arbitration was won",
        "SECOND_CHARGEBACK": "the payment was charged back a second time",
    }
)

# About no payment of a session, or about nothing that changes one. A report is there every day: it
# is fetched when books are closed, and no reason to call anybody.
IGNORED: Final = frozenset(
    {
        "ACH_NOTIFICATION_OF_CHANGE",
        "AUTHENTICATION",
        "AUTORESCUE",
        "CANCEL_AUTORESCUE",
        "DIRECT_DEBIT_NOTICE_OF_CHANGE_NOTIFICATION",
        "MANUAL_REVIEW_ACCEPT",
        "ORDER_OPENED",
        "PAIDOUT_REVERSED",
        "PAYOUT_DECLINE",
        "PAYOUT_EXPIRE",
        "PAYOUT_THIRDPARTY",
        "RECURRING_CONTRACT",
        "REPORT_AVAILABLE",
        "VOID_PENDING_REFUND",
    }
)
