"""How a label store of an older layout becomes one of today's: one file a layout in ``versions/``, applied by Alembic, nothing lost.

A new layout: change the tables in ``store.py``, add a file here that makes the same change to a full store, and raise ``LAYOUT``.
"""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError

LOCK = 20231107  # any number: who opens the same PostgreSQL at the same time waits here


def settings() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    return config


def upgrade(engine: sa.Engine) -> None:
    """All steps in one transaction. ``LookupError``: the store was written by a newer version of the course."""
    config = settings()
    with engine.begin() as db:
        db.exec_driver_sql(f"select pg_advisory_xact_lock({LOCK})" if engine.dialect.name == "postgresql" else "begin immediate")
        tables = sa.inspect(db).get_table_names()
        if "alembic_version" in tables:
            have = db.exec_driver_sql("select version_num from alembic_version").scalar()
            if have not in {s.revision for s in ScriptDirectory.from_config(config).walk_revisions()}:
                raise LookupError(f"these labels were written by a newer version of the course (layout {have}): update it (git pull)")
        config.attributes["connection"] = db
        try:
            if "event" in tables and "alembic_version" not in tables:
                command.stamp(config, "v1")  # the first layout did not say which it was
            command.upgrade(config, "head")
        except CommandError as error:
            raise LookupError(str(error)) from error
