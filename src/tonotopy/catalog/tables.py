"""The tables of a library.

The database refuses nonsense by itself: uniqueness makes adding repeatable, checks keep intervals
in order, foreign keys take windows and annotations away with their recording. Ids are never
reused, so an index that is out of date can be told from one that is wrong.
"""

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    func,
    text,
)

from tonotopy.catalog.types import Float16s, Moment

__all__ = [
    "analyses",
    "analysis_values",
    "annotations",
    "failures",
    "identity",
    "metadata",
    "models",
    "recording_aspects",
    "recording_tags",
    "recordings",
    "roots",
    "spaces",
    "taggers",
    "window_tags",
    "windows",
]

metadata = MetaData()

#: One row: what tells this library from another at the same path.
identity = Table("identity", metadata, Column("id", String, primary_key=True))

#: Folders that were added; recordings are stored relative to one.
roots = Table(
    "roots",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("path", String, nullable=False, unique=True),  # absolute, escaped
    sqlite_autoincrement=True,
)

#: One embedder's vectors. Vectors are compared only inside a space.
spaces = Table(
    "spaces",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String, nullable=False, unique=True),
    Column("embedder", String, nullable=False),  # empty: the vectors were imported
    Column("fingerprint", String, nullable=False),
    Column("dim", Integer, nullable=False),
    Column("sample_rate", Integer, nullable=False),  # Hz; 0 where imported
    Column("window_s", Float, nullable=False),
    Column("hop_s", Float, nullable=False),
    Column("channels", String, nullable=False),  # mix | each
    Column("metric", String, nullable=False),
    Column("licence", String, nullable=False),
    Column("is_default", Boolean, nullable=False),
    Column("generation", Integer, nullable=False),  # rises when windows come or go
    Column("created_at", Moment, nullable=False),
    CheckConstraint("dim > 0 AND window_s > 0 AND hop_s > 0"),
    CheckConstraint("channels IN ('mix', 'each')"),
    CheckConstraint("metric IN ('cosine', 'dot', 'euclidean')"),
    Index("one_default_space", "is_default", unique=True, sqlite_where=text("is_default")),
    sqlite_autoincrement=True,
)

#: A file.
recordings = Table(
    "recordings",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("root_id", ForeignKey("roots.id", ondelete="CASCADE"), nullable=False),
    Column("path", String, nullable=False),  # below the root, escaped
    Column("size", Integer, nullable=False),  # bytes
    Column("mtime_ns", Integer, nullable=False),
    Column("content_hash", String, nullable=False),
    Column("duration_s", Float, nullable=False),
    Column("sample_rate", Integer, nullable=False),  # Hz, of the file
    Column("channels", Integer, nullable=False),
    Column("format", String, nullable=False),
    Column("peaks", LargeBinary, nullable=False),
    Column("problem", String),  # what could not be decoded of it
    Column("device", String),
    Column("recorded_at", Moment),
    Column("utc_offset_min", Integer),
    Column("latitude", Float),
    Column("longitude", Float),
    Column("metadata", JSON(none_as_null=True), nullable=False),
    Column("added_at", Moment, nullable=False),
    Column("missing_since", Moment),
    UniqueConstraint("root_id", "path"),
    CheckConstraint("size >= 0 AND duration_s > 0 AND sample_rate > 0 AND channels > 0"),
    CheckConstraint("latitude BETWEEN -90 AND 90"),
    CheckConstraint("longitude BETWEEN -180 AND 180"),
    Index("recordings_by_size", "size"),
    sqlite_autoincrement=True,
)

#: A stretch of one recording and its vector in one space.
windows = Table(
    "windows",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("recording_id", ForeignKey("recordings.id", ondelete="CASCADE"), nullable=False),
    Column("space_id", ForeignKey("spaces.id", ondelete="CASCADE"), nullable=False),
    Column("channel", Integer),  # null: the mix of all
    Column("position", Integer, nullable=False),  # 0, 1, 2, ...: exact, where times are rounded
    Column("start_s", Float, nullable=False),
    Column("end_s", Float, nullable=False),
    Column("vector", Float16s, nullable=False),
    Column("level_db", Float),  # root mean square, dBFS; null where nobody measured
    CheckConstraint("0 <= start_s AND start_s < end_s"),
    CheckConstraint("position >= 0"),
    CheckConstraint("channel >= 0"),
    Index("windows_by_space", "space_id"),
    sqlite_autoincrement=True,
)
Index(
    "windows_once",
    windows.c.recording_id,
    windows.c.space_id,
    func.coalesce(windows.c.channel, -1),
    windows.c.position,
    unique=True,
)

#: A space whose embedder also names what it hears: which classes, and from which score on a class
#: is shown.
taggers = Table(
    "taggers",
    metadata,
    Column("space_id", ForeignKey("spaces.id", ondelete="CASCADE"), primary_key=True),
    Column("classes", String, nullable=False),  # the name of a list of classes
    Column("thresholds", LargeBinary, nullable=False),  # little-endian float32, one for each class
    sqlite_with_rowid=False,
)

