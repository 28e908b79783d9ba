"""The command ``course``. Each command is a thin door to a function that a program could call as well."""

from __future__ import annotations

import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Learning from Humans: the course's own tools.",
                  pretty_exceptions_show_locals=False)
out = Console()
ENVIRONMENT_FILES = {
    "share/jupyter/lab/settings/overrides.json": {  # Lab asks nothing of the network, and no end of a line is hidden
        "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
        "@jupyterlab/notebook-extension:tracker": {"codeCellConfig": {"lineWrap": True}},
    },
    "etc/jupyter/jupyter_server_config.d/course_lib.json": {"ServerApp": {"jpserver_extensions": {"course_lib.server": True}}},
}
Json = Annotated[bool, typer.Option("--json", help="print JSON instead of a table")]


def root() -> Path:
    from course_lib.machine import course_root

    try:
        return course_root()
    except FileNotFoundError as error:
        stop(str(error))


def stop(message: str) -> None:
    """End with a message and exit status 1, without a traceback."""
    Console(stderr=True, soft_wrap=True).print(message, style="red", markup=False, highlight=False)
    raise typer.Exit(1)


def show(rows: list[dict], columns: dict[str, str], as_json: bool) -> None:
    if as_json:
        print(json.dumps(rows, indent=1, ensure_ascii=False))
        return
    table = Table(*columns.values())
    for row in rows:
        table.add_row(*(_text(row[key]) for key in columns))
    out.print(table)


