"""The verb `add`: find files, hear what is new or changed, store it recording by recording."""

import os
import time
from collections.abc import Callable, Sequence
from typing import Literal

from tonotopy import catalog
from tonotopy.audio import EXTENSIONS
from tonotopy.catalog import Catalog, Space
from tonotopy.errors import LibraryError
from tonotopy.ingest import naming, space
from tonotopy.ingest.given import Given
from tonotopy.ingest.plan import Plan, is_gone, make_plan
from tonotopy.ingest.report import Progress, Report
from tonotopy.ingest.scan import Found, Unreadable, scan
from tonotopy.ingest.storing import hear_and_store, note_failure

__all__ = ["add"]

SHOWN = 3  # paths in a message


def add(
    library: Catalog,
    paths: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    *,
    exclude: Sequence[str] = (),
    within: str | os.PathLike[str] | None = None,
    embedder: str | None = None,
    weights: str | os.PathLike[str] | None = None,
    hop_s: float | None = None,
    channels: Literal["mix", "each"] | None = None,
    labels_from_folders: bool = False,
    label_pattern: str | None = None,
    jobs: int | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> Report:
    """Add audio files and folders to a library, or bring what it knows of them up to date.

    Files that did not change cost a look at their size and date; pitch, loudness and rhythm of what
    an older version heard are measured once, beside its windows. What cannot be heard is stored
    as a failure with its reason and does not stop the run. Each recording lands in a transaction
    of its own: a run that is killed loses at most those it was hearing.

    Parameters
    ----------
    library : Catalog
        An open library; a new one is created.
    paths : path-like or sequence of them
        Files, and folders to walk.
    exclude : sequence of str
        Globs of names or whole paths to pass over.
    within : path-like, optional
        A folder; files outside of it, to which links may lead, are failures. Anywhere by default.
    embedder : str, optional
        What to listen with, a name from ``tonotopy models``; by default as in the library's
        default space. Another one starts a new space.
    weights : path-like, optional
        The file of weights of an embedder that needs one, such as ``yamnet``; by default it is
        looked for, see `tonotopy.embedders.model_files`. Other weights start a new space.
    hop_s : float, optional
        Seconds between the starts of windows; another hop starts a new space.
    channels : {"mix", "each"}, optional
        Whether channels are mixed or heard by themselves; another way starts a new space.
    labels_from_folders : bool, default False
        Whether the folder that holds a file is its label.
    label_pattern : str, optional
        How file names are made, e.g. ``"{label}_{speaker}_{take}"``.
    jobs : int, optional
        Worker processes; by default as many as there are cores.
    on_progress : callable, optional
        Is told how far the run is.

    Returns
    -------
    Report
        Counts, failures with reasons, seconds of sound.

    Raises
    ------
    LibraryError
        If there is nothing to add, or the library cannot be written.
    EmbedderError
        If the embedder is unknown or cannot take its space's vectors further.
    TonotopyError
        If the pattern is none.
    ValueError
        If `jobs` is below 1, or `channels` neither of the two.

    Examples
    --------
    >>> import tonotopy as tt
    >>> library = tt.open("sounds.db")  # doctest: +SKIP
    >>> tt.add(library, "~/Sounds", labels_from_folders=True).added  # doctest: +SKIP
    4096
    """
    began = time.monotonic()
    if jobs is not None and jobs < 1:
        raise ValueError(f"jobs={jobs} must be at least 1")
    if label_pattern is not None:
        naming.check_pattern(label_pattern)
    named = absolute([paths] if isinstance(paths, str | os.PathLike) else paths)
    found, unreadable = look(named, exclude, within)
    given = Given.of(named)
    spaces = spaces_of(library)
    if not found and not (spaces and knows(library, given)):
        raise LibraryError(nothing_to_add(named, unreadable))
    asked = space.wanted(spaces, embedder, hop_s, channels, weights)
    with library.write() as connection:
        target = space.find(catalog.list_spaces(connection), asked) or space.start(
            connection, asked
        )
        space.note_tagger(connection, target, asked.embedder)
    with library.read() as connection:
        covered = catalog.covered_recordings(connection, target)
        covered -= catalog.untagged_recordings(connection, target)
        unmeasured = catalog.unmeasured_recordings(connection)
        plan = make_plan(connection, found, given.known(connection), covered, unmeasured)
    new_space = space.find(spaces, asked) is None
    report = Report(space=target.name, new_space=new_space, unchanged=plan.unchanged)
    note_failures(library, report, given, unreadable, fine=files(found) - files(plan.hear))
    note_changes(library, report, plan, given)
    hear_and_store(library, report, plan, target, asked, given, jobs or n_cores(), on_progress)
    if labels_from_folders or label_pattern is not None:
        label(library, given, found, from_folders=labels_from_folders, pattern=label_pattern)
    report.elapsed_s = time.monotonic() - began
    return report


def n_cores() -> int:
    """Count the cores that this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)  # Linux has it, others do not
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def absolute(paths: Sequence[str | os.PathLike[str]]) -> list[str]:
    """Spell paths absolutely, links as they are; ``~`` is the user's home."""
    return [os.path.abspath(os.path.expanduser(path)) for path in paths]


def files(found: Sequence[Found]) -> set[str]:
    """Name the files that were found."""
    return {file.path for file in found}


def look(
    given: list[str], exclude: Sequence[str], within: str | os.PathLike[str] | None
) -> tuple[list[Found], list[Unreadable]]:
    """Find the files to add, and what could not be looked at."""
    found: list[Found] = []
    unreadable: list[Unreadable] = []
    for each in scan(given, exclude=exclude, within=within):
        if isinstance(each, Found):
            found.append(each)
        else:
            unreadable.append(each)
    return found, unreadable


def spaces_of(library: Catalog) -> list[Space]:
    """List the spaces that there are, without making a library of a new file."""
    if library.is_new():
        return []
    with library.read() as connection:
        return catalog.list_spaces(connection)


def knows(library: Catalog, given: Given) -> bool:
    """Tell whether the library knows anything below the paths that were given."""
    with library.read() as connection:
        return bool(given.known(connection))


def nothing_to_add(named: list[str], unreadable: list[Unreadable]) -> str:
    """Say why there is nothing to add."""
    if not named:
        return "nothing to add: name at least one file or folder"
    if len(unreadable) == 1 and unreadable[0].path in named and is_gone(unreadable[0].path):
        return f"there is no file or folder {unreadable[0].path}"
    if unreadable:
        reasons = "; ".join(f"{each.path}: {each.reason}" for each in unreadable[:SHOWN])
        more = f" and {len(unreadable) - SHOWN} more" if len(unreadable) > SHOWN else ""
        return f"nothing to add: {reasons}{more}"
    return f"no audio files in {', '.join(named)}; looked for {' '.join(sorted(EXTENSIONS))}"


def note_failures(
    library: Catalog,
    report: Report,
    given: Given,
    unreadable: list[Unreadable],
    *,
    fine: set[str],
) -> None:
    """Store what could not be looked at; forget failures of what is fine, or gone.

    Those of folders are forgotten too: what still cannot be looked at is stored again.
    """
    with library.write() as connection:
        past = [catalog.unescape(failure.path) for failure in catalog.list_failures(connection)]
        here = [path for path in past if given.hold(path)]
        over = [path for path in here if os.path.isdir(path) or not os.path.lexists(path)]
        catalog.clear_failures(connection, [*over, *fine.intersection(past)])
        for each in unreadable:
            if os.path.lexists(each.path):
                note_failure(connection, report, each.path, each.reason)
            else:
                report.failed.append({"path": catalog.escape(each.path), "reason": each.reason})


def note_changes(library: Catalog, report: Report, plan: Plan, given: Given) -> None:
    """Store what is known without hearing: new dates, moves, files that are gone."""
    with library.write() as connection:
        for move in plan.touched:
            catalog.touch_recording(connection, move.known.id, move.found.mtime_ns)
        for move in plan.moves:
            path, mtime_ns = move.found.path, move.found.mtime_ns
            root = given.root_of(path)
            catalog.move_recording(connection, move.known.id, path, mtime_ns, root=root)
        catalog.index_words(connection, [move.known.id for move in plan.moves])
        catalog.mark_missing(connection, [recording.id for recording in plan.missing])
    report.unchanged += len(plan.touched)
    report.moved = len(plan.moves)
    report.missing = len(plan.missing)


def label(
    library: Catalog,
    given: Given,
    found: list[Found],
    *,
    from_folders: bool,
    pattern: str | None,
) -> None:
    """Label the recordings of the files that were found, heard now or before."""
    paths = files(found)
    with library.write() as connection:
        recordings = {
            path: each.id for path, each in given.known(connection).items() if path in paths
        }
        naming.label_by_names(connection, recordings, from_folders=from_folders, pattern=pattern)
