"""The `pmhc` command: which commands there are; what they do stands in `commands`."""

import gc
import sys

import typer

from app import __version__
from app.commands import content, keys, mail, serving, upkeep

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Serve, fill and look after the PMHC Toolkit API. Settings come from the environment, prefix APP_.",
)
of_keys = typer.Typer(no_args_is_help=True, help="Make, list, replace and revoke keys. A key is shown once, on stdout.")
app.add_typer(of_keys, name="keys")
of_mail = typer.Typer(no_args_is_help=True, help="Look at letters, and try the way by which they go out.")
app.add_typer(of_mail, name="mail")


def main() -> None:
    """Run the command line."""
    if sys.argv[1:2] == ["serve"]:
        # To look through for rubbish what is imported, and stays, is a fifth of the time that a start takes.
        gc.disable()
    app()


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(__version__)


app.command()(serving.serve)
app.command()(serving.worker)
app.command()(upkeep.check)
app.command()(upkeep.setup)
app.command()(upkeep.migrate)
of_mail.command("preview")(mail.preview_letter)
of_mail.command("try")(mail.try_letter)
of_keys.command("create")(keys.create_key)
of_keys.command("contact")(keys.change_contact)
of_keys.command("rotate")(keys.rotate_key)
of_keys.command("revoke")(keys.revoke_key)
of_keys.command("list")(keys.list_keys)
of_keys.command("rotate-signing")(keys.rotate_signing_key)
app.command()(content.load)
app.command()(content.export)


if __name__ == "__main__":
    main()
