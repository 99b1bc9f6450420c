"""OAuth 2.0 as a connector needs it: authorisation code with refresh, or client credentials (RFC 6749, 7636, 9700).

    self._oauth = OAuth(PROVIDER, self.http, server="https://login.vendor.example", client_id=…, client_secret=…,
                        tokens=connection.tokens, seed=connection.secret("refresh_token"))
    self._api = self.http.at(url, auth=self._oauth)
    answer = self._oauth.fresh(lambda: self._api.get("/me"))     # a 401 is answered by one refresh

A refresh is single-flight over all workers, and the new refresh token is stored before the access token that came with
it is used (DESIGN §7): a process that dies between the two loses nothing. A refresh token that the server has ended
raises NeedsReauth (`needs_reauth`): a person must authorise the connection again.
"""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar
from urllib.parse import urlencode

from hub.errors import ConnectionBroken, HubError, NeedsReauth, OutcomeUnknown, RateLimited, RemoteUnavailable
from hub.sdk.auth import Basic
from hub.sdk.http import Http
from hub.sdk.response import Response
from hub.sdk.tokens import Tokens, TokenStore

Done = TypeVar("Done")

_CLAIM = 45.0  # seconds; a refresh that takes longer may be taken over
_LOOK_AGAIN = 0.25
_PATIENCE = 20.0
_UNSAID = 3600.0  # how long an access token lives whose answer says nothing of it
_RENEWALS = 2  # refused access tokens that one job renews; more of them are no matter of the token's age
_DEAD = frozenset(
    {"invalid_grant", "invalid_code", "unauthorized_client", "access_denied", "invalid_refresh_token"}
)
_REFRESH_ENDS = ("refresh_token_expires_in", "refresh_expires_in", "x_refresh_token_expires_in")
_OURS = frozenset({"invalid_client", "invalid_client_secret", "invalid_redirect_uri", "invalid_scope"})


@dataclass(frozen=True, slots=True)
class Provider:
    """How one vendor's authorisation server is spoken to.

    grant: authorization_code or client_credentials. in_header: client id and secret travel as HTTP Basic, not in the
    body. keep: names of the answer stored beside the tokens (a data centre's host). servers: further authorisation
    servers of the vendor that a callback may name; no other one is ever told our secret. early: an access token is
    renewed this many seconds before its end. pkce: the code is bound to a verifier (S256).
    """

    authorize_path: str = "/authorize"
    token_path: str = "/token"  # noqa: S105  (a path)
    scopes: tuple[str, ...] = ()
    grant: str = "authorization_code"
    scheme: str = "Bearer"
    separator: str = " "
    authorize: Mapping[str, str] = field(default_factory=dict)
    in_header: bool = False
    keep: tuple[str, ...] = ()
    servers: tuple[str, ...] = ()
    early: float = 60.0
    pkce: bool = False


