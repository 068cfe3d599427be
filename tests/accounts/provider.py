"""A small OpenID provider on this machine: real keys, real HTTP, and every lie one can tell."""

import base64
import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

CLIENT_ID, CLIENT_SECRET = "dxportal", "s3cret-of-the-client"


def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class Provider:
    """Signs in whoever `claims` says; `lies` replace claims of the ID token, None drops one."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.key, self.other_key = _key(), _key()
        self.claims: dict[str, Any] = {"sub": "104729", "name": "入力 太郎"}
        self.lies: dict[str, Any] = {}
        self.signs_with_other_key = False
        self.algorithm = "RS256"
        self.userinfo: dict[str, Any] = {}
        self.is_down = False
        self.requests: list[str] = []
        self._asked: dict[str, dict[str, str]] = {}

    def authorize(self, query: dict[str, str]) -> str:
        """What the browser is sent back to after the person has signed in there."""
        assert query["response_type"] == "code"
        assert query["client_id"] == CLIENT_ID
        assert query["code_challenge_method"] == "S256"
        code = f"code-{len(self._asked)}"
        self._asked[code] = query
        return f"{query['redirect_uri']}?code={code}&state={query['state']}"

    def token(self, said: dict[str, str]) -> dict[str, str]:
        asked = self._asked.pop(said["code"])  # a code is good for once
        digest = hashlib.sha256(said["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        assert challenge == asked["code_challenge"]
        assert (said["client_secret"], said["redirect_uri"]) == (
            CLIENT_SECRET,
            asked["redirect_uri"],
        )
        return {"access_token": "at", "token_type": "Bearer", "id_token": self._id_token(asked)}

    def _id_token(self, asked: dict[str, str]) -> str:
        now = int(time.time())
        claims = {
            "iss": self.address,
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
            **self.claims,
            **self.lies,
        }
        said = {name: value for name, value in claims.items() if value is not None}
        key: Any = self.other_key if self.signs_with_other_key else self.key
        if self.algorithm == "HS256":
            key = CLIENT_SECRET * 2
        if self.algorithm == "none":
            key = None
        return jwt.encode(said, key, algorithm=self.algorithm, headers={"kid": "k1"})

    def keys(self) -> dict[str, Any]:
        own = json.loads(RSAAlgorithm.to_jwk(self.key.public_key()))
        return {"keys": [{**own, "kid": "k1", "use": "sig", "alg": "RS256"}]}


@contextmanager
def running_provider() -> Iterator[Provider]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answers = {"/keys": provider.keys, "/userinfo": lambda: provider.userinfo}
            self._answer(answers[urlsplit(self.path).path]())

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self._answer(provider.token({k: v[0] for k, v in parse_qs(body).items()}))

        def _answer(self, said: Any) -> None:
            provider.requests.append(self.path)
            content = json.dumps(said).encode()
            self.send_response(503 if provider.is_down else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider = Provider(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
