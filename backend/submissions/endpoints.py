"""HTTP of submissions: drafts, their recordings, the check, the submit and what follows."""

from typing import Annotated
from uuid import UUID

from anyio import to_thread
from fastapi import APIRouter, Path, Query, Request, Response

from backend.accounts.deps import CurrentContributor
from backend.core.errors import FileTooLargeError
from backend.core.pagination import LONGEST_PAGE, NO_NUL, PAGE
from backend.http.deps import ReadSessionDep, SessionDep, SettingsDep, StorageDep
from backend.http.openapi import JPEG, problems
from backend.submissions import apply_manifest, service
from backend.submissions import submit as submit_service
from backend.submissions.fields import MOST_NAME
from backend.submissions.schemas import (
    AnswerIn,
    BulkEdit,
    Changed,
    CheckOut,
    ContributionOut,
    ContributionPage,
    FieldsIn,
    ManifestOut,
    SubmissionIn,
    SubmissionOut,
    SubmissionPage,
    SubmissionPatch,
    SubmitIn,
    VocabularyOut,
)
from backend.submissions.uploads import limits
from backend.submissions.vocabulary import vocabulary

router = APIRouter(tags=["submissions"])

SubmissionId = Annotated[UUID, Path(description="The submission's id.")]
ContributionId = Annotated[UUID, Path(description="The contribution's id.")]
Cursor = Annotated[str | None, Query(description="`next` of the page before.")]
Limit = Annotated[int, Query(ge=1, le=LONGEST_PAGE)]

CSV_BODY = {"required": True, "content": {"text/csv": {"schema": {"type": "string"}}}}
PIXELS_CACHE = {"Cache-Control": "private, max-age=600"}


@router.get("/vocabulary", summary="Words, columns and limits")
async def get_vocabulary(settings: SettingsDep) -> VocabularyOut:
    """Every list with its keys and names, the columns of a manifest, and what may be sent."""
    return vocabulary(settings)


@router.post(
    "/submissions",
    status_code=201,
    summary="Begin a submission",
    responses=problems(401, 403, 422, 503),
)
def create_submission(
    session: SessionDep,
    settings: SettingsDep,
    user: CurrentContributor,
    given: SubmissionIn | None = None,
) -> SubmissionOut:
    """A draft, to which files are sent at `/uploads`."""
    return service.create(session, settings, user, given or SubmissionIn())


@router.get("/submissions", summary="My submissions", responses=problems(401, 403, 422))
def get_submissions(
    session: ReadSessionDep, user: CurrentContributor, cursor: Cursor = None, limit: Limit = PAGE
) -> SubmissionPage:
    """Newest first."""
    return service.page(session, user, cursor, limit)


@router.get(
    "/submissions/{submission_id}", summary="A submission", responses=problems(401, 403, 404, 422)
)
def get_submission(
    submission_id: SubmissionId, session: ReadSessionDep, user: CurrentContributor
) -> SubmissionOut:
    """With how many recordings and files are in each state."""
    return service.shown(session, [service.find(session, user, submission_id)])[0]


@router.patch(
    "/submissions/{submission_id}",
    summary="Change a draft",
    responses=problems(401, 403, 404, 409, 422, 503),
)
def change_submission(
    submission_id: SubmissionId,
    given: SubmissionPatch,
    session: SessionDep,
    settings: SettingsDep,
    user: CurrentContributor,
) -> SubmissionOut:
    """Its title, and the fields that count for every recording without its own."""
    return service.change(session, settings, user, submission_id, given)


@router.delete(
    "/submissions/{submission_id}",
    status_code=204,
    summary="Delete a draft",
    responses=problems(401, 403, 404, 409, 422, 503),
)
def delete_submission(
    submission_id: SubmissionId,
    session: SessionDep,
    user: CurrentContributor,
) -> None:
    """With its recordings and files. What was sent is withdrawn instead."""
    service.remove(session, user, submission_id)


@router.get(
    "/submissions/{submission_id}/contributions",
    summary="Its recordings",
    responses=problems(401, 403, 404, 422),
)
def get_contributions(
    submission_id: SubmissionId,
    session: ReadSessionDep,
    user: CurrentContributor,
    cursor: Cursor = None,
    limit: Limit = PAGE,
) -> ContributionPage:
    """In the order in which they came."""
    return service.contributions(session, user, submission_id, cursor, limit)


@router.patch(
    "/submissions/{submission_id}/contributions",
    summary="Change many recordings",
    responses=problems(401, 403, 404, 409, 422, 503),
)
def change_contributions(
    submission_id: SubmissionId,
    given: BulkEdit,
    session: SessionDep,
    settings: SettingsDep,
    user: CurrentContributor,
) -> Changed:
    """The same fields for all of them, or, where one is not in the draft, for none."""
    changed = service.edit_many(session, settings, user, submission_id, given.ids, given.fields)
    return Changed(changed=changed)