#: The scores of a recording's classes, packed as `catalog.packing` says.
recording_tags = Table(
    "recording_tags",
    metadata,
    Column("recording_id", ForeignKey("recordings.id", ondelete="CASCADE"), primary_key=True),
    Column("space_id", ForeignKey("spaces.id", ondelete="CASCADE"), primary_key=True),
    Column("scores", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

#: What was measured of a recording beside its vectors, see `features.aspects`. Ids rise with every
#: change, so that what was loaded can be told from what is stored.
recording_aspects = Table(
    "recording_aspects",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("recording_id", ForeignKey("recordings.id", ondelete="CASCADE"), nullable=False),
    Column("revision", Integer, nullable=False),  # of the way to measure
    Column("loudness_db", Float, nullable=False),
    Column("pitch_hz", Float),  # null: most of it has no pitch
    Column("voicing", Float, nullable=False),
    Column("brightness_hz", Float),  # null: silence
    Column("onsets_per_s", Float, nullable=False),
    Column("pulse", Float, nullable=False),
    Column("attack_s", Float, nullable=False),
    Column("decay_s", Float, nullable=False),
    UniqueConstraint("recording_id"),
    sqlite_autoincrement=True,
)

#: The scores of a window's best classes: apart from the vectors, so that all are read fast.
window_tags = Table(
    "window_tags",
    metadata,
    Column("window_id", ForeignKey("windows.id", ondelete="CASCADE"), primary_key=True),
    Column("scores", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

#: A label on a recording and an interval of it (null: all of it), with who said it.
annotations = Table(
    "annotations",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("recording_id", ForeignKey("recordings.id", ondelete="CASCADE"), nullable=False),
    Column("start_s", Float),
    Column("end_s", Float),
    Column("low_hz", Float),
    Column("high_hz", Float),
    Column("label", String, nullable=False),
    Column("polarity", String, nullable=False),
    Column("provenance", String, nullable=False),  # person | folder | name | a classifier's name
    Column("confidence", Float),
    Column("created_at", Moment, nullable=False),
    CheckConstraint("polarity IN ('positive', 'negative', 'unsure')"),
    CheckConstraint("(start_s IS NULL) = (end_s IS NULL)"),
    CheckConstraint("start_s IS NULL OR (0 <= start_s AND start_s < end_s)"),
    CheckConstraint("low_hz >= 0 AND high_hz > 0"),
    CheckConstraint("low_hz < high_hz"),
    CheckConstraint("confidence BETWEEN 0 AND 1"),
    CheckConstraint("label <> ''"),
    Index("annotations_by_recording", "recording_id"),
    Index("annotations_by_label", "label"),
    sqlite_autoincrement=True,
)

#: A projection, clustering or scoring with its parameters, so that it can be shown again.
analyses = Table(
    "analyses",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("space_id", ForeignKey("spaces.id", ondelete="CASCADE"), nullable=False),
    Column("kind", String, nullable=False),  # projection, ...
    Column("name", String, nullable=False),  # umap, ...
    Column("item_kind", String, nullable=False),  # recordings | windows
    Column("parameters", JSON(none_as_null=True), nullable=False),
    Column("generation", Integer, nullable=False),  # of the space when it was made
    Column("created_at", Moment, nullable=False),
    CheckConstraint("item_kind IN ('recordings', 'windows')"),
    sqlite_autoincrement=True,
)

#: The arrays of an analysis: its items' ids, coordinates, scores, ...
analysis_values = Table(
    "analysis_values",
    metadata,
    Column("analysis_id", ForeignKey("analyses.id", ondelete="CASCADE"), primary_key=True),
    Column("name", String, primary_key=True),
    Column("dtype", String, nullable=False),  # numpy's name, little-endian
    Column("shape", JSON(none_as_null=True), nullable=False),
    Column("data", LargeBinary, nullable=False),
)

#: What was learned from a space: codes, ...
models = Table(
    "models",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("space_id", ForeignKey("spaces.id", ondelete="CASCADE"), nullable=False),
    Column("kind", String, nullable=False),  # hashing, ...
    Column("name", String, nullable=False),
    Column("parameters", JSON(none_as_null=True), nullable=False),
    Column("scores", JSON(none_as_null=True), nullable=False),
    Column("weights", LargeBinary, nullable=False),  # safetensors
    Column("generation", Integer, nullable=False),  # of the space when it was learned
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("space_id", "kind", "name"),
    sqlite_autoincrement=True,
)

#: What could not be added, and why: nothing is skipped in silence.
failures = Table(
    "failures",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("path", String, nullable=False, unique=True),  # absolute, escaped
    Column("reason", String, nullable=False),
    Column("happened_at", Moment, nullable=False),
    sqlite_autoincrement=True,
)
