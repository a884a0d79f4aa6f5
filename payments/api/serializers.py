"""The form of requests and answers. What a shop's settings or the state allow, services decide."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from django.utils.http import url_has_allowed_host_and_scheme
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from payments.domain.instructions import InstructionState
from payments.domain.lifecycle import Phase, PurchaseStatus, SessionStatus
from payments.domain.money import (
    CANONICAL_AMOUNT,
    MoneyRefused,
    is_plain_decimal,
    parse_money,
)
from payments.domain.schedule import SESSION_LIFETIME, SESSION_LIFETIME_LIMITS
from payments.models import Capture
from psp_clients.contract import ConfirmMode, RefundState
from psp_clients.evidence import holds_card_number
from psp_clients.settings import Mode

LOCALES: Final = ("en", "de", "fr", "es", "nl", "ar")
ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")
MOST_METADATA: Final = 20


class JsonString(serializers.CharField):
    """A JSON string, and nothing that merely can be written as one. White space is not cut off."""

    def __init__(self, **options: Any) -> None:
        super().__init__(trim_whitespace=False, **options)

    def to_internal_value(self, data: Any) -> str:
        """Return the string, refusing numbers."""
        if not isinstance(data, str):
            raise serializers.ValidationError("must be a string")
        return str(super().to_internal_value(data))


class Text(JsonString):
    """Words of a shop or a shopper, in which a card number may have slipped."""

    def to_internal_value(self, data: Any) -> str:
        """Return the string, refusing card numbers: BPS is never to hold one."""
        text = super().to_internal_value(data)
        if holds_card_number(text):
            raise serializers.ValidationError(
                "looks like a card number, which BPS must never be given"
            )
        return text


class Id(Text):
    """An id that a shop chose."""

    def to_internal_value(self, data: Any) -> str:
        """Return the id, refusing what could not stand in a URL."""
        text = super().to_internal_value(data)
        if not ID.fullmatch(text):
            raise serializers.ValidationError(
                "must be 1 to 64 letters, digits, dots, colons, dashes or underscores"
            )
        return text


class ShopperUrl(Text):
    """A URL of the shop to which a shopper may be sent. Its origin is compared elsewhere."""

    def to_internal_value(self, data: Any) -> str:
        """Return the URL, refusing every form that a browser could read differently than we."""
        text = super().to_internal_value(data)
        if any(character.isspace() or character == "\\" for character in text):
            raise serializers.ValidationError("must hold no white space and no backslash")
        try:
            return self._checked(text, urlsplit(text))
        except ValueError as error:
            raise serializers.ValidationError("is not a URL") from error

    @staticmethod
    def _checked(text: str, parts: SplitResult) -> str:
        """Return the URL. Raises ValueError where it cannot be taken apart."""
        _ = parts.port  # read, because a wrong one is found only then
        if parts.scheme not in ("https", "http") or not parts.netloc:
            raise serializers.ValidationError("must be an absolute https URL")
        if "@" in parts.netloc:
            raise serializers.ValidationError("must not hold credentials")
        if not url_has_allowed_host_and_scheme(text, {parts.netloc}):
            raise serializers.ValidationError("is not a URL that browsers read alike")
        return text


class WholeNumber(serializers.IntegerField):
    """A JSON number without a fraction, and nothing that merely reads like one."""

    def to_internal_value(self, data: Any) -> int:
        """Return the number, refusing strings, fractions and booleans."""
        if not isinstance(data, int) or isinstance(data, bool):
            raise serializers.ValidationError("must be a whole number")
        return int(super().to_internal_value(data))


class Strict(serializers.Serializer[Any]):
    """A body whose every member is known."""

    def to_internal_value(self, data: Any) -> Any:
        """Return the validated values, refusing members that nobody asked for."""
        if isinstance(data, dict):
            unknown = sorted(set(data) - set(self.fields))
            if unknown:
                raise serializers.ValidationError(
                    {name[:64]: "is not a known field" for name in unknown}
                )
        return super().to_internal_value(data)


@extend_schema_field({"type": "string", "pattern": CANONICAL_AMOUNT})
class Amount(serializers.Field[Any, Any, Any, Any]):
    """An amount as sent; whether it is money is judged together with the currency."""

    def to_internal_value(self, data: Any) -> Any:
        """Return what was sent, whatever it was."""
        return data

    def to_representation(self, value: Any) -> Any:
        """Return the canonical string."""
        return value


class RegisterRequest(Strict):
    """A checkout to register."""

    checkout_id = Id(max_length=64)
    amount = Amount(help_text='Decimal string in major units: "19.99"')
    currency = Text(max_length=8, help_text="ISO 4217, three capital letters")
    return_url = ShopperUrl(max_length=2000, help_text="The page on which the shopper ends")
    buy_now_url = ShopperUrl(
        max_length=2000,
        required=False,
        help_text="Where the PSP's page sends the shopper who pressed Buy Now there; "
        "without it, return_url",
    )
    psp = Text(max_length=20, required=False, default="")
    order_reference = Id(max_length=64, required=False, default="")
    locale = serializers.ChoiceField(choices=LOCALES, required=False, default="en")
    capture = serializers.ChoiceField(
        choices=Capture.values, required=False, default=Capture.AUTOMATIC.value
    )
    metadata = serializers.DictField(child=Text(max_length=500), required=False, default=dict)
    expires_in_seconds = WholeNumber(
        required=False,
        default=int(SESSION_LIFETIME.total_seconds()),
        min_value=int(SESSION_LIFETIME_LIMITS[0].total_seconds()),
        max_value=int(SESSION_LIFETIME_LIMITS[1].total_seconds()),
    )

    def validate_metadata(self, value: dict[str, str]) -> dict[str, str]:
        """Keep metadata small."""
        if len(value) > MOST_METADATA or any(len(name) > 40 for name in value):  # noqa: PLR2004
            raise serializers.ValidationError(
                f"must have at most {MOST_METADATA} members with names of at most 40 characters"
            )
        if any(holds_card_number(name) for name in value):
            raise serializers.ValidationError("has a name that looks like a card number")
        return value

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Judge amount and currency together."""
        try:
            attrs["money"] = parse_money(attrs.pop("amount"), attrs.pop("currency"))
        except MoneyRefused as refused:
            raise serializers.ValidationError({refused.field: refused.reason}) from refused
        attrs.setdefault("buy_now_url", attrs["return_url"])
        attrs["lifetime"] = timedelta(seconds=attrs.pop("expires_in_seconds"))
        return attrs


