"""Where everything lies in the storage: the one place that makes keys."""

from uuid import UUID, uuid4


def recording_key(sha256: str, recording_id: UUID) -> str:
    """Where a recording lies: found by content, yet one row's bytes are never another's."""
    return f"recordings/{sha256[:2]}/{sha256}-{recording_id}"


def preview_key(recording_id: UUID) -> str:
    """Where a recording's preview lies."""
    return f"previews/{recording_id}.jpg"


def frames_folder(screening_id: UUID) -> str:
    """Where the frames of a screening lie."""
    return f"frames/{screening_id}"


def frame_key(screening_id: UUID, index: int) -> str:
    """Where one frame of a screening lies, counted from 0."""
    return f"{frames_folder(screening_id)}/{index}.jpg"


def review_folder(contribution_id: UUID) -> str:
    """Where what reviewers look at lies: cine frames and the contact sheet. Private."""
    return f"review/{contribution_id}"


def cine_key(contribution_id: UUID, index: int) -> str:
    """Where one frame of the reviewers' player lies, counted from 0."""
    return f"{review_folder(contribution_id)}/{index}.jpg"


def contact_sheet_key(contribution_id: UUID) -> str:
    """Where the sheet of frames lies on which a reviewer looks for names."""
    return f"{review_folder(contribution_id)}/sheet.jpg"


def whole_key(contribution_id: UUID, suffix: str) -> str:
    """Where the de-identified copy in full length and full frame lies. Private."""
    return f"wholes/{contribution_id}.{suffix}"


def dataset_folder(contribution_id: UUID) -> str:
    """Where what a release is made of lies."""
    return f"dataset/{contribution_id}"


def dataset_pixels_key(contribution_id: UUID, suffix: str) -> str:
    """Where the recording lies as releases hold it: trimmed, square, without any metadata."""
    return f"{dataset_folder(contribution_id)}/pixels.{suffix}"


def dataset_frame_key(contribution_id: UUID, index: int) -> str:
    """Where one of its sampled frames lies, counted from 0."""
    return f"{dataset_folder(contribution_id)}/{index}.png"


def published_folder(contribution_id: UUID) -> str:
    """Where the files of a contribution lie that releases serve, each as long as one holds it."""
    return f"published/{contribution_id}"


def published_key(contribution_id: UUID, sha256: str, suffix: str) -> str:
    """Where one of them lies, by its content: releases with the same file share it."""
    return f"{published_folder(contribution_id)}/{sha256}{suffix}"


def release_key(number: int, attempt: int, name: str) -> str:
    """Where a file at the top of a release lies. Each attempt at making it has its own."""
    return f"releases/{number}/{attempt}/{name.lower().replace('_', '-')}"


def training_folder(training_id: UUID) -> str:
    """Where the results of a training's folds wait for its last stage."""
    return f"trainings/{training_id}"


def training_key(training_id: UUID, fold: int) -> str:
    """Where the result of one fold lies."""
    return f"{training_folder(training_id)}/fold{fold}.safetensors"


def artifact_folder(version: str, attempt: int) -> str:
    """Where the files of an artifact that was trained here lie, under the names they have."""
    return f"artifacts/{version}/{attempt}"


def pieces_folder(upload_id: UUID) -> str:
    """Where the pieces lie of a file that is sent for a submission, until it is taken in."""
    return f"pieces/{upload_id}"


def piece_key(upload_id: UUID, start: int) -> str:
    """A new place for bytes of such a file from `start` on: no two attempts share one."""
    return f"{pieces_folder(upload_id)}/{start}-{uuid4().hex}"


def upload_key(upload_id: UUID) -> str:
    """Where such a file lies as one, if it came before files were kept in pieces."""
    return f"arrivals/{upload_id}"


def contribution_key(sha256: str, contribution_id: UUID) -> str:
    """Where a contribution's original lies: private, and deleted after the decision."""
    return f"contributions/{sha256[:2]}/{sha256}-{contribution_id}"


def contribution_preview_key(contribution_id: UUID) -> str:
    """Where a contribution's preview lies, which its contributor and reviewers see."""
    return f"contribution-previews/{contribution_id}.jpg"
