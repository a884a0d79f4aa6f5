"""What the database holds, and the rules that it enforces itself."""

from payments.domain.answers import CallOutcome
from payments.domain.orders import LateSuccess
from payments.models.approval import Approval
from payments.models.case import Case, CaseKind
from payments.models.event import (
    ENDING_EVENTS,
    OUTCOME_EVENTS,
    CauseKind,
    Event,
    chained_hash,
)
from payments.models.idempotency import IdempotencyRecord
from payments.models.instruction import Instruction
from payments.models.invariant_check import InvariantCheck
from payments.models.notification import NotificationState, NotificationTry, ShopNotification
from payments.models.psp_call import PspCall, new_idempotency_key
from payments.models.purchase import Purchase
from payments.models.receipt import ReceiptState, WebhookReceipt
from payments.models.reconciliation import (
    Discrepancy,
    ReconciliationRun,
    Resolution,
    RunState,
    RunStep,
    StatementFormat,
    StatementLine,
)
from payments.models.refund import Refund, RefundOrigin
from payments.models.session import Capture, PaymentSession
from payments.models.shop import NotificationSecret, Scope, Shop, ShopApiKey
from payments.models.staff_event import StaffEvent
from payments.models.tally import Measure, Tally

__all__ = [
    "ENDING_EVENTS",
    "OUTCOME_EVENTS",
    "Approval",
    "CallOutcome",
    "Capture",
    "Case",
    "CaseKind",
    "CauseKind",
    "Discrepancy",
    "Event",
    "IdempotencyRecord",
    "Instruction",
    "InvariantCheck",
    "LateSuccess",
    "Measure",
    "NotificationSecret",
    "NotificationState",
    "NotificationTry",
    "PaymentSession",
    "PspCall",
    "Purchase",
    "ReceiptState",
    "ReconciliationRun",
    "Refund",
    "RefundOrigin",
    "Resolution",
    "RunState",
    "RunStep",
    "Scope",
    "Shop",
    "ShopApiKey",
    "ShopNotification",
    "StaffEvent",
    "StatementFormat",
    "StatementLine",
    "Tally",
    "WebhookReceipt",
    "chained_hash",
    "new_idempotency_key",
]
