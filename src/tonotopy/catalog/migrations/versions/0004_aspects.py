"""Pitch, loudness and rhythm of each recording."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the table of aspects; what is there has none until it is measured."""
    op.create_table(
        "recording_aspects",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("recording_id", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("loudness_db", sa.Float(), nullable=False),
        sa.Column("pitch_hz", sa.Float(), nullable=True),
        sa.Column("voicing", sa.Float(), nullable=False),
        sa.Column("brightness_hz", sa.Float(), nullable=True),
        sa.Column("onsets_per_s", sa.Float(), nullable=False),
        sa.Column("pulse", sa.Float(), nullable=False),
        sa.Column("attack_s", sa.Float(), nullable=False),
        sa.Column("decay_s", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["recording_id"], ["recordings.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("recording_id"),
        sqlite_autoincrement=True,
    )
