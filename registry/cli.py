"""The command `brickyard`: gathers the features' commands, and turns faults into one line and an exit code."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
from typing import Any, NoReturn

import click
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError

from registry.accounts import commands as accounts_commands
from registry.batches import acting_commands, delivery_commands, origin_commands
from registry.batches import commands as batches_commands
from registry.builds import commands as builds_commands
from registry.commons import commands as commons_commands
from registry.console import print_json
from registry.dashboard import commands as dashboard_commands
from registry.designs import commands as designs_commands
from registry.errors import RegistryError
from registry.fabricators import commands as fabricators_commands
from registry.fabricators import making_commands, place
from registry.ledger import commands as ledger_commands
from registry.lending import commands as lending_commands
from registry.lending.books import commands as books_commands
from registry.lending.campaigns import commands as campaigns_commands
from registry.lending.community import commands as community_commands
from registry.lending.loans import commands as loan_commands
from registry.notices import commands as notices_commands
from registry.reports import commands as reports_commands
from registry.settings import PROJECT, read_settings
from registry.web import memory


class _Brickyard(click.Group):
    """A group whose commands fail with a sentence: exit 2 for bad input, 1 for failure."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().main(*args, **(kwargs | {"standalone_mode": False}))
        except click.exceptions.Exit as ended:
            sys.exit(ended.exit_code)
        except click.Abort:
            _leave("Stopped.", 1)
        except click.ClickException as error:
            context = getattr(error, "ctx", None)
            more = f" See {context.command_path} --help." if context else ""
            _leave(f"{error.format_message()}{more}", error.exit_code)
        except RegistryError as error:
            click.echo(f"brickyard: {error}", err=True)
            sys.exit(error.exit_code)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(1)
        except ValidationError as error:
            said = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
            _leave(f"That can't be accepted: {said}.", 2)
        except DBAPIError as error:
            said = str(error.orig).strip().split("\n", 1)[0]
            _leave(f"The database can't be used ({said}). Look at BRICKYARD_DATA and BRICKYARD_DATABASE_URL.", 1)
        except OSError as error:
            where = f"{error.filename} can't be used" if error.filename else "A file can't be used"
            _leave(f"{where}: {error.strerror or error}. Look at its place and permissions.", 1)


def _leave(sentence: str, status: int) -> NoReturn:
    click.echo(f"brickyard: {sentence}", err=True)
    sys.exit(status)


@click.group(cls=_Brickyard, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="brickyard", message="%(version)s")
@click.option("--verbose", is_flag=True, help="Say more on standard error.")
def main(verbose: bool) -> None:
    """Brickyard, an open hardware design registry: from a git URL to a fabrication bundle that anyone can rebuild."""
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="Port to listen on.")
@click.option("--threads", default=8, show_default=True, type=click.IntRange(1, 256), help="Requests served at once.")
@click.option("--no-worker", is_flag=True, help="Serve pages alone; workers run elsewhere (brickyard worker).")
def serve(host: str, port: int, threads: int, no_worker: bool) -> None:
    """Serve the registry, with a worker beside it."""
    import waitress

    sys.path.insert(0, str(PROJECT))
    from app import create_app

    def stop(*_: object) -> None:
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, stop)
    if port:  # what documents print, for the worker too, unless the instance says otherwise
        os.environ.setdefault("BRICKYARD_PUBLIC_URL", f"http://127.0.0.1:{port}")
    app = create_app(read_settings())
    try:
        server = waitress.create_server(
            app,
            host=host,
            port=port,
            threads=threads,
            ident="brickyard",
            channel_timeout=60,
            max_request_body_size=64 * 1024**2,  # below it, the application's own limits answer with a sentence
        )
    except ValueError as error:
        raise click.UsageError(f"{host} is no address to listen on. Give one of this machine with --host.") from error
    except OSError as error:
        raise click.ClickException(
            f"Port {port} can't be used ({error.strerror}). Choose another with --port."
        ) from error
    threading.Thread(target=_warm, daemon=True).start()
    ended = threading.Event()
    keeper = None
    if not no_worker:
        keeper = threading.Thread(target=_keep_worker, args=(ended,), daemon=True)
        keeper.start()
    click.echo(f"Brickyard serves http://{host}:{server.effective_port} (Ctrl-C ends it)")
    try:
        server.run()
    finally:
        ended.set()
        if keeper:
            keeper.join(timeout=15)


def _warm() -> None:
    """Read what first searches would wait for, then take all that is loaded for good."""
    place.warm()
    memory.settle()


def _keep_worker(ended: threading.Event) -> None:
    """Run a worker beside the server; start it again, after a pause, whenever it dies."""
    while not ended.is_set():
        worker = subprocess.Popen([sys.executable, "-m", "registry.cli", "worker"], cwd=PROJECT, env=_absolute_data())
        while worker.poll() is None and not ended.wait(0.3):
            pass
        if worker.poll() is None:
            worker.terminate()
            try:
                worker.wait(timeout=10)
            except subprocess.TimeoutExpired:
                worker.kill()
        elif not ended.is_set():
            click.echo("The worker ended; it is started again.", err=True)
            ended.wait(2)


def _absolute_data() -> dict[str, str]:
    return {**os.environ, "BRICKYARD_DATA": str(read_settings().data)}


@main.command()
def worker() -> None:
    """Take builds from the queue, until told to stop; any number of hosts may run one."""
    from registry.stores.stores import open_stores
    from registry.worker import work

    stores = open_stores(read_settings())
    try:
        work(stores)
    finally:
        stores.close()


@main.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def doctor(as_json: bool) -> None:
    """Name every tool with its version, what each missing one costs, and how to get it."""
    from registry import doctor as checks

    reports = checks.inspect()
    if as_json:
        print_json({"items": [report.as_dict() for report in reports], "total": len(reports), "next": None})
    else:
        click.echo(checks.render_text(reports))


accounts_commands.register(main)
designs_commands.register(main)
builds_commands.register(main)
batches_commands.register(main)
acting_commands.register(main)
origin_commands.register(main)
delivery_commands.register(main)
fabricators_commands.register(main)
making_commands.register(main)
reports_commands.register(main)
dashboard_commands.register(main)
notices_commands.register(main)
ledger_commands.register(main)
commons_commands.register(main)
lending_commands.register(main)
loan_commands.register(main)
community_commands.register(main)
campaigns_commands.register(main)
books_commands.register(main)

if __name__ == "__main__":
    main()
