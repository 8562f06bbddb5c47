"""Reviews, releases of the dataset, trainings and the artifacts they make."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "artifacts",
        sa.Column("version", sa.String(length=100), nullable=False),
        sa.Column("storage_folder", sa.String(length=200), nullable=True),
        sa.Column("manifest", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("version", name="pk_artifacts"),
    )
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


def downgrade() -> None:
    """Drop them."""
    op.drop_table("training_folds")
    op.drop_table("reviews")
    op.drop_table("release_items")
    op.drop_table("label_reports")
    op.drop_table("trainings")
    op.drop_table("releases")
    op.drop_table("activations")
    op.drop_table("fold_assignments")
    op.drop_table("artifacts")
