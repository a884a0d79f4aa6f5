"""Checks REDIS_URL, and translates it into the dialect of Celery's transport. Opens no connection.

redis-py and Celery's transport (kombu) both read it, each with options of its own. What they would
read differently is refused here, or half of BPS would use another server, or trust another one.
"""

import re
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit

SHAPE: Final = re.compile(
    r"""
    (?: redis | (?P<tls>rediss) ) ://
        ([^/?#]*@)? ( \[[0-9A-Fa-f:.]+\] | [^/?#@:\[\]]+ ) (:(?P<port>\d+))? (/\d*)?
    |
    unix :// ([^/?#]*@)? /[^?#]+
    """,
    re.VERBOSE | re.ASCII,
)
WANTED: Final = (
    "must be redis://[user:password@]host[:port][/database], the same with rediss://, "
    "or unix://[user:password@]/path/to/socket[?db=database]"
)
OF_DATABASE: Final = {"db": "[0-9]+"}
OF_TLS: Final = {
    "ssl_cert_reqs": "none|optional|required",
    "ssl_check_hostname": "true|false",
    "ssl_ca_certs": ".+",
    "ssl_certfile": ".+",
    "ssl_keyfile": ".+",
}


def fault_in(redis_url: str) -> str:
    """Return what is wrong with a REDIS_URL, without repeating any of it; blank if nothing is."""
    address, _, query = redis_url.partition("?")
    shape = SHAPE.fullmatch(address)
    if not shape or int(shape["port"] or 1) not in range(1, 65536):
        return WANTED
    known = OF_DATABASE | (OF_TLS if shape["tls"] else {})
    given = parse_qsl(query, keep_blank_values=True)
    understood = all(name in known and re.fullmatch(known[name], value) for name, value in given)
    if not understood or len(dict(given)) < len(given):
        values = ", ".join(f"{name} ({value})" for name, value in known.items())
        return f"may have no options but these, each once: {values}"
    return ""


def broker_url(redis_url: str) -> str:
    """Return the broker URL for the same server and database, trusted as redis-py trusts it."""
    parts = urlsplit(redis_url)
    options = dict(parse_qsl(parts.query))
    if parts.scheme == "unix":
        database = options.get("db", "0")
        return f"redis+socket://{parts.netloc}{parts.path}?virtual_host={database}"
    database = options.pop("db", parts.path.strip("/")) or "0"
    if parts.scheme == "rediss":
        # Where it is told nothing, kombu takes any certificate, and redis-py only a good one.
        options = {"ssl_cert_reqs": "required", **options}
    return parts._replace(path=f"/{database}", query=urlencode(options)).geturl()
