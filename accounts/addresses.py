"""From which IP address a call comes, and whether it is among those that are allowed."""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network

from django.conf import settings
from django.http import HttpRequest


@lru_cache(maxsize=1024)
def network(text: str) -> IPv4Network | IPv6Network | None:
    """An address or a network ("10.1.2.0/24"); None where the text is neither."""
    try:
        found = ip_network(text.strip(), strict=False)
    except ValueError:
        return None
    if (
        isinstance(found, IPv6Network)
        and found.network_address.ipv4_mapped
        and found.prefixlen > 95
    ):
        # A server that listens on both gives IPv4 callers as ::ffff:10.1.2.3.
        return ip_network(f"{found.network_address.ipv4_mapped}/{found.prefixlen - 96}", False)
    return found


def client_address(request: HttpRequest) -> str | None:
    """The caller's address; None where the server does not know it.

    `X-Forwarded-For` is believed as far as it was written by proxies of ours
    (`settings.TRUSTED_PROXIES`): read from its end, the first address that is not one of them.
    """
    address = str(request.META.get("REMOTE_ADDR") or "")
    forwarded = str(request.META.get("HTTP_X_FORWARDED_FOR") or "")
    hops = [hop.strip() for hop in forwarded.split(",") if hop.strip()]
    while hops and _is_trusted(address):
        address = hops.pop()
    found = network(address)
    return str(found.network_address) if found is not None else None


def _is_trusted(address: str) -> bool:
    return is_within(address, settings.TRUSTED_PROXIES)


def is_within(address: str, allowed: Iterable[str]) -> bool:
    """Whether the address lies in one of these addresses and networks; never, if it is none."""
    came_from = network(address)
    return came_from is not None and any(
        came_from.version == place.version and came_from.subnet_of(place)  # type: ignore[arg-type]  # of one version
        for place in map(network, allowed)
        if place is not None
    )