class OAuth:
    """The authorisation of one connection: an `Auth` for its calls, and what `hub connection authorize` drives.

    `server`: the authorisation server's address. `seed`: a refresh token from the configuration, for who has one; it is
    used when nothing is stored, and again when the configured one changes.
    """

    def __init__(  # noqa: PLR0913  (what RFC 6749 needs)
        self,
        provider: Provider,
        http: Http,
        *,
        server: str,
        client_id: str,
        client_secret: str | None,
        tokens: TokenStore,
        seed: str | None = None,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.provider = provider
        self._all = http
        self._server = server.rstrip("/")
        self._http = http.at(server)
        self._client_id = client_id
        self._client_secret = client_secret
        self._store = tokens
        self._seed = seed
        self._clock = clock
        self._sleep = sleep
        self._using: Tokens | None = None
        self._patience = _RENEWALS
        http.redactor.learn(client_secret)
        http.redactor.learn(seed)

    def __repr__(self) -> str:
        return f"OAuth({self._client_id!r}, ***)"

    # --- an Auth --------------------------------------------------------------------------------------

    @property
    def secrets(self) -> tuple[str, ...]:
        return tuple(one for one in (self._client_secret, self._seed) if one)

    def headers(self) -> Mapping[str, str]:
        """The Authorization header of one call. Raises NeedsReauth, RemoteUnavailable, ConnectionBroken."""
        return {"Authorization": f"{self.provider.scheme} {self.current().access}"}

    def current(self) -> Tokens:
        """Tokens whose access token is in force; renewed first if need be."""
        using = self._using
        if using is None or not self._in_force(using):
            using = self._renewed()
            self._using = using
        return using

    def fresh(self, call: Callable[[], Done]) -> Done:
        """What `call` gives. If the access token is refused it is renewed and the call made once more; refused is not
        done, so even a write may go again."""
        try:
            return call()
        except NeedsReauth:
            if not self.renew():
                raise
            return call()

    def renew(self) -> bool:
        """Have another access token than the one in use. False: there is none to be had that differs."""
        refused, self._using = self._using, None
        if self._patience <= 0:
            return False
        self._patience -= 1
        if refused is not None and refused.access is not None:
            standing = self._store.load()
            if standing is not None and standing.access == refused.access:
                self._store.swap(standing, replace(standing, access=None, expires_at=0.0))
        return refused is None or self.current().access != refused.access

    # --- a person authorises ----------------------------------------------------------------------------

    def address(self, redirect_uri: str, *, state: str, verifier: str | None = None) -> str:
        """Where the person goes to say yes. `verifier`: a random text kept until `accept`, where the provider has
        pkce."""
        query = {
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": redirect_uri,
            "scope": self.provider.separator.join(self.provider.scopes),
            "state": state,
            **self.provider.authorize,
        }
        if self.provider.pkce and verifier:
            digest = hashlib.sha256(verifier.encode()).digest()
            query["code_challenge"] = base64.urlsafe_b64encode(digest).decode().rstrip("=")
            query["code_challenge_method"] = "S256"
        return f"{self._server}{self.provider.authorize_path}?{urlencode(query)}"

    def accept(
        self, code: str, redirect_uri: str, *, verifier: str | None = None, server: str | None = None
    ) -> Tokens:
        """Exchange the code for tokens and store them. `server`: another authorisation server of the vendor, where its
        callback named one. Raises NeedsReauth for a code that is wrong, used or too old, ConnectionBroken for
        a server that is none of the vendor's."""
        given = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
        if verifier:
            given["code_verifier"] = verifier
        extra = {"server": server.rstrip("/")} if server and server.rstrip("/") != self._server else {}
        answer = self._ask(given, self._at(extra))
        before = self._store.load()
        new = self._read(answer, before=Tokens(extra=extra))
        while not self._store.swap(before, new):  # a person's word wins over whatever is under way
            before = self._store.load()
        self._using = new
        return new

    # --- renewing ---------------------------------------------------------------------------------------

    def _in_force(self, tokens: Tokens) -> bool:
        return tokens.access is not None and self._clock() < tokens.expires_at - self.provider.early

    def _standing(self) -> Tokens | None:
        """What is stored; the configured refresh token where nothing is, or where another one was configured."""
        stored = self._store.load()
        seed = _mark(self._seed)
        if seed and (stored is None or (stored.seed and stored.seed != seed)):
            planted = Tokens(refresh=self._seed, seed=seed)
            return planted if self._store.swap(stored, planted) else self._store.load()
        if stored is None and self.provider.grant == "client_credentials":
            planted = Tokens()
            return planted if self._store.swap(None, planted) else self._store.load()
        return stored

    def _renewed(self) -> Tokens:
        waited = 0.0
        while True:
            standing = self._standing()
            if standing is not None and self._in_force(standing):
                self._http.redactor.learn(standing.access)
                return standing
            if standing is None or (not standing.refresh and self.provider.grant != "client_credentials"):
                raise NeedsReauth("this connection is not authorised yet", fix=_AGAIN)
            if standing.claimed_until > self._clock():
                if waited >= _PATIENCE:
                    raise RemoteUnavailable("another worker renews the access token", after=_LOOK_AGAIN * 8)
                self._sleep(_LOOK_AGAIN)
                waited += _LOOK_AGAIN
                continue
            claimed = replace(standing, claimed_until=self._clock() + _CLAIM)
            if self._store.swap(standing, claimed):
                return self._refresh(claimed)

    def _refresh(self, claimed: Tokens) -> Tokens:
        """Renew, with the right to do so in hand; gives it back whatever happens."""
        self._http.redactor.learn(claimed.refresh)
        given = {
            "grant_type": "client_credentials",
            "scope": self.provider.separator.join(self.provider.scopes),
        }
        if self.provider.grant != "client_credentials":
            given = {"grant_type": "refresh_token", "refresh_token": claimed.refresh or ""}
        try:
            new = self._read(self._ask(given, self._at(claimed.extra)), before=claimed)
        except HubError:
            self._store.swap(claimed, replace(claimed, claimed_until=0.0))
            raise
        if self._store.swap(claimed, new):  # stored, and only then used
            return new
        standing = self._store.load()  # taken over meanwhile, or authorised anew by a person
        if standing is not None and self._in_force(standing):
            return standing
        raise RemoteUnavailable("the tokens changed while they were renewed", after=1.0)

    def _at(self, extra: Mapping[str, str]) -> Http:
        """The authorisation server that an account lives at."""
        server = extra.get("server", self._server)
        if server == self._server:
            return self._http
        if server not in self.provider.servers:
            raise ConnectionBroken(
                "the callback names an authorisation server that is none of the vendor's", fix=_AGAIN
            )
        return self._all.at(server)

    def _ask(self, given: Mapping[str, str], at: Http) -> Response:
        secret = self._client_secret or ""
        body, headers = dict(given), {}
        if self.provider.in_header:
            headers = dict(Basic(self._client_id, secret).headers())
        else:
            body |= {"client_id": self._client_id, **({"client_secret": secret} if secret else {})}
        try:
            answer: Response = at.post(
                self.provider.token_path,
                data=body,
                headers=headers,
                reads=False,
                idempotent=False,
                accept=(400, 401, 403),
            )
        except OutcomeUnknown as error:
            # Nobody has the tokens that may have been made: the next renewal shows whether the old one still works.
            raise RemoteUnavailable("the authorisation server gave no answer", cause=str(error)) from None
        return answer

    def _read(self, answer: Response, *, before: Tokens | None) -> Tokens:
        """The tokens of an answer: some vendors say no with status 200."""
        try:
            said = answer.json()
        except HubError as error:
            raise RemoteUnavailable("the authorisation server answered no JSON", cause=str(error)) from None
        access = said.get("access_token") if isinstance(said, dict) else None
        if not isinstance(access, str) or not access:
            raise self._refused(answer, said if isinstance(said, dict) else {})
        refresh = said.get("refresh_token") or (before.refresh if before else None)
        self._http.redactor.learn(access)
        self._http.redactor.learn(refresh)
        extra = dict(before.extra) if before else {}
        extra |= {name: str(said[name]) for name in self.provider.keep if said.get(name)}
        seconds = _seconds(said.get("expires_in"))
        seed = _mark(self._seed) or (before.seed if before else "")
        return Tokens(
            access,
            refresh,
            self._clock() + seconds,
            extra,
            seed,
            grant=self.provider.grant,
            refresh_expires_at=self._refresh_ends(said, refresh, before),
        )

    def _refresh_ends(
        self, said: Mapping[str, Any], refresh: str | None, before: Tokens | None
    ) -> float | None:
        """When the refresh token ends, where the vendor tells; one that was kept has the end it had."""
        told = next((said[name] for name in _REFRESH_ENDS if said.get(name)), None)
        if told is not None:
            return self._clock() + _seconds(told)
        return before.refresh_expires_at if before and before.refresh == refresh else None

    def _refused(self, answer: Response, said: Mapping[str, Any]) -> HubError:
        code = str(said.get("error") or "")
        why = str(said.get("error_description") or code) or answer.excerpt()
        if answer.status == 429 or "too many" in why.lower() or code == "slow_down":
            return RateLimited("the authorisation server asks for a pause", after=600.0, cause=why)
        if code in _DEAD or (not code and answer.status in (400, 401)):
            return NeedsReauth("the authorisation has ended", cause=why, fix=_AGAIN)
        if code in _OURS:
            return NeedsReauth(
                "the authorisation server does not know this client",
                cause=why,
                fix="compare client_id, client_secret and the data centre with the vendor's console",
            )
        if answer.ok and not code:
            return RemoteUnavailable("the authorisation server answered without a token", cause=why)
        return ConnectionBroken("the authorisation server refuses", cause=why, fix=_AGAIN)


_AGAIN = "authorise it: hub connection authorize NAME"


def _mark(secret: str | None) -> str:
    """Which configured secret it is, without telling it."""
    return hashlib.sha256(secret.encode()).hexdigest()[:16] if secret else ""


def _seconds(said: Any) -> float:
    try:
        return max(0.0, float(said))
    except (TypeError, ValueError):
        return _UNSAID
