"""The studio's layout: rankings, feedback with its step, texts, the model's guess, and a name for each event that is its own everywhere."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "v2", "v1"


def upgrade():
    for column in (sa.Column("ranking", sa.String), sa.Column("value", sa.Float), sa.Column("step", sa.Integer),
                   sa.Column("credits", sa.String), sa.Column("guess", sa.Float), sa.Column("uid", sa.String)):
        op.add_column("event", column)
    op.execute("update event set uid = session || '/' || seq")  # the same in every copy of the file
    with op.batch_alter_table("event", table_kwargs={"sqlite_autoincrement": True}) as event:
        event.alter_column("uid", nullable=False)
        event.create_unique_constraint("event_uid", ["uid"])
    op.create_index("event_by_person", "event", ["task", "annotator", "kind"])
    op.create_table("text", sa.Column("id", sa.String, primary_key=True), sa.Column("prompt", sa.String, nullable=False),
                    sa.Column("completion", sa.String, nullable=False))
    op.create_table("person", sa.Column("alias", sa.String, primary_key=True), sa.Column("key", sa.String, nullable=False))
