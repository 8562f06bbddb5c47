"""The layout of the storage: every key is made here."""

from uuid import UUID, uuid4


def recording_key(sha256: str, recording_id: UUID) -> str:
    """A recording: named by its content, and by its row so that no two rows share bytes."""
    return f"recordings/{sha256[:2]}/{sha256}-{recording_id}"


def preview_key(recording_id: UUID) -> str:
    """A recording's preview."""
    return f"previews/{recording_id}.jpg"


def frames_folder(screening_id: UUID) -> str:
    """The frames of a screening, and the maps over them."""
    return f"frames/{screening_id}"


def frame_key(screening_id: UUID, index: int) -> str:
    """One frame of a screening, counted from 0."""
    return f"{frames_folder(screening_id)}/{index}.jpg"


def signs_key(screening_id: UUID, index: int) -> str:
    """The maps over such a frame: where its signs are, and Grad-CAM (`models.media.overlay`)."""
    return f"{frames_folder(screening_id)}/{index}-signs.png"


def review_folder(contribution_id: UUID) -> str:
    """What reviewers look at: cine frames, the contact sheet and maps of signs. Private."""
    return f"review/{contribution_id}"


def cine_key(contribution_id: UUID, index: int) -> str:
    """One frame of the reviewers' player, counted from 0."""
    return f"{review_folder(contribution_id)}/{index}.jpg"


def contribution_signs_key(contribution_id: UUID, index: int) -> str:
    """The maps over a sampled frame on the proposed square, which reviewers see after a verdict."""
    return f"{review_folder(contribution_id)}/{index}-signs.png"


def contact_sheet_key(contribution_id: UUID) -> str:
    """The contact sheet, on which a reviewer looks for identifying text."""
    return f"{review_folder(contribution_id)}/sheet.jpg"


def deidentified_key(contribution_id: UUID, suffix: str) -> str:
    """The de-identified copy in full length and full frame. Private."""
    return f"wholes/{contribution_id}.{suffix}"


def dataset_folder(contribution_id: UUID) -> str:
    """The files that releases are made of."""
    return f"dataset/{contribution_id}"


def dataset_pixels_key(contribution_id: UUID, suffix: str) -> str:
    """The recording as it is released: trimmed, square, without any metadata."""
    return f"{dataset_folder(contribution_id)}/pixels.{suffix}"


def dataset_frame_key(contribution_id: UUID, index: int) -> str:
    """One of its sampled frames, counted from 0."""
    return f"{dataset_folder(contribution_id)}/{index}.png"


def published_folder(contribution_id: UUID) -> str:
    """The files of a contribution that releases serve."""
    return f"published/{contribution_id}"


def published_key(contribution_id: UUID, sha256: str, suffix: str) -> str:
    """One of them, named by its content, so that releases share it."""
    return f"{published_folder(contribution_id)}/{sha256}{suffix}"


def release_key(number: int, attempt: int, name: str) -> str:
    """A file at the top level of a release. Every attempt at building it has its own."""
    return f"releases/{number}/{attempt}/{name.lower().replace('_', '-')}"


def training_folder(training_id: UUID) -> str:
    """The results of a training's folds, until its last stage."""
    return f"trainings/{training_id}"


def training_key(training_id: UUID, fold: int) -> str:
    """The result of one fold."""
    return f"{training_folder(training_id)}/fold{fold}.safetensors"


def artifact_folder(version: str, attempt: int) -> str:
    """The files of an artifact that was trained here, under their own names."""
    return f"artifacts/{version}/{attempt}"


def pieces_folder(upload_id: UUID) -> str:
    """The pieces of an upload for a submission, until it is imported."""
    return f"pieces/{upload_id}"


def piece_key(upload_id: UUID, start: int) -> str:
    """A new key for a piece from byte `start` on; no two attempts share one."""
    return f"{pieces_folder(upload_id)}/{start}-{uuid4().hex}"


def upload_key(upload_id: UUID) -> str:
    """A whole upload, from before uploads were stored in pieces."""
    return f"arrivals/{upload_id}"


def contribution_key(sha256: str, contribution_id: UUID) -> str:
    """A contribution's original: private, and deleted after the decision."""
    return f"contributions/{sha256[:2]}/{sha256}-{contribution_id}"


def contribution_preview_key(contribution_id: UUID) -> str:
    """A contribution's preview, shown to its contributor and to reviewers."""
    return f"contribution-previews/{contribution_id}.jpg"