def _text(value) -> str:
    return {True: "yes", False: "NO"}[value] if isinstance(value, bool) else (
        f"{value:.4g}" if isinstance(value, float) else str(value))


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def lab(context: typer.Context,
        workspace: Annotated[Path, typer.Option(help="where your own copy lives")] = None) -> None:
    """Lay out your own copy of the course and open JupyterLab in it. Further arguments go to `jupyter lab`."""
    from course_lib.authoring.doctor import own_environment
    from course_lib.authoring.workspace import lay_out

    top = root()
    workspace = (workspace or top / "workspace").resolve()
    try:
        for line in lay_out(top, workspace):
            out.print(line, highlight=False)
    except OSError as error:
        stop(f"{workspace} cannot be written ({error}): choose another place with --workspace FOLDER")
    if own_environment():
        for name, content in ENVIRONMENT_FILES.items():
            if not (path := Path(sys.prefix) / name).exists():  # once: what its owner changes there afterwards stays changed
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(json.dumps(content, indent=1))
    out.print(f"Your copy: {workspace}. JupyterLab starts; stop it with Ctrl-C.", highlight=False)
    command = [sys.executable, "-m", "jupyter", "lab", f"--ServerApp.root_dir={workspace}",
               "--LabApp.default_url=/lab/tree/00_start_here.ipynb"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")
    os.execv(sys.executable, command + context.args)


@app.command()
def label(labels: Annotated[str, typer.Option(help="where answers are kept: a file, or postgresql://user@host/base for a class")] = None,
          alias: Annotated[str, typer.Option(help="your own alias; with “me” you take up what you said in notebooks")] = "",
          texts: Annotated[Path, typer.Option(help='your own texts to compare: lines of {"prompt": …, "completions": […]}')] = None,
          host: Annotated[str, typer.Option(help="0.0.0.0 lets others on your network in, who have the link")] = "127.0.0.1",
          port: Annotated[int, typer.Option(help="0: any that is free")] = 8765,
          workers: Annotated[int, typer.Option(help="agents trained at once; if left out, as many as cores but one")] = None,
          token: Annotated[str, typer.Option(help="the secret in the link; that of before if left out")] = None,
          browser: Annotated[bool, typer.Option(help="open it in your browser")] = True) -> None:
    """Open the labeling studio: teach an agent by your own clicks, without a notebook."""
    import asyncio

    os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is imported: what learns here is small, and shares the machine
    from course_lib.data.store import LabelStore, StoreError
    from course_lib.machine import settle
    from course_lib.widgets.studio import Studio, with_texts

    settle()
    home = root() / "workspace"
    home.mkdir(exist_ok=True)
    try:
        studio = Studio(LabelStore(labels or home / "labels.sqlite"), home / "agents", token=token or _kept_token(home),
                        suggestion=alias, workers=workers,
                        lessons=with_texts(texts) if texts else None)
        asyncio.run(_serve(studio, host, port, browser))
    except (StoreError, ValueError, OSError) as error:
        stop(str(error))


def _kept_token(home: Path) -> str:
    """The same link tomorrow: a secret in a file that only its owner can read."""
    import secrets

    path = home / ".studio-token"
    if not path.exists():
        with open(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "w") as out:
            out.write(secrets.token_urlsafe(16))
    return path.read_text().strip()


async def _serve(studio, host: str, port: int, browser: bool) -> None:
    import asyncio
    import signal
    import webbrowser

    try:
        await studio.serve(host, port)
    except OSError as error:
        raise OSError(f"port {port} on {host} cannot be had ({error}): another studio may be open there. "
                      "--port 0 takes any that is free") from error
    out.print(f"The studio is open. For you: [bold]{studio.home}[/bold]\nFor others: {studio.link}", highlight=False, soft_wrap=True)
    out.print(f"Answers are kept in {studio.store.name}. Stop it with Ctrl-C.", highlight=False, soft_wrap=True)
    if browser:
        webbrowser.open(studio.home)
    stopped = asyncio.Event()
    try:
        for sign in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(sign, stopped.set)
    except NotImplementedError:  # Windows: there Ctrl-C ends the loop
        pass
    try:
        await stopped.wait()
    finally:
        await studio.close()


@app.command()
def labels(where: Annotated[str, typer.Argument(help="a file, or a PostgreSQL URL; the workspace's labels.sqlite if left out")] = None,
           annotator: Annotated[str, typer.Option(help="only what this person said")] = None,
           export: Annotated[Path, typer.Option(help="write them to a new .jsonl or .parquet file")] = None,
           take: Annotated[Path, typer.Option("--import", help="take in the labels of such a file")] = None,
           delete: Annotated[bool, typer.Option("--delete", help="delete everything --annotator said, for good")] = False,
           yes: Annotated[bool, typer.Option("--yes", help="do not ask again before deleting")] = False, as_json: Json = False) -> None:
    """See, export, import or delete labels."""
    from course_lib.data import exchange
    from course_lib.data.store import LabelStore, StoreError

    place = where or str(root() / "workspace/labels.sqlite")
    if "://" not in place and not Path(place).exists() and take is None:
        stop(f"{place} is not there: nobody has labelled anything yet, or it is kept elsewhere (give the path or URL)")
    if delete and not annotator:
        stop("--delete needs --annotator ALIAS: whose labels are to be deleted?")
    mine = {"annotator": annotator} if annotator else {}
    try:
        store = LabelStore(place)
        if take:
            out.print(f"{exchange.load(store, take)} new events from {take}", highlight=False, soft_wrap=True)
        if export:
            out.print(f"{exchange.export(store, export, **mine)} events written to {export}", highlight=False, soft_wrap=True)
        if delete:
            n = len(store.events(**mine))
            if not yes:
                typer.confirm(f"Delete all {n} events of {annotator} in {store.name}, for good?", abort=True)
            import shutil

            from course_lib.widgets import Live

            agents = Live.home((store.path.parent if store.path else root() / "workspace") / "agents", annotator, store)
            shutil.rmtree(agents, ignore_errors=True)
            out.print(f"{store.forget(annotator)} events deleted, and the agents in {agents} that learned from them.", highlight=False,
                      soft_wrap=True)
        if not (take or export or delete):
            rows = {}
            for e in store.events(**mine):
                who = {name: e[name] for name in ("task", "annotator", "kind")}
                row = rows.setdefault(tuple(who.values()), who | dict(events=0))
                row["events"], row["last"] = row["events"] + 1, e["at"][:16].replace("T", " ")
            show(list(rows.values()), dict(task="task", annotator="annotator", kind="kind", events="events", last="last (UTC)"), as_json)
    except (StoreError, ValueError, OSError) as error:
        stop(str(error))


@app.command()
def build() -> None:
    """Make notebooks/, solutions/ and assignments/ from source/."""
    from course_lib.authoring import build as b

    top = root()
    try:
        for path in b.build(top):
            out.print(str(path.relative_to(top)), highlight=False)
    except b.BuildError as error:
        stop(str(error))


@app.command()
def claims(notebooks: Annotated[list[str], typer.Argument(help="numbers such as 00 01; all if none")] = None,
           as_json: Json = False,
           readme: Annotated[bool, typer.Option(help="write the table into README.md as well")] = False) -> None:
    """Run the notebooks and print every claim with what was measured."""
    from course_lib.authoring.run import run

    top = root()
    if readme and notebooks:
        stop("--readme writes the whole table: leave the numbers away")
    paths = [p for p in sorted((top / "notebooks").glob("*.ipynb"))
             if not notebooks or p.stem.split("_")[0] in notebooks or p.stem in notebooks]
    if not paths:
        stop(f"no notebook matches {' '.join(notebooks or [])}")
    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(run, paths))
    rows = [row for r in runs for row in r.claims]
    show(rows, dict(notebook="notebook", claim="claim", measured="measured", low="low", high="high", n="n", bound="must be",
                    holds="holds", seconds="s", peak_mb="MB"), as_json)
    failed = [f"{r.notebook}: {r.error}" for r in runs if r.error]
    failed += [f"{row['notebook']}: does not hold: {row['claim']}" for row in rows if not row["holds"]]
    if failed:
        stop("\n".join(failed))
    if readme:
        from course_lib.authoring.readme import write_claims

        write_claims(top / "README.md", rows)


