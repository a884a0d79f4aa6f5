"""The shop's pages, and the door for BPS's notifications: translate in, one call, translate out.

The shop has no accounts and no cookies, so its forms carry no one's rights and no CSRF token.
"""

from collections.abc import Callable
from contextlib import suppress

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import get_language_from_request
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from sandbox.shop import checkouts, products, statuses
from sandbox.shop.bps import BpsRefused, BpsUnreachable
from sandbox.shop.models import Checkout

ORDERS_SHOWN = 100


@require_GET
def front(request: HttpRequest) -> HttpResponse:
    """Show what is for sale."""
    return render(request, "shop/front.html", {"products": products.ALL})


@csrf_exempt
@require_POST
def buy(request: HttpRequest, slug: str) -> HttpResponse:
    """Begin a checkout for an order of one product."""
    product = products.BY_SLUG.get(slug)
    if product is None:
        raise Http404
    checkout = Checkout.objects.create(
        product=slug, amount=product.amount, currency=product.currency
    )
    return _to_purchase_page(request, checkout)


@csrf_exempt
@require_POST
def pay_again(request: HttpRequest, checkout_id: str) -> HttpResponse:
    """Begin another checkout for the order of an earlier one."""
    earlier = get_object_or_404(Checkout, checkout_id=checkout_id)
    checkout = Checkout.objects.create(
        order_reference=earlier.order_reference,
        product=earlier.product,
        amount=earlier.amount,
        currency=earlier.currency,
    )
    return _to_purchase_page(request, checkout)


@require_GET
def buy_now(request: HttpRequest, checkout_id: str) -> HttpResponse:
    """Buy Now was pressed on the purchase page: have BPS purchase, and show the result."""
    checkout = get_object_or_404(Checkout, checkout_id=checkout_id)
    psp_token = request.GET.get("psp_token", "")
    return _lead_on(request, checkout, lambda: checkouts.buy_now(checkout, psp_token))


@require_GET
def thanks(request: HttpRequest, checkout_id: str) -> HttpResponse:
    """Show the order, and what became of its payment as far as the shop knows."""
    checkout = get_object_or_404(Checkout, checkout_id=checkout_id)
    with suppress(BpsRefused, BpsUnreachable):  # the page shows what is known, be it nothing
        statuses.refresh(checkout)
    waiting = checkout.status in statuses.NOT_FINAL
    return render(request, "shop/thanks.html", {"checkout": checkout, "waiting": waiting})


@require_GET
def orders(request: HttpRequest) -> HttpResponse:
    """List the latest checkouts."""
    latest: QuerySet[Checkout] = Checkout.objects.order_by("-pk")[:ORDERS_SHOWN]
    return render(request, "shop/orders.html", {"checkouts": latest})


@csrf_exempt
@require_POST
def notifications(request: HttpRequest) -> HttpResponse:
    """Take in a notification of BPS: 204 once it is stored, 400 when it is not BPS's."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    try:
        statuses.receive(headers, request.body)
    except statuses.NotFromBps as refusal:
        return JsonResponse({"error": str(refusal)}, status=400)
    return HttpResponse(status=204)


def _to_purchase_page(request: HttpRequest, checkout: Checkout) -> HttpResponse:
    locale = get_language_from_request(request)
    return _lead_on(request, checkout, lambda: checkouts.begin(checkout, locale=locale))


def _lead_on(request: HttpRequest, checkout: Checkout, call: Callable[[], str]) -> HttpResponse:
    try:
        return HttpResponse(status=303, headers={"Location": call()})
    except BpsRefused as refusal:
        title, detail = refusal.title, refusal.detail
    except BpsUnreachable:
        title = "The payment system did not answer"
        detail = "Try again: it asks for the same payment, and you are not charged twice."
    context = {
        "title": title,
        "detail": detail,
        "checkout": checkout,
        "again_with_get": request.method == "GET",
    }
    return render(request, "shop/trouble.html", context, status=502)
