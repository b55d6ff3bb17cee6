"""``tonotopy search``."""

import os
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias, cast

import typer

from tonotopy.cli.app import Json, LibraryOption, app, open_library
from tonotopy.cli.output import clock, say, show_json, show_table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tonotopy.retrieve import Hit, Results, TextSource

__all__ = ["By", "search", "show_results"]


MANY_TAGS = 3
By: TypeAlias = Literal["recording", "window"]


@app.command()
def search(
    query: Annotated[str | None, typer.Argument(help="An audio file, or words.")] = None,
    library: LibraryOption = None,
    k: Annotated[int, typer.Option("-k", min=1, help="How many hits.")] = 10,
    by: Annotated[By, typer.Option(help="Hits are recordings, or stretches.")] = "recording",
    per_recording: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Hits of one recording at most.")
    ] = None,
    where: Annotated[
        str | None, typer.Option(metavar="EXPR", help="Such as \"label = 'door'\".")
    ] = None,
    like: Annotated[
        list[str] | None, typer.Option(metavar="FILE", help="Another sound to be like.")
    ] = None,
    unlike: Annotated[
        list[str] | None, typer.Option(metavar="FILE", help="A sound not to be like.")
    ] = None,
    aspects: Annotated[
        str | None,
        typer.Option(metavar="WEIGHTS", help="Such as timbre=1,pitch=0.5,loudness=0,rhythm=1."),
    ] = None,
    start: Annotated[
        float | None, typer.Option(metavar="S", help="Search with the file from here on.")
    ] = None,
    end: Annotated[float | None, typer.Option(metavar="S", help="... up to here.")] = None,
    text_from: Annotated[
        str | None,
        typer.Option(metavar="SOURCES", help="Where words are looked for: tags,names,labels."),
    ] = None,
    space: Annotated[str | None, typer.Option(metavar="NAME", help="Which space.")] = None,
    index: Annotated[
        str,
        typer.Option(
            metavar="KIND", help="auto, flat (exact), ivf-rabitq, hnsw, codes[-ivf, -imi]."
        ),
    ] = "auto",
    rerank: Annotated[
        bool,
        typer.Option(help="Compare exactly what learned codes propose; or let codes decide."),
    ] = True,
    weights: Annotated[
        str | None,
        typer.Option(metavar="PATH", help="A file of weights, for an embedder that needs one."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Find sounds by a sound or by words.

    QUERY: an existing file is a sound; text with a slash or the ending of an audio file must be
    one; anything else is words, looked for in what was heard, in names, folders and labels.
    What is not wanted stands after a minus sign or the word not.
    """
    from tonotopy.retrieve import parse_aspects
    from tonotopy.retrieve import search as find

    sources = None if text_from is None else [each.strip() for each in text_from.split(",")]
    with open_library(library) as opened:
        results = find(
            opened,
            query,
            k=k,
            by=by,
            per_recording=per_recording,
            where=where,
            like=like or (),
            unlike=unlike or (),
            aspects=None if aspects is None else parse_aspects(aspects),
            start_s=start,
            end_s=end,
            text_from=cast("list[TextSource] | None", sources),  # the verb refuses others
            space=space,
            index=index,
            rerank=rerank,
            weights=weights,
        )
    if as_json:
        show_json(results)
    else:
        show_results(results)


def show_results(results: "Results") -> None:
    """Print hits as a table, the folder that all share said once."""
    for note in results.notes:
        say(note)
    if not results.hits:
        say("nothing found")
        return
    paths = [hit.path for hit in results.hits]
    shared = os.path.commonpath([os.path.dirname(path) for path in paths])
    tagged = any(hit.tags for hit in results.hits)
    rows = [
        (
            str(hit.rank),
            f"{hit.score:.3f}",
            os.path.relpath(hit.path, shared) + (" (missing)" if hit.missing else ""),
            f"{clock(hit.start_s)} - {clock(hit.end_s)}",
            ", ".join(hit.labels),
            *([tags_shown(hit)] if tagged else []),
            *([hit.why] if hit.why is not None else []),
            *([aspects_shown(hit.aspects)] if hit.aspects is not None else []),
        )
        for hit in results.hits
    ]
    heard = ["heard"] if tagged else []
    why = ["why"] if results.hits[0].why is not None else []
    alike = ["alike in"] if results.hits[0].aspects is not None else []
    show_table([">#", ">score", "recording", ">seconds", "labels", *heard, *why, *alike], rows)
    say(f"score: {results.score_name}; paths below {shared}")


def tags_shown(hit: "Hit") -> str:
    """Write the first tags of a hit, as ``Dog 0.93, Rain 0.71``."""
    return ", ".join(f"{tag.name} {tag.score:.2f}" for tag in hit.tags[:MANY_TAGS])


def aspects_shown(aspects: "Mapping[str, float]") -> str:
    """Write how alike a hit is in each aspect, as ``timbre 0.81, pitch 0.97``."""
    return ", ".join(f"{name} {likeness:.2f}" for name, likeness in aspects.items())
