"""`python -m shared.cli`, which is what `./lapak` runs."""

from __future__ import annotations

import importlib
import os
import sys
from dataclasses import dataclass

import click

from shared.config import MissingSetting
from shared.local.home import LocalError, default_home


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a command lives, what it does, and whether it talks to a running system."""

    place: str
    help: str
    talks: bool = False


COMMANDS = {
    "up": Entry("shared.cli.up:up", "Start everything here and stay."),
    "down": Entry("shared.cli.up:down", "Stop what runs here."),
    "restart": Entry("shared.cli.restart:restart", "Restart what runs here, one process after the other."),
    "status": Entry("shared.cli.status:status", "What runs here, since when, with how much memory."),
    "demo": Entry(
        "services.system.demo:command", "Drive the life of one product through a running system.", talks=True
    ),
    "verify": Entry("services.system.verify:command", "Recompute the books and compare the services.", talks=True),
    "events": Entry("shared.cli.events:events", "Watch how far the services have received each other.", talks=True),
    "dead-letters": Entry(
        "shared.cli.dead_letters:dead_letters", "List, show, replay or discard events that failed.", talks=True
    ),
    "pair": Entry("shared.cli.pair:pair", "Make a code that lets a register, a terminal or a person in.", talks=True),
    "import-unsent": Entry(
        "shared.cli.import_unsent:import_unsent", "Post what a device could not send, from its file.", talks=True
    ),
    "token": Entry("shared.cli.token:token", "Issue a token, or revoke one.", talks=True),
    "backup": Entry("shared.cli.backup:backup", "Write the databases as of one moment to a folder.", talks=True),
    "restore": Entry("shared.cli.restore:restore", "Put a backup in the place of the databases.", talks=True),
    "keys": Entry("services.system.keys:command", "Rotate the keys of tokens and of names."),
    "migrate": Entry("shared.cli.migrate:migrate", "Bring the databases to the newest schema.", talks=True),
    "secrets": Entry("shared.cli.secrets:secrets", "Make passwords and keys for docker compose."),
    "test": Entry("shared.cli.quality:test", "Run the tests."),
    "check": Entry("shared.cli.quality:check", "Run the static checks."),
    "fix": Entry("shared.cli.quality:fix", "Format, mend what can be mended, write the generated pages."),
    "docs": Entry("shared.cli.docs:docs", "Write the generated pages."),
    "bench": Entry("shared.cli.quality:bench", "Measure."),
    "chaos": Entry("shared.cli.quality:chaos", "Break a system under load, and account for every sale."),
}


class Commands(click.Group):
    """Loads a command when it is asked for: `lapak --help` imports none of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command behind a name; for the help page a stand-in that knows only its own text."""
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        if ctx.resilient_parsing or cmd_name not in sys.argv:
            return click.Command(cmd_name, short_help=entry.help)
        if entry.talks:
            from shared.local.environment import for_command  # here: `up` and `--help` do without

            os.environ.update(for_command(default_home(), os.environ))
        module, _, name = entry.place.partition(":")
        command = getattr(importlib.import_module(module), name)
        if not isinstance(command, click.Command):
            raise TypeError(f"{entry.place} is not a command")
        return command


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Lapak: training, inventory and sales of a productive prison."""


def run() -> None:
    """The whole command line; what the user can mend is said in one line."""
    try:
        main(prog_name="lapak")
    except (LocalError, MissingSetting) as error:
        click.secho(f"lapak: {error}", err=True, fg="red")
        sys.exit(2)


if __name__ == "__main__":
    run()
