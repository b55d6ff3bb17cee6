"""The verb `doctor`: look for what is wrong with a library and mend what is safe to mend."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from sqlalchemy import Connection

from tonotopy import catalog
from tonotopy.catalog import Catalog
from tonotopy.index import LEARNED
from tonotopy.index.cache import Source, forget, index_directories, load_cached, stamps
from tonotopy.index.codes import codes_fingerprint

__all__ = ["Diagnosis", "Finding", "doctor"]

SHOWN = 5  # examples in a finding


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong, or worth knowing."""

    what: str
    advice: str  #: what to do; empty if it was mended
    examples: list[str] = field(default_factory=list)
    mended: bool = False


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What `doctor` found."""

    recordings: int
    windows: int
    findings: list[Finding]

    @property
    def healthy(self) -> bool:
        """Whether nothing is left that a user should look at."""
        return all(finding.mended for finding in self.findings)


def doctor(library: Catalog, *, repair: bool = True) -> Diagnosis:
    """Check a library: its file, its rows, its files, its indexes.

    Parameters
    ----------
    library : Catalog
        An open library.
    repair : bool, default True
        Whether to mend what cannot lose anything: the word index, which files are missing, index
        files that are out of date.

    Returns
    -------
    Diagnosis
        Counts, and what was found.
    """
    with library.read() as connection:
        damage = catalog.damage(connection)
        if damage:
            advice = "restore a copy of the library, or delete it and add the recordings again"
            return Diagnosis(0, 0, [Finding("the file is damaged", advice, damage[:SHOWN])])
    findings = [
        *check_rows(library, repair),
        *check_files(library, repair),
        *check_indexes(library, repair),
    ]
    with library.read() as connection:
        totals = catalog.recording_totals(connection)
        n_windows = sum(
            catalog.space_counts(connection, space.id).windows
            for space in catalog.list_spaces(connection)
        )
    return Diagnosis(totals.n_recordings, n_windows, findings)


def check_rows(library: Catalog, repair: bool) -> Iterator[Finding]:
    """Check that rows fit each other."""
    with library.read() as connection:
        unheard = catalog.unheard_recordings(connection)
        odd = catalog.odd_vectors(connection)
        wordless = catalog.unindexed_words(connection)
        n_unused = catalog.count_unused_roots(connection)
        if unheard:
            yield Finding(
                f"{len(unheard)} recordings have no windows in any space",
                "add their files again",
                paths_of(connection, unheard),
            )
        if odd:
            yield Finding(
                f"{len(odd)} recordings have vectors of the wrong length",
                "remove them and add their files again",
                paths_of(connection, odd),
            )
    if wordless:
        mended = mend(library, repair, lambda connection: catalog.index_words(connection, wordless))
        yield Finding(
            f"{len(wordless)} recordings could not be found by words",
            "" if mended else "run doctor where the library can be written",
            mended=mended,
        )
    if n_unused:
        mended = mend(library, repair, catalog.delete_unused_roots)
        yield Finding(
            f"{n_unused} folders are remembered that hold no recording",
            "" if mended else "run doctor where the library can be written",
            mended=mended,
        )


def check_files(library: Catalog, repair: bool) -> Iterator[Finding]:
    """Check that the recordings' files are there and can be read."""
    with library.read() as connection:
        known = catalog.all_known(connection)
        failures = catalog.list_failures(connection)
    gone = [each for each in known if not os.path.lexists(each.path)]
    unreadable = [
        each for each in known if os.path.lexists(each.path) and not os.access(each.path, os.R_OK)
    ]
    news = [each.id for each in gone if not each.missing]
    if news:
        mend(library, repair, lambda connection: catalog.mark_missing(connection, news))
    if gone:
        yield Finding(
            f"{len(gone)} files are gone; what was heard in them can still be searched",
            "if they moved: tonotopy relocate OLD NEW; if they were deleted: tonotopy remove PATH",
            [catalog.escape(each.path) for each in gone[:SHOWN]],
        )
    if unreadable:
        yield Finding(
            f"{len(unreadable)} files may not be read",
            "change their permissions",
            [catalog.escape(each.path) for each in unreadable[:SHOWN]],
        )
    if failures:
        yield Finding(
            f"{len(failures)} files could not be added",
            "tonotopy info --failures lists them with their reasons; mend or remove the files "
            "and add them again",
            [f"{failure.path}: {failure.reason}" for failure in failures[:SHOWN]],
        )


def check_indexes(library: Catalog, repair: bool) -> Iterator[Finding]:
    """Check that index files are whole and of this library; one that only lags is put right by use.

    An index can always be built again, so what is wrong with one is mended by deleting it.
    """
    directories = index_directories(library.path)
    with library.read() as connection:
        spaces = {space.id: space for space in catalog.list_spaces(connection)}
        identity = catalog.library_id(connection)
        models = {
            space_id: catalog.find_model(
                connection, space_id=space_id, kind="hashing", name="codes"
            )
            for space_id in spaces
        }
    useless: set[int] = set()
    for _, stamp in stamps(directories):
        space = spaces.get(stamp.space_id)
        if space is None:
            useless.add(stamp.space_id)
            continue
        fingerprint, model = space.fingerprint, models[space.id]
        if stamp.kind in LEARNED and model is not None:
            fingerprint = codes_fingerprint(fingerprint, model.id)
        source = Source(identity, space.id, fingerprint, space.metric, space.dim)
        if load_cached(directories, source, stamp.kind, generation=space.generation) is None:
            useless.add(space.id)
    if useless:
        if repair:
            for space_id in useless:
                forget(directories, space_id)
        yield Finding(
            f"the index files of {len(useless)} spaces were damaged or of something else",
            "" if repair else "run doctor without --no-repair; they are built again when needed",
            mended=repair,
        )


def mend(library: Catalog, repair: bool, how: Callable[[Connection], object]) -> bool:
    """Mend something in one transaction, if that was asked for and the library can be written."""
    if not repair or library.read_only:
        return False
    with library.write() as connection:
        how(connection)
    return True


def paths_of(connection: Connection, ids: list[int]) -> list[str]:
    """Name some recordings."""
    return [each.path for each in catalog.get_recordings(connection, ids[:SHOWN]).values()]
