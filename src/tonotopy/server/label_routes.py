"""Labels: saying what recordings and stretches are, in bulk, and taking it back."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse

from tonotopy import catalog
from tonotopy.catalog import Annotation, Catalog, NewAnnotation
from tonotopy.errors import TonotopyError
from tonotopy.maintain import Changed, change_annotations, label_items, unlabel_items
from tonotopy.server.describing import answers_head
from tonotopy.server.ids import MAX_ID
from tonotopy.server.models import (
    AnnotationOut,
    AnnotationsIn,
    ChangedOut,
    LabelIn,
    LabelOut,
    Problem,
)
from tonotopy.server.served import Library

__all__ = ["CHANGE_PATH", "LABEL_PATH", "MAX_CHANGE", "ReadOnly", "read_only", "router"]

CHANGE_PATH, LABEL_PATH = "/annotations", "/labels"
MAX_CHANGE = 50_000_000  # bytes that name what is labelled: a million ids and more

router = APIRouter(tags=["labels"])


class ReadOnly(TonotopyError):
    """The library is served, and may not be changed."""


def read_only(_: object, error: Exception) -> JSONResponse:
    """Answer that the library may not be changed."""
    return JSONResponse({"error": str(error)}, status_code=409)


CONFLICT: dict[int | str, dict[str, Any]] = {
    409: {"model": Problem, "description": "The library is read-only"}
}


@router.get(CHANGE_PATH)
def list_annotations(
    library: Library,
    recording_id: Annotated[int | None, Query(ge=1, le=MAX_ID)] = None,
    label: Annotated[str | None, Query(min_length=1)] = None,
    limit: Annotated[int, Query(ge=1, le=100_000)] = 10_000,
) -> list[AnnotationOut]:
    """List annotations, oldest first, of a recording or with a label."""
    with library.read() as connection:
        if recording_id is not None:
            catalog.get_recordings(connection, [recording_id])
        found = catalog.list_annotations(
            connection,
            recording_ids=None if recording_id is None else [recording_id],
            label=label,
        )
    return [shown(each) for each in found[:limit]]


@router.post(CHANGE_PATH, responses=CONFLICT)
def change(library: Library, asked: AnnotationsIn) -> ChangedOut:
    """Remove annotations, then add others: all of it, or nothing if anything is wrong.

    To undo a change, add what it removed and remove what it added.
    """
    check_writable(library)
    add = [NewAnnotation(**each.model_dump()) for each in asked.add]
    return told(change_annotations(library, add=add, remove=asked.remove))


@router.get(LABEL_PATH)
def list_labels(library: Library) -> list[LabelOut]:
    """Count how labels are used, the most used first; what classifiers said is not counted."""
    with library.read() as connection:
        uses = catalog.label_uses(connection)
    return [
        LabelOut(
            label=each.label,
            n=each.recordings,
            positive=each.positive,
            negative=each.negative,
            unsure=each.unsure,
        )
        for each in uses
    ]


@router.post(LABEL_PATH, responses=CONFLICT)
def give_label(library: Library, asked: LabelIn) -> ChangedOut:
    """Label recordings, or the stretches of windows; without a polarity, take the label away."""
    check_writable(library)
    if asked.polarity is None:
        return told(unlabel_items(library, asked.ids, asked.label, items=asked.of))
    return told(
        label_items(library, asked.ids, asked.label, items=asked.of, polarity=asked.polarity)
    )


answers_head(router)


def check_writable(library: Catalog) -> None:
    """Refuse to change what may not be changed, before anything is tried."""
    if library.read_only:
        raise ReadOnly(
            f"the library {library.path.name} is read-only, so labels cannot be changed; copy it "
            "to a folder of yours, or change its permissions, and serve it again"
        )


def shown(said: Annotation) -> AnnotationOut:
    """Give an annotation as JSON has it."""
    return AnnotationOut.model_validate(said, from_attributes=True)


def told(changed: Changed) -> ChangedOut:
    """Give a change as JSON has it."""
    return ChangedOut(
        added=changed.added,
        removed=[shown(each) for each in changed.removed],
        unchanged=changed.unchanged,
    )
