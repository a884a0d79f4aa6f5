"""The books of the sandbox PSP."""

from collections.abc import Iterator

import psycopg
import pytest

from tests.sandbox.merchant import Merchant


@pytest.fixture
def database(merchant: Merchant) -> Iterator[psycopg.Connection]:
    """Return a connection to the sandbox's database, as a vandal would have."""
    with psycopg.connect(merchant.sandbox.database_url, autocommit=True) as connection:
        yield connection


def test_show_each_session_of_a_checkout(merchant: Merchant):
    paid = merchant.paid(amount="20.50")
    refunded = merchant.refund(paid, "0.50").json()
    other = merchant.register(checkout_id=paid.checkout_id)

    first, second = merchant.sandbox.all_books(paid.checkout_id)

    assert first == {
        "checkout_id": paid.checkout_id,
        "reference": paid.body["reference"],
        "token": paid.token,
        "currency": "EUR",
        "charges": [
            {"id": first["charges"][0]["id"], "amount": "20.50", "at": first["charges"][0]["at"]}
        ],
        "refunds": [
            {
                "id": first["refunds"][0]["id"],
                "reference": refunded["reference"],
                "amount": "0.50",
                "status": "successful",
                "at": first["refunds"][0]["at"],
            }
        ],
        "charged": "20.50",
        "refunded": "0.50",
        "status": "paid",
        "purchase_requests": 1,
    }
    assert (second["token"], second["charges"], second["charged"]) == (other.token, [], "0.00")


def test_show_everyone_page_by_page(merchant: Merchant, database: psycopg.Connection):
    session = merchant.register()
    database.execute(
        "INSERT INTO psp_session SELECT (jsonb_populate_record(one, jsonb_build_object("
        " 'id', nextval('psp_session_id_seq'), 'token', token || n, 'reference', reference || n"
        "))).* FROM psp_session one, generate_series(101, 200) n WHERE token = %s",
        [session.token],
    )

    first_page = merchant.sandbox.control("books")
    tokens = [one["token"] for one in merchant.sandbox.all_books()]

    assert len(first_page["data"]) == 100
    assert first_page["next_cursor"] is not None
    assert tokens[-101:] == [session.token, *(f"{session.token}{n}" for n in range(101, 201))]
    assert len(set(tokens)) == len(tokens)


@pytest.mark.parametrize(
    "vandalism",
    [
        "UPDATE psp_charge SET amount_minor = 1 WHERE id = %(charge)s",
        "DELETE FROM psp_charge WHERE id = %(charge)s",
        "TRUNCATE psp_charge CASCADE",
        "UPDATE psp_refund SET amount_minor = 1 WHERE id = %(refund)s",
        "UPDATE psp_refund SET status = 'failed' WHERE id = %(refund)s",
        "DELETE FROM psp_refund WHERE id = %(refund)s",
        "TRUNCATE psp_refund CASCADE",
        """
        INSERT INTO psp_charge (charge_id, session_id, attempt, amount_minor, fee_minor, booked_at)
        SELECT 'ch_x', session_id, attempt, 1, 0, now() FROM psp_charge WHERE id = %(charge)s
        """,
    ],
)
def test_cannot_be_altered_by_anyone(
    merchant: Merchant, database: psycopg.Connection, vandalism: str
):
    session = merchant.paid()
    merchant.refund(session, "5.00")
    before = merchant.books(session)
    (row,) = database.execute(
        "SELECT c.id, r.id FROM psp_charge c JOIN psp_refund r USING (session_id)"
        " JOIN psp_session s ON s.id = c.session_id WHERE s.token = %s",
        [session.token],
    )
    rows = {"charge": row[0], "refund": row[1]}

    with pytest.raises(psycopg.Error):
        database.execute(vandalism, rows)

    assert merchant.books(session) == before


def test_are_listed_for_the_merchant_oldest_first(merchant: Merchant):
    since = merchant.sandbox.control("clock")["now"]
    session = merchant.paid(amount="20.50")
    refund = merchant.refund(session, "5.00").json()
    until = merchant.sandbox.control("clock")["now"]
    merchant.paid()

    response = merchant.get("transactions", since=since, until=until)

    charge = merchant.books(session)["charges"][0]
    assert response.json() == {
        "data": [
            {
                "kind": "charge",
                "id": charge["id"],
                "token": session.token,
                "amount": "20.50",
                "currency": "EUR",
                "booked_at": charge["at"],
                "reference": session.body["reference"],
                "status": "successful",
                "fee": "0.31",
            },
            {
                "kind": "refund",
                "id": refund["id"],
                "token": session.token,
                "amount": "5.00",
                "currency": "EUR",
                "booked_at": refund["created_at"],
                "reference": session.body["reference"],
                "status": "successful",
                "fee": "0.00",
            },
        ],
        "next_cursor": None,
    }


def test_are_listed_a_hundred_lines_at_a_time(merchant: Merchant, database: psycopg.Connection):
    since = merchant.sandbox.control("clock")["now"]
    session = merchant.paid(amount="20.50")
    first_refund = merchant.refund(session, "0.10").json()["id"]
    database.execute(
        "INSERT INTO psp_refund SELECT (jsonb_populate_record(one, jsonb_build_object("
        " 'id', nextval('psp_refund_id_seq'), 'attempt', -attempt * 1000 - n,"
        " 'refund_id', refund_id || n))).*"
        " FROM psp_refund one, generate_series(101, 204) n WHERE refund_id = %s",
        [first_refund],
    )

    first = merchant.get("transactions", since=since).json()
    second = merchant.get("transactions", since=since, cursor=first["next_cursor"]).json()

    # Other tests may have booked while the PSP's clock was ahead; their lines come last.
    lines = [line for line in first["data"] + second["data"] if line["token"] == session.token]
    refunds = [first_refund, *(f"{first_refund}{n}" for n in range(101, 205))]
    assert len(first["data"]) == 100
    assert [line["id"] for line in lines] == [merchant.look_up(session)["charge"], *refunds]
    assert second["next_cursor"] is None


@pytest.mark.parametrize(
    ("name", "value"), [("since", "yesterday"), ("until", "2030"), ("cursor", "x"), ("cursor", "é")]
)
def test_are_not_listed_from_nowhere(merchant: Merchant, name: str, value: str):
    response = merchant.get("transactions", **{name: value})

    assert response.status_code == 400
    assert response.json()["error"]["field"] == name
