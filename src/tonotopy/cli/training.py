"""``tonotopy train``."""

from typing import Annotated

import typer

from tonotopy.cli.app import Json, LibraryOption, app, open_library
from tonotopy.cli.output import printable, say, show_json

__all__ = ["hashing"]

training = typer.Typer(no_args_is_help=True, help="Learn from a library; it keeps what is learned.")
app.add_typer(training, name="train")


@training.callback()
def trainings() -> None:
    """Learn from a library; it keeps what is learned."""


@training.command()
def hashing(
    library: LibraryOption = None,
    method: Annotated[
        str, typer.Option(metavar="NAME", help="auto, PosteriorQuantizer, PQ, OPQ, ITQ, ...")
    ] = "auto",
    bits: Annotated[int, typer.Option(help="Length of a code, a multiple of 8.")] = 64,
    space: Annotated[str | None, typer.Option(metavar="NAME", help="Which space.")] = None,
    seed: Annotated[int, typer.Option(help="Of everything that is drawn by chance.")] = 0,
    remove: Annotated[
        bool, typer.Option("--remove", help="Take the codes out again, and learn nothing.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Learn short codes from the windows and labels of a library; search uses them from then on.

    auto learns from labels where two of them are on five recordings each, else without labels.
    """
    from tonotopy.retrieve import prepare_index
    from tonotopy.train import forget_hashing, train_hashing

    with open_library(library) as opened:
        if remove:
            name = forget_hashing(opened, space=space)
            say(f"the codes of {printable(name)} are removed; search compares vectors again")
            return
        learned = train_hashing(
            opened, method=method, bits=bits, space=space, seed=seed, on_step=say
        )
        say(f"encoding {learned.n_windows} windows")
        prepare_index(opened, space=space)
    if as_json:
        show_json(learned)
        return
    print(
        f"{learned.method}: {learned.bytes_per_window} bytes a window for {learned.n_windows} "
        f"windows of {printable(learned.space)}"
    )
    share = learned.n_labelled / max(1, learned.n_windows)
    print(f"labels: {len(learned.classes)} classes on {share:.0%} of the windows")
    if learned.map_exact is None or learned.map_codes is None:
        print("mAP: unknown, for want of labels to judge by")
    else:
        print(
            f"mAP on recordings held out: codes {learned.map_codes:.3f}, exact "
            f"{learned.map_exact:.3f}: {learned.map_codes / learned.map_exact:.0%} kept"
        )
    if learned.map_exact_unlabelled and learned.map_codes_unlabelled is not None:
        print(
            f"mAP on classes whose labels a trial did not see: codes "
            f"{learned.map_codes_unlabelled:.3f}, exact {learned.map_exact_unlabelled:.3f}: "
            f"{learned.map_codes_unlabelled / learned.map_exact_unlabelled:.0%} kept"
        )