@app.command()
def mutants(problem_sets: Annotated[list[str], typer.Argument(help="such as ps1; all if none")] = None,
            as_json: Json = False) -> None:
    """Grade reference, blank, every named wrong and every right solution of every exercise."""
    from course_lib.grading import marking
    from course_lib.grading import mutants as m

    names = problem_sets or [p.stem for p in sorted((root() / "source/problem_sets").glob("*.py"))]
    try:
        verdicts = [v for name in names for v in m.mutants(marking.find(name))]
    except LookupError as error:
        stop(str(error))
    show([v.as_dict() for v in verdicts], dict(problem_set="set", exercise="exercise", variant="variant", kind="kind",
                                               score="score", max="of", ok="ok"), as_json)
    bad = [f"{v.exercise}/{v.variant} ({v.kind}) got {v.score} of {v.max}: {v.message}" for v in verdicts if not v.ok]
    if not as_json:
        out.print(f"{len(verdicts) - len(bad)} of {len(verdicts)} as they should be "
                  f"({100 * (len(verdicts) - len(bad)) / max(1, len(verdicts)):.0f} %)")
    if bad:
        stop("\n".join(bad))


@app.command()
def check(problem_set: Annotated[str, typer.Argument(help="such as ps1")],
          file: Annotated[Path, typer.Argument(help="your notebook; the copy in workspace/ if left out")] = None,
          as_json: Json = False) -> None:
    """Mark your own notebook with every test, the hidden ones too, and say what to look at next."""
    from course_lib.grading import marking

    try:
        name = marking.find(problem_set)
        path = file or root() / "workspace/problem_sets" / f"{name}.ipynb"
        marks = marking.mark(name, marking.solutions(marking.load(path)))
    except (LookupError, ValueError) as error:
        stop(str(error))
    show([m.as_dict() for m in marks], dict(exercise="exercise", score="score", max="of", message="what to look at"), as_json)
    if not as_json:
        out.print(f"{sum(m.score for m in marks)} of {sum(m.max for m in marks)} points. Written answers are not marked here. "
                  f"If somebody grades you, hand in {path}", highlight=False, soft_wrap=True)


def problem_set_name(problem_set: str) -> str:
    from course_lib.grading import marking

    try:
        return marking.find(problem_set)
    except LookupError as error:
        stop(str(error))


Book = Annotated[Path, typer.Option("--gradebook", help="folder with submitted/, the database and the results [gradebook/]")]
Base = Annotated[str, typer.Option("--database", help="the gradebook's, e.g. postgresql://user@host/gradebook [SQLite in the folder]")]
UNPROTECTED = ("what was handed in runs with your rights. It can read and change your files, this gradebook, other submissions and the "
               "solutions, use the network, and go on running afterwards.")


def gradebook_at(folder: Path | None, database: str | None) -> None:
    """nbgrader_config.py reads these, also in the processes that nbgrader starts."""
    if folder is not None:
        os.environ["COURSE_GRADEBOOK"] = str(folder.resolve())
    if database is not None:
        os.environ["COURSE_GRADEBOOK_URL"] = database


@app.command()
def release(problem_set: Annotated[str, typer.Argument(help="such as ps1")], gradebook: Book = None, database: Base = None) -> None:
    """Check a problem set, enter it in the gradebook, and pack the course for students, without solutions and hidden tests."""
    gradebook_at(gradebook, database)
    name = problem_set_name(problem_set)
    from course_lib.authoring.release import release as make
    from course_lib.grading.classroom import ERRORS

    try:
        path = make(name, lambda text: out.print(text, highlight=False))
    except ERRORS as error:
        stop(str(error))
    out.print(f"{name} is released: assignments/{name}/. For students: {path}", highlight=False, soft_wrap=True)


