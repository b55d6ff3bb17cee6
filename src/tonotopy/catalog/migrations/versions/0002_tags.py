"""How loud each window is, and what an embedder that names sounds says of it."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add levels and tags; what is there has none until it is heard again."""
    op.add_column("windows", sa.Column("level_db", sa.Float(), nullable=True))
    op.create_table(
        "taggers",
        sa.Column("space_id", sa.Integer(), nullable=False),
        sa.Column("classes", sa.String(), nullable=False),
        sa.Column("thresholds", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["space_id"], ["spaces.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("space_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "recording_tags",
        sa.Column("recording_id", sa.Integer(), nullable=False),
        sa.Column("space_id", sa.Integer(), nullable=False),
        sa.Column("scores", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["recording_id"], ["recordings.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["space_id"], ["spaces.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("recording_id", "space_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "window_tags",
        sa.Column("window_id", sa.Integer(), nullable=False),
        sa.Column("scores", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["window_id"], ["windows.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("window_id"),
        sqlite_with_rowid=False,
    )
