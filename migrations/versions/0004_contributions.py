"""Submissions, their recordings, and files on the way to them."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "submissions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("contributor_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("defaults", sa.JSON(), nullable=False),
        sa.Column("manifest", sa.JSON(), nullable=False),
        sa.Column("consent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("touched_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["contributor_id"], ["users.id"], name="fk_submissions_contributor_id_users"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_submissions"),
    )
    op.create_index("ix_submissions_contributor_id", "submissions", ["contributor_id"])
    op.create_index("ix_submissions_submitted_at", "submissions", ["submitted_at"])
    op.create_index("ix_submissions_touched_at", "submissions", ["touched_at"])
    op.create_table(
        "contributions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("submission_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("pixels_deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("file_name", sa.String(length=255), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("original_key", sa.String(length=200), nullable=True),
        sa.Column("preview_key", sa.String(length=200), nullable=True),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("format", sa.String(length=10), nullable=False),
        sa.Column("media_type", sa.String(length=50), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("duration_s", sa.Double(), nullable=True),
        sa.Column("frames", sa.Integer(), nullable=False),
        sa.Column("sampled_frames", sa.Integer(), nullable=False),
        sa.Column("square_x", sa.Integer(), nullable=False),
        sa.Column("square_y", sa.Integer(), nullable=False),
        sa.Column("square_size", sa.Integer(), nullable=False),
        sa.Column("fingerprints", sa.JSON(), nullable=False),
        sa.Column("label", sa.String(length=20), nullable=True),
        sa.Column("probe", sa.String(length=10), nullable=True),
        sa.Column("licence", sa.String(length=40), nullable=True),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("patient_hash", sa.String(length=64), nullable=True),
        sa.Column("age_band", sa.String(length=10), nullable=True),
        sa.Column("sex", sa.String(length=10), nullable=True),
        sa.Column("blue_point", sa.String(length=20), nullable=True),
        sa.Column("findings", sa.JSON(), nullable=False),
        sa.Column("symptoms", sa.JSON(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("answer_to_reviewer", sa.Text(), nullable=False),
        sa.Column("prep_state", sa.String(length=10), nullable=True),
        sa.Column("prep_attempt", sa.Integer(), nullable=False),
        sa.Column("prep_queued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("prep_heartbeat_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("prep_lost", sa.Integer(), nullable=False),
        sa.Column("prep_error", sa.String(length=500), nullable=True),
        sa.Column("cine", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("model_answer", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("claimed_by", sa.Uuid(), nullable=True),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("review_round", sa.Integer(), nullable=False),
        sa.Column("disputed", sa.Boolean(), nullable=False),
        sa.Column("final_label", sa.String(length=20), nullable=True),
        sa.Column("final_findings", sa.JSON(), nullable=False),
        sa.Column("final_square_x", sa.Integer(), nullable=True),
        sa.Column("final_square_y", sa.Integer(), nullable=True),
        sa.Column("final_square_size", sa.Integer(), nullable=True),
        sa.Column("trim_start_s", sa.Double(), nullable=True),
        sa.Column("trim_end_s", sa.Double(), nullable=True),
        sa.Column("md_comment", sa.Text(), nullable=False),
        sa.Column("ingest_state", sa.String(length=10), nullable=True),
        sa.Column("ingest_attempt", sa.Integer(), nullable=False),
        sa.Column("ingest_queued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ingest_heartbeat_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ingest_lost", sa.Integer(), nullable=False),
        sa.Column("ingest_error", sa.String(length=500), nullable=True),
        sa.Column("whole_key", sa.String(length=200), nullable=True),
        sa.Column("pixels_key", sa.String(length=200), nullable=True),
        sa.Column("pixels_sha256", sa.String(length=64), nullable=True),
        sa.Column("dataset_frames", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "state IN ('draft', 'pending', 'changes_requested', 'approved', 'rejected', "
            "'withdrawn')",
            name=op.f("ck_contributions_state_known"),
        ),
        sa.ForeignKeyConstraint(
            ["claimed_by"], ["users.id"], name="fk_contributions_claimed_by_users"
        ),
        sa.ForeignKeyConstraint(
            ["submission_id"],
            ["submissions.id"],
            name="fk_contributions_submission_id_submissions",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_contributions"),
        sa.UniqueConstraint("original_key", name="uq_contributions_original_key"),
        sa.UniqueConstraint("preview_key", name="uq_contributions_preview_key"),
    )
    op.create_index(
        "ix_contributions_ingest_state_ingest_queued_at",
        "contributions",
        ["ingest_state", "ingest_queued_at"],
    )
    op.create_index("ix_contributions_patient_hash", "contributions", ["patient_hash"])
    op.create_index(
        "ix_contributions_prep_state_prep_queued_at",
        "contributions",
        ["prep_state", "prep_queued_at"],
    )
    op.create_index("ix_contributions_sha256", "contributions", ["sha256"])
    op.create_index(
        "ix_contributions_state_submitted_at", "contributions", ["state", "submitted_at"]
    )
    op.create_index("ix_contributions_submission_id", "contributions", ["submission_id"])
    op.create_table(
        "arrivals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("submission_id", sa.Uuid(), nullable=False),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("entry", sa.Integer(), nullable=True),
        sa.Column("file_name", sa.String(length=255), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("nudged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("heartbeat_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error_code", sa.String(length=50), nullable=True),
        sa.Column("error_message", sa.String(length=500), nullable=True),
        sa.Column("report", sa.JSON(), nullable=False),
        sa.Column("contribution_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "state IN ('receiving', 'queued', 'running', 'done', 'failed')",
            name=op.f("ck_arrivals_state_known"),
        ),
        sa.ForeignKeyConstraint(
            ["contribution_id"],
            ["contributions.id"],
            name="fk_arrivals_contribution_id_contributions",
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["parent_id"],
            ["arrivals.id"],
            name="fk_arrivals_parent_id_arrivals",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["submission_id"],
            ["submissions.id"],
            name="fk_arrivals_submission_id_submissions",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_arrivals"),
        sa.UniqueConstraint("parent_id", "entry", name="uq_arrivals_parent_id_entry"),
    )
    op.create_index("ix_arrivals_contribution_id", "arrivals", ["contribution_id"])
    op.create_index("ix_arrivals_state_queued_at", "arrivals", ["state", "queued_at"])
    op.create_index("ix_arrivals_submission_id", "arrivals", ["submission_id"])


def downgrade() -> None:
    """Drop them."""
    op.drop_table("arrivals")
    op.drop_table("contributions")
    op.drop_table("submissions")
