"""Accounts, the audit log, contributions, reviews, releases, trainings."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_NEVER_CHANGED = "rows of audit_events are never changed"


def upgrade() -> None:
    """Make the tables of everything between an upload and new models."""
    op.create_table(
        "artifacts",
        sa.Column("version", sa.String(length=100), nullable=False),
        sa.Column("storage_folder", sa.String(length=200), nullable=True),
        sa.Column("manifest", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("version", name="pk_artifacts"),
    )
    op.create_table(
        "audit_events",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("actor_role", sa.String(length=20), nullable=False),
        sa.Column("action", sa.String(length=50), nullable=False),
        sa.Column("subject_kind", sa.String(length=30), nullable=False),
        sa.Column("subject_id", sa.String(length=64), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("request_id", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_events"),
    )
    op.create_index("ix_audit_events_action", "audit_events", ["action"])
    op.create_index("ix_audit_events_actor_id", "audit_events", ["actor_id"])
    op.create_index("ix_audit_events_at", "audit_events", ["at"])
    op.create_index(
        "ix_audit_events_subject_kind_subject_id", "audit_events", ["subject_kind", "subject_id"]
    )
    _refuse_changes_of_the_audit_log()
    op.create_table(
        "fold_assignments",
        sa.Column("group_key", sa.String(length=80), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("fold", sa.Integer(), nullable=False),
        sa.Column("assigned_in", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("group_key", name="pk_fold_assignments"),
        sa.UniqueConstraint("number", name="uq_fold_assignments_number"),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("affiliation", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "role IN ('contributor', 'reviewer', 'admin')", name=op.f("ck_users_role_known")
        ),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
        sa.UniqueConstraint("email", name="uq_users_email"),
    )
    op.create_table(
        "activations",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("version", sa.String(length=100), nullable=False),
        sa.Column("activated_by", sa.Uuid(), nullable=True),
        sa.Column("activated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["activated_by"], ["users.id"], name="fk_activations_activated_by_users"
        ),
        sa.ForeignKeyConstraint(
            ["version"], ["artifacts.version"], name="fk_activations_version_artifacts"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_activations"),
    )
    op.create_table(
        "api_tokens",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("hint", sa.String(length=20), nullable=False),
        sa.Column("secret_sha256", sa.String(length=64), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="fk_api_tokens_user_id_users", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_api_tokens"),
        sa.UniqueConstraint("secret_sha256", name="uq_api_tokens_secret_sha256"),
    )
    op.create_index("ix_api_tokens_user_id", "api_tokens", ["user_id"])
    op.create_table(
        "password_resets",
        sa.Column("secret_sha256", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="fk_password_resets_user_id_users", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("secret_sha256", name="pk_password_resets"),
    )
    op.create_index("ix_password_resets_user_id", "password_resets", ["user_id"])
    op.create_table(
        "releases",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("nudged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("heartbeat_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.String(length=500), nullable=True),
        sa.Column("summary", sa.JSON(), nullable=False),
        sa.Column("files", sa.JSON(), nullable=False),
        sa.Column("archive_bytes", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name="fk_releases_created_by_users"),
        sa.PrimaryKeyConstraint("number", name="pk_releases"),
    )
    op.create_table(
        "sign_ins",
        sa.Column("secret_sha256", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="fk_sign_ins_user_id_users", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("secret_sha256", name="pk_sign_ins"),
    )
    op.create_index("ix_sign_ins_expires_at", "sign_ins", ["expires_at"])
    op.create_index("ix_sign_ins_user_id", "sign_ins", ["user_id"])
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
    op.create_table(
        "trainings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("release_number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("stage", sa.String(length=60), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.String(length=500), nullable=True),
        sa.Column("artifact_version", sa.String(length=100), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("nudged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("heartbeat_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("comparison", sa.JSON(none_as_null=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["artifact_version"],
            ["artifacts.version"],
            name="fk_trainings_artifact_version_artifacts",
        ),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name="fk_trainings_created_by_users"),
        sa.ForeignKeyConstraint(
            ["release_number"], ["releases.number"], name="fk_trainings_release_number_releases"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_trainings"),
    )
    op.create_index("ix_trainings_release_number", "trainings", ["release_number"])
    op.create_table(
        "label_reports",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("contribution_id", sa.Uuid(), nullable=False),
        sa.Column("release_number", sa.Integer(), nullable=False),
        sa.Column("client", sa.String(length=32), nullable=False),
        sa.Column("label", sa.String(length=20), nullable=True),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["contribution_id"],
            ["contributions.id"],
            name="fk_label_reports_contribution_id_contributions",
        ),
        sa.ForeignKeyConstraint(
            ["release_number"], ["releases.number"], name="fk_label_reports_release_number_releases"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_label_reports"),
        sa.UniqueConstraint(
            "contribution_id", "client", name="uq_label_reports_contribution_id_client"
        ),
    )
    op.create_index("ix_label_reports_contribution_id", "label_reports", ["contribution_id"])
    op.create_table(
        "release_items",
        sa.Column("release_number", sa.Integer(), nullable=False),
        sa.Column("contribution_id", sa.Uuid(), nullable=False),
        sa.Column("group_key", sa.String(length=80), nullable=False),
        sa.Column("fold", sa.Integer(), nullable=False),
        sa.Column("label", sa.String(length=20), nullable=False),
        sa.Column("probe", sa.String(length=10), nullable=False),
        sa.Column("row", sa.JSON(), nullable=False),
        sa.Column("facts", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("files", sa.JSON(none_as_null=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["contribution_id"],
            ["contributions.id"],
            name="fk_release_items_contribution_id_contributions",
        ),
        sa.ForeignKeyConstraint(
            ["group_key"],
            ["fold_assignments.group_key"],
            name="fk_release_items_group_key_fold_assignments",
        ),
        sa.ForeignKeyConstraint(
            ["release_number"], ["releases.number"], name="fk_release_items_release_number_releases"
        ),
        sa.PrimaryKeyConstraint("release_number", "contribution_id", name="pk_release_items"),
    )
    op.create_index("ix_release_items_contribution_id", "release_items", ["contribution_id"])
    op.create_table(
        "reviews",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("contribution_id", sa.Uuid(), nullable=False),
        sa.Column("reviewer_id", sa.Uuid(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("reading", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=30), nullable=True),
        sa.Column("label", sa.String(length=20), nullable=True),
        sa.Column("findings", sa.JSON(), nullable=False),
        sa.Column("square", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("trim_start_s", sa.Double(), nullable=True),
        sa.Column("trim_end_s", sa.Double(), nullable=True),
        sa.Column("no_identifying_marks", sa.Boolean(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "verdict IN ('approve', 'reject', 'request_changes')",
            name=op.f("ck_reviews_verdict_known"),
        ),
        sa.ForeignKeyConstraint(
            ["contribution_id"],
            ["contributions.id"],
            name="fk_reviews_contribution_id_contributions",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["reviewer_id"], ["users.id"], name="fk_reviews_reviewer_id_users"),
        sa.PrimaryKeyConstraint("id", name="pk_reviews"),
    )
    op.create_index("ix_reviews_contribution_id", "reviews", ["contribution_id"])
    op.create_index("ix_reviews_created_at", "reviews", ["created_at"])
    op.create_index("ix_reviews_reviewer_id", "reviews", ["reviewer_id"])
    op.create_index(
        "uq_reviews_reader_in_round",
        "reviews",
        ["contribution_id", "round", "reviewer_id"],
        unique=True,
        sqlite_where=sa.text("undone_at IS NULL"),
        postgresql_where=sa.text("undone_at IS NULL"),
    )
    op.create_table(
        "training_folds",
        sa.Column("training_id", sa.Uuid(), nullable=False),
        sa.Column("fold", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("stage", sa.String(length=60), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("nudged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("heartbeat_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.String(length=500), nullable=True),
        sa.Column("metrics", sa.JSON(none_as_null=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["training_id"],
            ["trainings.id"],
            name="fk_training_folds_training_id_trainings",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("training_id", "fold", name="pk_training_folds"),
    )


def _refuse_changes_of_the_audit_log() -> None:
    """Rows are added and never changed, whoever asks."""
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER audit_events_refuse_{verb.lower()} BEFORE {verb} ON audit_events "
                f"BEGIN SELECT RAISE(ABORT, '{_NEVER_CHANGED}'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION refuse_change_of_audit_events() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_NEVER_CHANGED}'; END $$"
    )
    op.execute(
        "CREATE TRIGGER audit_events_refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE "
        "ON audit_events EXECUTE FUNCTION refuse_change_of_audit_events()"
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("training_folds")

    op.drop_table("reviews")

    op.drop_table("release_items")

    op.drop_table("label_reports")

    op.drop_table("trainings")

    op.drop_table("arrivals")
    op.drop_table("contributions")

    op.drop_table("submissions")

    op.drop_table("sign_ins")
    op.drop_table("releases")

    op.drop_table("password_resets")

    op.drop_table("api_tokens")
    op.drop_table("activations")
    op.drop_table("users")
    op.drop_table("fold_assignments")

    op.drop_table("audit_events")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_change_of_audit_events")
    op.drop_table("artifacts")
