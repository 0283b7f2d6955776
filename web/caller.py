"""Who sends a request, as far as logs and limits may know."""

import ipaddress

from starlette.types import Scope


def caller_of(scope: Scope) -> str:
    """Return the name of the caller's key, `(loopback)` and the like without one, `-` before it is known."""
    return str(scope.get("state", {}).get("caller", "-"))


def name_caller(scope: Scope, name: str) -> None:
    """Remember the caller for logs and audit."""
    scope.setdefault("state", {})["caller"] = name


def address_class(host: str | None) -> str:
    """Name the kind of an address; in brackets, so that no key has such a name, and without the address."""
    address = _address(host)
    if address is None:
        return "(unknown)"
    if address.is_loopback:
        return "(loopback)"
    return "(private)" if address.is_private or address.is_link_local else "(public)"


def address_group(host: str | None) -> str:
    """Return what counts as one client: an IPv4 address, or the /64 that one IPv6 subscriber has at least."""
    address = _address(host)
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((int(address) >> 64 << 64, 64)))
    return str(address)


def _address(host: str | None) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address((host or "").partition("%")[0])
    except ValueError:
        return None
    return (isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped) or address