class Item(Strict):
    """One line of what is bought."""

    name = Text(max_length=200)
    quantity = WholeNumber(min_value=1, max_value=1_000_000)
    unit_amount = Text(max_length=20, help_text='Decimal string in major units: "19.99"')

    def validate_unit_amount(self, value: str) -> str:
        """Refuse what is no amount; a discount may be negative."""
        if not is_plain_decimal(value):
            raise serializers.ValidationError('must be a plain decimal such as "19.99"')
        return value


class PurchaseInfo(Strict):
    """What is bought, and by whom, in the shop's own reference."""

    items = serializers.ListField(child=Item(), allow_empty=False, max_length=200)
    customer_reference = Text(max_length=100, required=False)


class BuyNowRequest(Strict):
    """Buy Now: the token of the checkout, and the purchase info."""

    # Opaque: compared with the one we hold, and never stored. By chance it looks like anything.
    psp_token = JsonString(max_length=255)
    purchase_info = PurchaseInfo()


class CancelRequest(Strict):
    """Cancelling takes no words."""


class RefundRequest(Strict):
    """A refund; without an amount, of all that is left."""

    amount = Amount(required=False, help_text='Decimal string in major units: "5.00"')
    reason = Text(max_length=200, required=False, default="")


class CaptureRequest(Strict):
    """A capture; without an amount, of all that is reserved."""

    amount = Amount(required=False, help_text='Decimal string in major units: "5.00"')
    reason = Text(max_length=200, required=False, default="")


class VoidRequest(Strict):
    """Letting go what is reserved."""

    reason = Text(max_length=200, required=False, default="")


class ReasonAnswer(serializers.Serializer[Any]):
    """Why a purchase failed."""

    code = serializers.CharField()
    text = serializers.CharField()


class NextActionAnswer(serializers.Serializer[Any]):
    """What the shopper has to do: she was declined for now, and may choose another way to pay."""

    type = serializers.ChoiceField(choices=["redirect"])
    url = serializers.CharField(help_text="The PSP's page. It leads back to where Buy Now is")


class PurchaseAnswer(serializers.Serializer[Any]):
    """A purchase as shops see it."""

    id = serializers.CharField()
    status = serializers.ChoiceField(choices=[str(s) for s in PurchaseStatus])
    phase = serializers.ChoiceField(choices=[str(p) for p in Phase])
    reason = ReasonAnswer(allow_null=True)
    amount = serializers.CharField()
    currency = serializers.CharField()
    captured_amount = serializers.CharField()
    refunded_amount = serializers.CharField()
    surplus = serializers.BooleanField()
    next_action = NextActionAnswer(
        allow_null=True, help_text="Then press Buy Now again, with a new Idempotency-Key"
    )
    next_check_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)


