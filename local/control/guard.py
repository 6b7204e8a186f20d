"""Who may ask: programs on this machine, and pages that came from here.

The address alone is not enough: any web page can make the browser on this machine send requests to it. So the name in
`Host` must be this machine's (against DNS that is rebound), the page that asks must be this very origin (`Origin`,
Fetch Metadata), and what changes something must be JSON, which another site's page may not send unasked.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from local.gateway.http_message import HttpRequest, HttpResponse, message_response

SAFE = ("GET", "HEAD")


def refuse(request: HttpRequest) -> HttpResponse | None:
    """The refusal, or None for whoever may ask."""
    if not ipaddress.ip_address(request.source_ip.partition("%")[0]).is_loopback:
        return message_response(403, "Only this machine may ask.")
    host = request.header("host")
    if not _is_local_name(host):
        return message_response(403, "Ask by the name localhost or a loopback address.")
    origin = request.header("origin")
    if origin and (urlsplit(origin).scheme, urlsplit(origin).netloc) != ("http", host):
        return message_response(403, "Other sites' pages may not ask.")
    # "none" is a person who typed the address.
    if request.header("sec-fetch-site") not in ("", "same-origin", "none"):
        return message_response(403, "Other sites' pages may not ask.")
    if request.method not in SAFE and request.method != "DELETE" and not _is_json(request):
        return message_response(415, "Send application/json.")
    return None


def _is_json(request: HttpRequest) -> bool:
    return request.header("content-type").partition(";")[0].strip().lower() == "application/json"


def _is_local_name(host: str) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
