"""HTTP of submissions: drafts, their recordings, the check, submitting and what follows."""

from typing import Annotated
from uuid import UUID

from anyio import to_thread
from fastapi import APIRouter, Path, Query, Request, Response

from backend.accounts.deps import CurrentContributor
from backend.core.errors import FileTooLargeError
from backend.core.pagination import LONGEST_PAGE, NO_NUL, PAGE
from backend.http.deps import ReadSessionDep, SessionDep, SettingsDep, StorageDep
from backend.http.openapi import JPEG, problems
from backend.submissions import apply_manifest, picture_text, service
from backend.submissions import submit as submit_service
from backend.submissions.fields import MAX_NAME
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
    TextIn,
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


@router.get("/vocabulary", summary="Vocabulary, columns and limits")
async def get_vocabulary(settings: SettingsDep) -> VocabularyOut:
    """Every list of choices with its keys and names, the columns of a manifest, and the limits."""
    return vocabulary(settings)


@router.post(
    "/submissions",
    status_code=201,
    summary="Create a submission",
    responses=problems(401, 403, 422, 503),
)
def create_submission(
    session: SessionDep,
    settings: SettingsDep,
    user: CurrentContributor,
    body: SubmissionIn | None = None,
) -> SubmissionOut:
    """Creates a draft; upload its files at `/uploads`."""
    return service.create(session, settings, user, body or SubmissionIn())


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
    """With the number of recordings and files in each state."""
    return service.to_schemas(session, [service.find(session, user, submission_id)])[0]


@router.patch(
    "/submissions/{submission_id}",
    summary="Change a draft",
    responses=problems(401, 403, 404, 409, 422, 503),
)
def change_submission(
    submission_id: SubmissionId,
    changes: SubmissionPatch,
    session: SessionDep,
    settings: SettingsDep,
    user: CurrentContributor,
) -> SubmissionOut:
    """Its title, and the default fields for recordings that have none of their own."""
    return service.change(session, settings, user, submission_id, changes)


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
    """With its recordings and files. A submitted one can only be withdrawn."""
    service.delete(session, user, submission_id)


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
    """In the order in which they arrived."""
    return service.contributions(session, user, submission_id, cursor, limit)


@router.patch(
    "/submissions/{submission_id}/contributions",
    summary="Change many recordings",
    responses=problems(401, 403, 404, 409, 422, 503),
)
def change_contributions(
    submission_id: SubmissionId,
    edit: BulkEdit,
    session: SessionDep,
    settings: SettingsDep,
    user: CurrentContributor,
) -> Changed:
    """Sets the same fields of all of them, or of none if one is not in the draft."""
    changed = service.edit_many(session, settings, user, submission_id, edit.ids, edit.fields)
    return Changed(changed=changed)


@router.post(
    "/submissions/{submission_id}/manifest",
    summary="Fill them in from a CSV",
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
            max_length=MAX_NAME,
            pattern=NO_NUL,
            description="Its name: it replaces the rows of an earlier table with this name.",
        ),
    ] = "",
) -> ManifestOut:
    """Lists every cell and row that cannot be used with the reason; all others are applied.

    Rows for files not uploaded yet are kept until then. `GET /vocabulary` lists the columns.
    """
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > limits.MAX_MANIFEST_BYTES:
            limit = limits.MAX_MANIFEST_BYTES
            raise FileTooLargeError(
                f"The manifest is larger than {limit / 1e6:g} MB. Split it.", limit=limit
            )
    upload = apply_manifest.ManifestUpload(bytes(content), table, replaces_all=bool(table))
    return await to_thread.run_sync(
        service.apply_csv, session, settings, user, submission_id, upload
    )


@router.post(
    "/submissions/{submission_id}/mask-text",
    summary="Mask all text that may name a person",
    responses=problems(401, 403, 404, 409, 422, 503),
)
def mask_text(
    submission_id: SubmissionId, session: SessionDep, user: CurrentContributor
) -> Changed:
    """Of every recording of a draft on whose text you have not decided yet."""
    return Changed(changed=picture_text.mask_undecided(session, user, submission_id))


@router.get(
    "/submissions/{submission_id}/check",
    summary="Is it ready?",
    responses=problems(401, 403, 404, 422),
)
def check_submission(
    submission_id: SubmissionId, session: ReadSessionDep, user: CurrentContributor
) -> CheckOut:
    """What is missing, which recordings are duplicates, and which manifest rows have no file."""
    return submit_service.check(session, user, submission_id)


@router.post(
    "/submissions/{submission_id}/submit",
    summary="Submit it to the reviewers",
    responses=problems(401, 403, 404, 409, 422, 503),
)
def submit(
    submission_id: SubmissionId, body: SubmitIn, session: SessionDep, user: CurrentContributor
) -> SubmissionOut:
    """With the consent, whose text is in `GET /vocabulary`."""
    return submit_service.submit(session, user, submission_id, consent=body.consent)


@router.get(
    "/contributions/{contribution_id}",
    summary="One of my recordings",
    responses=problems(401, 403, 404, 422),
)
def get_contribution(
    contribution_id: ContributionId, session: ReadSessionDep, user: CurrentContributor
) -> ContributionOut:
    """Its state, its fields, and the reviewers' comments."""
    return service.contribution(session, user, contribution_id)


@router.patch(
    "/contributions/{contribution_id}",
    summary="Change it",
    responses=problems(401, 403, 404, 409, 422, 503),
)
def change_contribution(
    contribution_id: ContributionId,
    changes: FieldsIn,
    session: SessionDep,
    settings: SettingsDep,
    user: CurrentContributor,
) -> ContributionOut:
    """While it is in a draft. Omitted fields stay; null makes the default apply again."""
    return service.edit(session, settings, user, contribution_id, changes)


@router.patch(
    "/contributions/{contribution_id}/text",
    summary="Mask or keep text in the picture",
    responses=problems(401, 403, 404, 409, 422, 503),
)
def decide_on_text(
    contribution_id: ContributionId,
    decisions: TextIn,
    session: SessionDep,
    user: CurrentContributor,
) -> ContributionOut:
    """While it is in a draft, or the reviewers ask for changes. What is masked is black in every
    picture of the dataset.
    """
    return picture_text.decide(session, user, contribution_id, decisions)


@router.delete(
    "/contributions/{contribution_id}",
    status_code=204,
    summary="Remove it from the draft",
    responses=problems(401, 403, 404, 409, 422, 503),
)
def delete_contribution(
    contribution_id: ContributionId, session: SessionDep, user: CurrentContributor
) -> None:
    """With its bytes. A submitted one can only be withdrawn."""
    service.delete_contribution(session, user, contribution_id)


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
    body: AnswerIn,
    session: SessionDep,
    settings: SettingsDep,
    user: CurrentContributor,
) -> ContributionOut:
    """Returns it to the reviewers, with corrected fields."""
    return submit_service.answer(session, settings, user, contribution_id, body)


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
    """For its contributor and, once it is submitted, for reviewers."""
    content = service.preview(session, storage, user, contribution_id)
    return Response(content, media_type="image/jpeg", headers=PIXELS_CACHE)
