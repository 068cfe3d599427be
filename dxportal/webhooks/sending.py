"""One call to a receiver: to an address that was judged, within a time, following no redirect."""

import http.client
import io
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from dxportal.webhooks.addresses import Place, read_url


@dataclass(frozen=True)
class Answer:
    """What came of a call: the status that was answered, or why there was none."""

    status: int | None = None
    reason: str = ""

    @property
    def is_received(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_trouble(self) -> bool:
        """Whether the receiver as a whole is away, and not just unhappy with this one call."""
        return self.status is None or self.status == 429 or self.status >= 500


def post(url: str, address: str, body: str, headers: Mapping[str, str]) -> Answer:
    """Send the body to the URL's host at this IP address; what the receiver writes is not read."""
    place, parts = read_url(url), urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection = _Connection(place, address, settings.WEBHOOK_TIMEOUT_SECONDS)
    try:
        connection.request("POST", target, body.encode(), dict(headers))
        status = connection.getresponse().status
    except ssl.SSLCertVerificationError as error:
        return Answer(reason=f"証明書を確かめられません（{error.verify_message}）。")
    except TimeoutError:
        return Answer(reason=f"{settings.WEBHOOK_TIMEOUT_SECONDS}秒以内に応答がありません。")
    except (OSError, http.client.HTTPException) as error:
        return Answer(reason=f"接続できません（{error or type(error).__name__}）。"[:300])
    finally:
        connection.close()
    return Answer(status, _reason_of(status))


def _reason_of(status: int) -> str:
    if 200 <= status < 300:
        return ""
    if 300 <= status < 400:
        return f"応答が{status}です。転送先には送りません。"
    return f"応答が{status}です。"


class _Connection(http.client.HTTPConnection):
    """Connects to the address that was judged, speaks to the name, and keeps to its time."""

    def __init__(self, place: Place, address: str, seconds: float) -> None:
        super().__init__(place.host, place.port, timeout=seconds)
        self.place, self.address = place, address
        self.ends = time.monotonic() + seconds
        self.response_class = self._response  # type: ignore[assignment]  # called like the class

    def connect(self) -> None:
        self.sock = socket.create_connection((self.address, self.port), self.timeout)
        if self.place.scheme == "https":
            context = ssl.create_default_context(cafile=settings.WEBHOOK_CA_FILE or None)
            self.sock = context.wrap_socket(self.sock, server_hostname=self.place.host)

    def _response(self, sock: socket.socket, *args: Any, **options: Any) -> Any:
        response = http.client.HTTPResponse(sock, *args, **options)
        response.fp.close()
        response.fp = io.BufferedReader(_Within(sock, self.ends))
        return response


class _Within(socket.SocketIO):
    """Reads until a moment, however many small pieces the other side sends."""

    def __init__(self, sock: socket.socket, ends: float) -> None:
        super().__init__(sock, "r")
        self.ends = ends
        self.waits = sock

    def readinto(self, buffer: Any) -> int | None:
        left = self.ends - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self.waits.settimeout(left)
        return super().readinto(buffer)
