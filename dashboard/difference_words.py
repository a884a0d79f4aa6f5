"""What each kind of difference means, and what staff do about it."""

from __future__ import annotations

from typing import Final

from payments.domain.reconciliation import DifferenceKind

_K = DifferenceKind

MEANINGS: Final[dict[DifferenceKind, str]] = {
    _K.MISSING_HERE: "The PSP took money for which nobody pressed Buy Now here. Find out from the "
    "PSP whose it is; refund it there if it is nobody's.",
    _K.MISSING_THERE: "We hold a success, and the PSP lists no charge. Ask the PSP for the charge "
    "by the token before anything is shipped.",
    _K.AMOUNT: "The PSP took another amount than we hold. Refund what is too much, or agree with "
    "the shop on what is missing.",
    _K.CURRENCY: "The PSP took another currency than we hold. Ask the PSP to put it right.",
    _K.STATUS: "Both sides know it, and say different ends. A charge is asked about in every run "
    "and taken through the gate; a refund ends by its own look-ups.",
    _K.DUPLICATE_CHARGE: "The PSP charged more than once for one checkout. Refund the charge named "
    "here at the PSP.",
    _K.REFUND_MISSING_HERE: "The PSP gave money back that nobody asked for here, by hand in "
    "its own pages. Note why.",
    _K.REFUND_MISSING_THERE: "We told the shop that money was given back, and the PSP lists "
    "nothing. Ask the PSP.",
    _K.REFUND_AMOUNT: "The PSP gave back another amount than was asked for.",
    _K.FEE: "The PSP kept more than the limit, or in another currency than the charge. Compare "
    "with the contract.",
}
