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
    LaterDep,
    ReadSessionDep,
    ServicesDep,
    SessionDep,
    from_our_pages,
)
from backend.http.openapi import problems
from backend.http.services import Services

router = APIRouter(tags=["accounts"])


@router.post(
    "/accounts",
    status_code=201,
    summary="Sign up",
    dependencies=[Depends(from_our_pages)],
    responses=problems(403, 409, 422, 429, 503),
)
async def sign_up(
    wanted: SignUpIn,
    request: Request,
    response: Response,
    services: ServicesDep,
    session: SessionDep,
    client: ClientDep,
) -> UserOut:
    """Make an account with the role contributor, and sign in to it: the answer sets cookies."""
    await _count(services, "sign_up", client, wanted.email)
    old = request.cookies.get(SESSION_COOKIE)
    begun = await service.sign_up(session, services.settings, services.passwords, wanted, old)
    _set_cookies(request, response, services, begun.secret)
    return begun.user


@router.post(
    "/sign-in",
    summary="Sign in",
    dependencies=[Depends(from_our_pages)],
    responses=problems(401, 403, 422, 429, 503),
)
async def sign_in(
    wanted: SignInIn,
    request: Request,
    response: Response,
    services: ServicesDep,
    read: ReadSessionDep,
    session: SessionDep,
    client: ClientDep,
) -> UserOut:
    """Begin a session: the answer sets cookies. A program uses an API token instead."""
    await _count(services, "sign_in", client, wanted.email)
    begun = await service.sign_in(
        read,
        session,
        services.settings,
        services.passwords,
        wanted.email,
        wanted.password,
        old=request.cookies.get(SESSION_COOKIE),
    )
    _set_cookies(request, response, services, begun.secret)
    return begun.user


@router.post("/sign-out", status_code=204, summary="Sign out", responses=problems(503))
def sign_out(response: Response, identity: CurrentIdentity, session: SessionDep) -> None:
    """End the session, if there is one; the answer takes the cookies away."""
    service.sign_out(session, identity)
    for name in (SESSION_COOKIE, CSRF_COOKIE):
        response.delete_cookie(name, samesite="lax")


@router.get("/me", summary="My account")
def get_me(user: CurrentUser) -> UserOut:
    """Who is signed in, or whose API token asks."""
    return service.shown(user)


@router.patch("/me", summary="Change my profile", responses=problems(422))
def change_me(wanted: ProfileIn, person: SessionUser, session: SessionDep) -> UserOut:
    """Change the name or the affiliation. Not with an API token."""
    return service.change_profile(session, person, wanted)


@router.post(
    "/me/password", status_code=204, summary="Change my password", responses=problems(422, 429, 503)
)
async def change_password(
    wanted: NewPasswordIn,
    person: SessionUser,
    services: ServicesDep,
    session: SessionDep,
    client: ClientDep,
) -> None:
    """Set another password; every other session ends. Not with an API token."""
    await _count(services, "sign_in", client, person.user.email)
    await service.change_password(
        session, services.passwords, person, wanted.current_password, wanted.new_password
    )


@router.post(
    "/password-resets",
    status_code=202,
    summary="Have a link for a new password mailed",
    dependencies=[Depends(from_our_pages)],
    responses=problems(403, 422, 429),
)
async def ask_reset(
    wanted: ResetIn, services: ServicesDep, client: ClientDep, later: LaterDep
) -> None:
    """The link is good once, for an hour. The answer is the same for every address."""
    await _count(services, "reset", client, wanted.email)
    later(lambda session: resets.ask(session, services.settings, wanted.email))


@router.post(
    "/password-resets/{secret}",
    status_code=204,
    summary="Set a new password by such a link",
    dependencies=[Depends(from_our_pages)],
    responses=problems(403, 410, 422, 429, 503),
)
async def reset_password(
    secret: Annotated[str, Path(max_length=200, description="From the link.")],
    wanted: ResetPasswordIn,
    services: ServicesDep,
    read: ReadSessionDep,
    session: SessionDep,
    client: ClientDep,
) -> None:
    """Sessions of the account end, and its API tokens are revoked: sign in with the new one."""
    await to_thread.run_sync(services.rate_limit.hit, "reset", client)
    await resets.redeem(read, session, services.passwords, secret, wanted.password)


@router.get("/me/tokens", summary="My API tokens")
def get_tokens(person: SessionUser, session: ReadSessionDep) -> Tokens:
    """All of them, newest first, without their secrets. Not with an API token."""
    return tokens.listed(session, person.user)


@router.post(
    "/me/tokens", status_code=201, summary="Make an API token", responses=problems(409, 422)
)
def make_token(wanted: TokenIn, person: SessionUser, session: SessionDep) -> TokenMade:
    """Its secret is in this answer and never shown again. Not with an API token."""
    return tokens.make(session, person.user, wanted)


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
    """It is worthless from now on. Not with an API token."""
    tokens.revoke(session, person.user, token_id)


async def _count(services: Services, what: str, client: str, email: str) -> None:
    """Count an attempt, of the client and for the address; the address itself is not kept."""

    def hit() -> None:
        services.rate_limit.hit(what, client)
        services.rate_limit.hit(f"{what}_of", services.clients.mark(email, "attempts"))

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
