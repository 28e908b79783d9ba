"""The first layout: labels, ties, skips, corrections and undos, and the clips they are about."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "v1", None


def upgrade():
    names = ["at", "task", "annotator", "session", "kind", "event", "pair", "first", "second"]
    op.create_table(
        "event", sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
        *(sa.Column(x, sa.String, nullable=False) for x in names),
        sa.Column("choice", sa.Float), sa.Column("left", sa.String), sa.Column("response_ms", sa.Float),
        sa.Column("model_version", sa.Integer), sa.Column("undoes", sa.Integer, sa.ForeignKey("event.seq")), sqlite_autoincrement=True)
    op.create_table("clip", sa.Column("id", sa.String, primary_key=True), sa.Column("world", sa.String, nullable=False),
                    sa.Column("data", sa.LargeBinary, nullable=False))