class SessionAnswer(serializers.Serializer[Any]):
    """A payment session as shops see it."""

    checkout_id = serializers.CharField()
    order_reference = serializers.CharField(allow_null=True)
    psp = serializers.CharField()
    psp_token = serializers.CharField(allow_null=True)
    purchase_url = serializers.CharField(allow_null=True)
    amount = serializers.CharField()
    currency = serializers.CharField()
    capture = serializers.ChoiceField(choices=Capture.values)
    status = serializers.ChoiceField(choices=[str(s) for s in SessionStatus])
    return_url = serializers.CharField()
    result_url = serializers.CharField()
    metadata = serializers.DictField(child=serializers.CharField())
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    purchase = PurchaseAnswer(allow_null=True)


class PspAnswer(serializers.Serializer[Any]):
    """A PSP that the shop may register checkouts at."""

    name = serializers.CharField(help_text="What a registration may name as `psp`")
    currencies = serializers.ListField(child=serializers.CharField())
    confirm_mode = serializers.ChoiceField(
        choices=[str(mode) for mode in ConfirmMode],
        help_text="`captures`: Buy Now makes it charge; `reads`: its own page charges",
    )
    manual_capture = serializers.BooleanField()
    mode = serializers.ChoiceField(
        choices=[str(mode) for mode in Mode], help_text="Whether real money is moved"
    )
    available = serializers.BooleanField(
        help_text="False while it fails: another is then preferred, if there is one"
    )


class PspsAnswer(serializers.Serializer[Any]):
    """All PSPs that the shop may use, in the order of its routing."""

    results = PspAnswer(many=True)


class BuyNowAnswer(serializers.Serializer[Any]):
    """What became of Buy Now so far, and where to send the shopper."""

    checkout_id = serializers.CharField()
    purchase = PurchaseAnswer()
    result_url = serializers.CharField(help_text="BPS's page that shows the outcome")
    redirect_url = serializers.CharField(help_text="The shop's own page on which it ends")


class RefundAnswer(serializers.Serializer[Any]):
    """A refund as shops see it."""

    id = serializers.CharField()
    state = serializers.ChoiceField(choices=[str(s) for s in RefundState])
    amount = serializers.CharField()
    currency = serializers.CharField()
    reason = serializers.CharField()
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


class RefundList(serializers.Serializer[Any]):
    """All refunds of a purchase, and what may still be given back."""

    results = RefundAnswer(many=True)
    refundable_amount = serializers.CharField()
    currency = serializers.CharField()


class InstructionAnswer(serializers.Serializer[Any]):
    """A capture or a void as shops see it."""

    id = serializers.CharField()
    state = serializers.ChoiceField(choices=[str(s) for s in InstructionState])
    amount = serializers.CharField()
    currency = serializers.CharField()
    reason = serializers.CharField()
    why_failed = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


class CaptureList(serializers.Serializer[Any]):
    """What was asked to be captured of a purchase."""

    results = InstructionAnswer(many=True)


class EventAnswer(serializers.Serializer[Any]):
    """One event of a session's timeline."""

    id = serializers.CharField()
    position = serializers.IntegerField()
    at = serializers.DateTimeField()
    name = serializers.CharField()
    cause = serializers.CharField()
    phase_before = serializers.CharField()
    phase_after = serializers.CharField()
    data = serializers.DictField()  # type: ignore[assignment]


class SessionPage(serializers.Serializer[Any]):
    """A page of sessions."""

    results = SessionAnswer(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class EventPage(serializers.Serializer[Any]):
    """A page of events."""

    results = EventAnswer(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class ProblemErrorAnswer(serializers.Serializer[Any]):
    """One field that is wrong."""

    field = serializers.CharField()
    reason = serializers.CharField()


class ProblemAnswer(serializers.Serializer[Any]):
    """RFC 9457 problem details."""

    type = serializers.CharField(help_text="Stable: urn:bps:problem:…")
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    money_moved = serializers.ChoiceField(choices=["no", "yes", "unknown"])
    what_to_do = serializers.CharField()
    request_id = serializers.CharField(allow_null=True)
    errors = ProblemErrorAnswer(many=True, required=False)  # type: ignore[assignment]