@app.command()
def grade(problem_set: Annotated[str, typer.Argument(help="such as ps1")],
          students: Annotated[Path, typer.Option(help="class list, CSV with a column id; who handed in nothing gets 0")] = None,
          jobs: Annotated[int, typer.Option(min=1, help="submissions at a time [the cores of this machine]")] = None,
          scheduler: Annotated[str, typer.Option(help="address of a Dask scheduler: execute there instead")] = None,
          gpu: Annotated[bool, typer.Option("--gpu", help="let submissions see this machine's (or each worker's) GPU")] = None,
          sandbox: Annotated[bool, typer.Option(help="--no-sandbox: run them with your own rights, unprotected")] = True,
          limit: Annotated[float, typer.Option(min=1, help="seconds for one cell [120]")] = None,
          total: Annotated[float, typer.Option(min=1, help="seconds for one submission [1800]")] = None,
          again: Annotated[bool, typer.Option("--again", help="also those that are graded already")] = False,
          gradebook: Book = None, database: Base = None) -> None:
    """Grade everything in gradebook/submitted/<student>/<problem set>/. Kill it when you like: it goes on where it was."""
    gradebook_at(gradebook, database)
    name = problem_set_name(problem_set)
    from course_lib.grading import batch, classroom
    from course_lib.grading.sandbox import why_not

    if sandbox and not scheduler and (why := why_not()):
        stop(f"No sandbox: {why}\nOr consent with --no-sandbox: then {UNPROTECTED}")
    if not sandbox:
        out.print(f"Without a sandbox {UNPROTECTED}", style="bold red", soft_wrap=True)
    bar = None

    def progress(done: int, of: int) -> None:
        nonlocal bar
        if bar is None:
            from tqdm import tqdm

            bar = tqdm(total=of, desc=name, unit=" submissions", mininterval=0.2)
        bar.update(done - bar.n)
        if done == of:
            bar.close()

    settings = dict(sandbox=sandbox, gpu=gpu, limit_s=limit, total_s=total)
    on = f"What was finished is kept: the same command{', without --again,' if again else ''} goes on from there."
    try:
        people, lines = batch.class_list(students) if students else ([], [])
        found = classroom.grade(name, people=people, lines=lines, jobs=jobs, scheduler=scheduler, force=again, progress=progress,
                                **{k: v for k, v in settings.items() if v is not None})
    except classroom.ERRORS as error:
        stop(f"{error}" + (f"\n{on}" if bar else ""))
    except KeyboardInterrupt:
        stop(f"Stopped. {on}")
    remarks = [f"to look at: {line}" for line in found.refused]
    for s in found.submissions:
        remarks += [f"{s.student}: {line}" for line in [f"nothing to grade: {s.problem}"] * bool(s.problem) + s.remarks]
    for line in remarks:
        out.print(line, highlight=False, markup=False, soft_wrap=True)
    if not found.submissions:
        stop(f"nobody has handed in {name}: {batch.gradebook() / 'submitted'}/<student>/{name}/{name}.ipynb")
    places = "".join(f" {option} {value}" for option, value in (("--gradebook", gradebook), ("--database", database)) if value)
    out.print(f"{len(found.submissions) - len(found.failed)} people in the gradebook; tests run for {found.executed} new or changed "
              "submissions. Next: written answers and comments in the formgrader (book/instructors.md), "
              f"then course report {problem_set}{places}",
              highlight=False, soft_wrap=True)
    if found.failed:
        stop("\n".join(f"{student}: not graded: {why}" for student, why in found.failed.items()) +
             f"\nMarks of theirs may be from before, in part; the report says whose. {on}")


@app.command()
def report(problem_set: Annotated[str, typer.Argument(help="such as ps1")],
           feedback: Annotated[bool, typer.Option("--feedback", help="also everybody's feedback, gradebook/feedback/<student>/")] = False,
           gradebook: Book = None, database: Base = None) -> None:
    """Write one HTML page about a class, and a CSV for your learning management system."""
    gradebook_at(gradebook, database)
    name = problem_set_name(problem_set)
    from course_lib.grading import batch, classroom
    from course_lib.grading import report as reports

    try:
        page, table, todo = reports.write(name)
        out.print(f"{page}\n{table}", highlight=False, soft_wrap=True)
        if feedback:
            out.print(f"feedback for {classroom.feedback(name)} people: {batch.gradebook() / 'feedback'}", highlight=False, soft_wrap=True)
        if todo:
            out.print("These marks are not final: " + "; ".join(todo) + ".", style="yellow", highlight=False, soft_wrap=True)
    except classroom.ERRORS as error:
        stop(str(error))


@app.command()
def doctor() -> None:
    """Look at this machine, and say what to mend and how."""
    from course_lib.authoring.doctor import findings

    found = findings(root())
    table = Table("what", "found", "", "what to do")
    for f in found:
        table.add_row(f.what, f.found, "ok" if f.ok else "!!", f.remedy if not f.ok or f.found == "none" else "")
    out.print(table)
    if not all(f.ok for f in found):
        raise typer.Exit(1)


if __name__ == "__main__":
    app()
