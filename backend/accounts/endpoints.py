"""HTTP of accounts: sign up, in and out, the profile, the password, API tokens."""

from typing import Annotated
from uuid import UUID

from anyio import to_thread
from fastapi import APIRouter, Depends, Path, Request, Response

from backend.accounts import resets, service, tokens
from backend.accounts.deps import CurrentIdentity, CurrentUser, SessionUser
from backend.accounts.identity import CSRF_COOKIE, SESSION_COOKIE, csrf_token
from backend.accounts.schemas import (
    NewPasswordIn,
    ProfileIn,
    ResetIn,
    ResetPasswordIn,
    SignInIn,
    SignUpIn,
    TokenIn,
    TokenMade,
    Tokens,
    UserOut,
)
from backend.http.deps import (
    ClientDep,
    ReadSessionDep,
    SendLaterDep,
    ServicesDep,
    SessionDep,
    refuse_cross_site,
)
from backend.http.openapi import problems
from backend.http.services import Services

router = APIRouter(tags=["accounts"])


@router.post(
    "/accounts",
    status_code=201,
    summary="Sign up",
    dependencies=[Depends(refuse_cross_site)],
    responses=problems(403, 409, 422, 429, 503),
)
async def sign_up(
    form: SignUpIn,
    request: Request,
    response: Response,
    services: ServicesDep,
    session: SessionDep,
    client: ClientDep,
) -> UserOut:
    """Create an account with the role contributor and sign in to it: the answer sets cookies."""
    await _count_attempt(services, "sign_up", client, form.email)
    old = request.cookies.get(SESSION_COOKIE)
    new_session = await service.sign_up(session, services.settings, services.passwords, form, old)
    _set_cookies(request, response, services, new_session.secret)
    return new_session.user


@router.post(
    "/sign-in",
    summary="Sign in",
    dependencies=[Depends(refuse_cross_site)],
    responses=problems(401, 403, 422, 429, 503),
)
async def sign_in(
    form: SignInIn,
    request: Request,
    response: Response,
    services: ServicesDep,
    read: ReadSessionDep,
    session: SessionDep,
    client: ClientDep,
) -> UserOut:
    """Begin a session: the answer sets cookies. A program uses an API token instead."""
    await _count_attempt(services, "sign_in", client, form.email)
    new_session = await service.sign_in(
        read,
        session,
        services.settings,
        services.passwords,
        form.email,
        form.password,
        old=request.cookies.get(SESSION_COOKIE),
    )
    _set_cookies(request, response, services, new_session.secret)
    return new_session.user


@router.post("/sign-out", status_code=204, summary="Sign out", responses=problems(503))
def sign_out(response: Response, identity: CurrentIdentity, session: SessionDep) -> None:
    """End the session, if there is one; the answer deletes the cookies."""
    service.sign_out(session, identity)
    for name in (SESSION_COOKIE, CSRF_COOKIE):
        response.delete_cookie(name, samesite="lax")


@router.get("/me", summary="My account")
def get_me(user: CurrentUser) -> UserOut:
    """The account that is signed in, or that the API token belongs to."""
    return service.to_schema(user)


@router.patch("/me", summary="Change my profile", responses=problems(422))
def change_me(changes: ProfileIn, person: SessionUser, session: SessionDep) -> UserOut:
    """Change the name or the affiliation. Not with an API token."""
    return service.change_profile(session, person, changes)


@router.post(
    "/me/password", status_code=204, summary="Change my password", responses=problems(422, 429, 503)
)
async def change_password(
    form: NewPasswordIn,
    person: SessionUser,
    services: ServicesDep,
    session: SessionDep,
    client: ClientDep,
) -> None:
    """Set another password; every other session ends. Not with an API token."""
    await _count_attempt(services, "sign_in", client, person.user.email)
    await service.change_password(
        session, services.passwords, person, form.current_password, form.new_password
    )


@router.post(
    "/password-resets",
    status_code=202,
    summary="Request a password reset",
    dependencies=[Depends(refuse_cross_site)],
    responses=problems(403, 422, 429),
)
async def request_reset(
    form: ResetIn, services: ServicesDep, client: ClientDep, send_later: SendLaterDep
) -> None:
    """Mail a link that works once, within an hour. The answer is the same for every address."""
    await _count_attempt(services, "reset", client, form.email)
    send_later(lambda session: resets.request(session, services.settings, form.email))


@router.post(
    "/password-resets/{secret}",
    status_code=204,
    summary="Set a new password with such a link",
    dependencies=[Depends(refuse_cross_site)],
    responses=problems(403, 410, 422, 429, 503),
)
async def reset_password(
    secret: Annotated[str, Path(max_length=200, description="From the link.")],
    form: ResetPasswordIn,
    services: ServicesDep,
    read: ReadSessionDep,
    session: SessionDep,
    client: ClientDep,
) -> None:
    """The account's sessions end and its API tokens are revoked: sign in with the new password."""
    await to_thread.run_sync(services.rate_limit.hit, "reset", client)
    await resets.redeem(read, session, services.passwords, secret, form.password)


@router.get("/me/tokens", summary="My API tokens")
def get_tokens(person: SessionUser, session: ReadSessionDep) -> Tokens:
    """All of them, newest first, without their secrets. Not with an API token."""
    return tokens.list_tokens(session, person.user)


@router.post(
    "/me/tokens", status_code=201, summary="Create an API token", responses=problems(409, 422)
)
def make_token(form: TokenIn, person: SessionUser, session: SessionDep) -> TokenMade:
    """Its secret is in this answer and never shown again. Not with an API token."""
    return tokens.create(session, person.user, form)


@router.delete(
    "/me/tokens/{token_id}",
    status_code=204,
    summary="Revoke an API token",
    responses=problems(404, 422),
)
def revoke_token(
    token_id: Annotated[UUID, Path(description="The token's id.")],
    person: SessionUser,
    session: SessionDep,
) -> None:
    """It stops working at once. Not with an API token."""
    tokens.revoke(session, person.user, token_id)


async def _count_attempt(services: Services, what: str, client: str, email: str) -> None:
    """Count an attempt against the client and against the address, which is not stored."""

    def hit() -> None:
        services.rate_limit.hit(what, client)
        services.rate_limit.hit(f"{what}_of", services.clients.digest_for(email, "attempts"))

    await to_thread.run_sync(hit)


def _set_cookies(request: Request, response: Response, services: Services, secret: str) -> None:
    settings = services.settings
    secure = request.url.scheme == "https" or settings.public_url.startswith("https://")
    for name, value in ((SESSION_COOKIE, secret), (CSRF_COOKIE, csrf_token(secret))):
        response.set_cookie(
            name,
            value,
            max_age=int(settings.session_hours * 3600),
            secure=secure,
            httponly=name == SESSION_COOKIE,
            samesite="lax",
        )
