"""Where webhooks may go: origins that an administrator allowed, and the IP addresses behind them.

A name is looked up once, every address that it has is judged, and the connection is made to an
address that was judged: a name that answers differently a moment later (DNS rebinding) gains
nothing. Addresses inside the installation's own networks are refused unless the operator named
the network in WEBHOOK_PRIVATE_NETWORKS, which no organization's administrator can.
"""

import ipaddress
import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
DEFAULT_PORTS = {"https": 443, "http": 80}
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class AddressRefused(Exception):
    """The webhook must not go there; the message says why."""


@dataclass(frozen=True)
class Place:
    """An origin in its parts; `str` is the one way in which it is written and compared."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}"


def read_origin(text: str) -> Place:
    """An origin as an administrator writes it. Raises ValidationError."""
    parts = _split(text)
    if parts.path not in ("", "/") or parts.query:
        raise ValidationError("宛先は、https://ホスト名（:ポート）までを書いてください。")
    return _place(parts)


def read_url(text: str) -> Place:
    """The origin of a webhook's URL. Raises ValidationError."""
    return _place(_split(text))


def _split(text: str) -> SplitResult:
    if any(char.isspace() or not char.isprintable() for char in text):
        raise ValidationError("URLに空白や使えない文字があります。")
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018  # a port that is no number is told by reading it
    except ValueError as error:
        raise ValidationError("URLを読み取れません。") from error
    if "@" in parts.netloc:
        raise ValidationError("URLに利用者名やパスワードを書くことはできません。")
    if parts.fragment:
        raise ValidationError("URLに # より後ろを書くことはできません。")
    return parts


def _place(parts: SplitResult) -> Place:
    schemes = ("https", "http") if settings.WEBHOOK_ALLOW_HTTP else ("https",)
    if parts.scheme not in schemes:
        raise ValidationError(f"{'か'.join(f'{name}://' for name in schemes)} で始めてください。")
    try:
        host = (parts.hostname or "").encode("idna").decode().rstrip(".")
    except UnicodeError as error:
        raise ValidationError("ホスト名を読み取れません。") from error
    if not host:
        raise ValidationError("ホスト名がありません。")
    return Place(parts.scheme, host, parts.port or DEFAULT_PORTS[parts.scheme])


def read_networks(texts: Iterable[str]) -> list[str]:
    """IP addresses and ranges, each written in its one way. Raises ValidationError."""
    found, wrong = [], []
    for text in texts:
        try:
            found.append(str(ipaddress.ip_network(text.strip())))
        except ValueError:
            wrong.append(text)
    if wrong:
        raise ValidationError(f"IPアドレスの範囲として読み取れません：{'、'.join(wrong)}")
    return found


def look_up(place: Place, networks: Sequence[str]) -> str:
    """An address to connect to. Raises AddressRefused if the name has one that is not allowed."""
    try:
        found = socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise AddressRefused(f"ホスト名 {place.host} のアドレスがわかりません。") from error
    addresses = [str(entry[4][0]) for entry in found]
    for text in addresses:
        if not is_allowed(ipaddress.ip_address(text.partition("%")[0]), networks):
            raise AddressRefused(
                f"{place.host} は、許可されていないアドレス {text} を指しています。"
            )
    return addresses[0]


def is_allowed(address: Address, networks: Sequence[str]) -> bool:
    """Whether the operator's and the administrator's words both let a call go there."""
    address = _inner(address)
    private = [ipaddress.ip_network(text) for text in settings.WEBHOOK_PRIVATE_NETWORKS]
    is_public = address.is_global and not address.is_multicast
    if not (is_public or _is_in(address, private)):
        return False
    return not networks or _is_in(address, [ipaddress.ip_network(text) for text in networks])


def _is_in(address: Address, networks: Iterable[Network]) -> bool:
    return any(address in network for network in networks)


def _inner(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for, where it does: the call ends there."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address