@router.post(
    "/submissions/{submission_id}/manifest",
    summary="Fill them from a CSV",
    openapi_extra={"requestBody": CSV_BODY},
    responses=problems(401, 403, 404, 409, 413, 422, 503),
)
async def send_manifest(
    submission_id: SubmissionId,
    request: Request,
    session: SessionDep,
    settings: SettingsDep,
    user: CurrentContributor,
    table: Annotated[
        str,
        Query(
            max_length=MOST_NAME,
            pattern=NO_NUL,
            description="Its name: rows of a table that was sent under it before are replaced.",
        ),
    ] = "",
) -> ManifestOut:
    """Each cell and row that cannot be used is named with its reason; the others count.

    Rows of files that are still to come are kept for them. `GET /vocabulary` has the columns.
    """
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > limits.MOST_MANIFEST_BYTES:
            most = limits.MOST_MANIFEST_BYTES
            raise FileTooLargeError(
                f"The manifest is larger than {most / 1e6:g} MB. Split it.", limit=most
            )
    sent = apply_manifest.ManifestUpload(bytes(content), table, replaces_all=bool(table))
    return await to_thread.run_sync(
        service.take_manifest, session, settings, user, submission_id, sent
    )


@router.get(
    "/submissions/{submission_id}/check",
    summary="Is it ready?",
    responses=problems(401, 403, 404, 422),
)
def check_submission(
    submission_id: SubmissionId, session: ReadSessionDep, user: CurrentContributor
) -> CheckOut:
    """What is missing, what is there twice, and which rows of the manifest found no file."""
    return submit_service.check(session, user, submission_id)


@router.post(
    "/submissions/{submission_id}/submit",
    summary="Send it to the reviewers",
    responses=problems(401, 403, 404, 409, 422, 503),
)
def submit(
    submission_id: SubmissionId, given: SubmitIn, session: SessionDep, user: CurrentContributor
) -> SubmissionOut:
    """With the consent, which is what `GET /vocabulary` says it is."""
    return submit_service.submit(session, user, submission_id, consent=given.consent)


@router.get(
    "/contributions/{contribution_id}",
    summary="A recording of mine",
    responses=problems(401, 403, 404, 422),
)
def get_contribution(
    contribution_id: ContributionId, session: ReadSessionDep, user: CurrentContributor
) -> ContributionOut:
    """Its state, its fields, and what the reviewers said."""
    return service.contribution(session, user, contribution_id)


@router.patch(
    "/contributions/{contribution_id}",
    summary="Change it",
    responses=problems(401, 403, 404, 409, 422, 503),
)
def change_contribution(
    contribution_id: ContributionId,
    given: FieldsIn,
    session: SessionDep,
    settings: SettingsDep,
    user: CurrentContributor,
) -> ContributionOut:
    """While it is in a draft. What is left out stays; null lets the default count again."""
    return service.edit(session, settings, user, contribution_id, given)


@router.delete(
    "/contributions/{contribution_id}",
    status_code=204,
    summary="Take it out of the draft",
    responses=problems(401, 403, 404, 409, 422, 503),
)
def delete_contribution(
    contribution_id: ContributionId, session: SessionDep, user: CurrentContributor
) -> None:
    """With its bytes. One that was sent is withdrawn instead."""
    service.remove_contribution(session, user, contribution_id)


@router.post(
    "/contributions/{contribution_id}/withdraw",
    summary="Withdraw it",
    responses=problems(401, 403, 404, 409, 422, 503),
)
def withdraw(
    contribution_id: ContributionId, session: SessionDep, user: CurrentContributor
) -> ContributionOut:
    """Later releases leave it out, and its pixels are deleted."""
    return submit_service.withdraw(session, user, contribution_id)


@router.post(
    "/contributions/{contribution_id}/answer",
    summary="Answer a request for changes",
    responses=problems(401, 403, 404, 409, 422, 503),
)
def answer(
    contribution_id: ContributionId,
    given: AnswerIn,
    session: SessionDep,
    settings: SettingsDep,
    user: CurrentContributor,
) -> ContributionOut:
    """It goes back to the reviewers, with the fields that were corrected."""
    return submit_service.answer(session, settings, user, contribution_id, given)


@router.get(
    "/contributions/{contribution_id}/preview.jpg",
    summary="Its preview",
    response_class=Response,
    responses={200: JPEG, **problems(401, 403, 404, 410, 422)},
)
def get_preview(
    contribution_id: ContributionId,
    session: ReadSessionDep,
    storage: StorageDep,
    user: CurrentContributor,
) -> Response:
    """For its contributor and, once it was sent, for reviewers."""
    content = service.preview(session, storage, user, contribution_id)
    return Response(content, media_type="image/jpeg", headers=PIXELS_CACHE)
