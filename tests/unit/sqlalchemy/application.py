"""Writes postgresql.sql and sqlite.sql beside this file: what SQLAlchemy 1.4 creates and stores for an application of
the same kind. Two sets of tables: those named as tenon::adpa names them, and older ones with names of their own in the
schema "legacy". Run by hand, with a PostgreSQL that POSTGRES_* describe, after a change; needs python3-sqlalchemy and
python3-psycopg2."""

import datetime
import decimal
import enum
import os
import pathlib
import sqlite3

import sqlalchemy as sa
from sqlalchemy.orm import Session, declarative_base, declarative_mixin, relationship

Base = declarative_base()
T0 = datetime.datetime(2023, 3, 14, 15, 9, 26, 535897)


class Role(enum.Enum):
    viewer = 1
    analyst = 2
    admin = 3


class Status(enum.Enum):
    healthy = 1
    degraded = 2
    unhealthy = 3


@declarative_mixin
class Common:
    id = sa.Column(sa.Integer, primary_key=True)
    is_active = sa.Column(sa.Boolean, nullable=False, default=True)
    created_at = sa.Column(sa.DateTime, nullable=False, default=T0)
    updated_at = sa.Column(sa.DateTime, nullable=False, default=T0)


class Project(Common, Base):
    __tablename__ = "projects"
    project_id = sa.Column(sa.String(64), nullable=False, unique=True)
    name = sa.Column(sa.String(200), nullable=False)
    description = sa.Column(sa.Text)
    owner = sa.Column(sa.String(200))
    settings = sa.Column(sa.JSON, nullable=False, default=dict)


class User(Common, Base):
    __tablename__ = "users"
    username = sa.Column(sa.String(64), nullable=False, unique=True)
    email = sa.Column(sa.String(254), nullable=False, unique=True)
    full_name = sa.Column(sa.String(200))
    role = sa.Column(sa.Enum(Role), nullable=False, default=Role.viewer)
    project_id = sa.Column(sa.ForeignKey("projects.id"), nullable=False, index=True)
    last_login_at = sa.Column(sa.DateTime)
    login_count = sa.Column(sa.Integer, nullable=False, default=0)
    project = relationship(Project)


class UserProfile(Common, Base):
    __tablename__ = "user_profiles"
    user_id = sa.Column(sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False, unique=True)
    display_name = sa.Column(sa.String(200))
    locale = sa.Column(sa.String(35), nullable=False, default="en")
    timezone = sa.Column(sa.String(64), nullable=False, default="UTC")
    preferences = sa.Column(sa.JSON, nullable=False, default=dict)
    user = relationship(User)


class AppState(Common, Base):
    __tablename__ = "app_states"
    key = sa.Column(sa.String(255), nullable=False, unique=True)
    value = sa.Column(sa.JSON, nullable=False)
    version = sa.Column(sa.Integer, nullable=False, default=1)
    expires_at = sa.Column(sa.DateTime, index=True)


class ModelConfig(Common, Base):
    __tablename__ = "model_configs"
    __table_args__ = (sa.UniqueConstraint("name", "version"),)
    name = sa.Column(sa.String(128), nullable=False)
    version = sa.Column(sa.Integer, nullable=False)
    provider = sa.Column(sa.String(64), nullable=False)
    parameters = sa.Column(sa.JSON, nullable=False, default=dict)
    is_default = sa.Column(sa.Boolean, nullable=False, default=False)


class SystemHealth(Common, Base):
    __tablename__ = "system_health"
    component = sa.Column(sa.String(128), nullable=False)
    status = sa.Column(sa.Enum(Status, native_enum=False), nullable=False)
    message = sa.Column(sa.Text)
    latency_ms = sa.Column(sa.Float)
    metrics = sa.Column(sa.JSON, nullable=False, default=dict)
    recorded_at = sa.Column(sa.DateTime, nullable=False, index=True)


class Account(Base):
    __tablename__ = "tbl_account"
    __table_args__ = {"schema": "legacy"}
    pk = sa.Column(sa.Integer, primary_key=True)
    active = sa.Column(sa.Boolean, nullable=False, default=True)
    date_created = sa.Column(sa.DateTime, nullable=False, default=T0)
    date_modified = sa.Column(sa.DateTime(timezone=True), nullable=False, default=T0.replace(tzinfo=datetime.timezone.utc))
    login = sa.Column(sa.String(40), nullable=False, unique=True)
    mail_address = sa.Column(sa.String(254))
    born = sa.Column(sa.Date)
    balance = sa.Column(sa.Numeric(12, 2), nullable=False, default=0)
    avatar = sa.Column(sa.LargeBinary)
    order = sa.Column(sa.SmallInteger, nullable=False, default=0)  # a word that SQL reserves


class Usage(Base):
    __tablename__ = "Usage per day"  # a name that has to be quoted
    __table_args__ = {"schema": "legacy"}
    account_pk = sa.Column(sa.ForeignKey("legacy.tbl_account.pk"), primary_key=True)
    day = sa.Column(sa.Date, primary_key=True)
    queries = sa.Column(sa.BigInteger, nullable=False)
    share = sa.Column(sa.Float)
    settings = sa.Column(sa.JSON)


def fill(session):
    later = T0 + datetime.timedelta(days=1)
    orion = Project(project_id="orion", name="Orion", owner="ann", settings={"theme": "dark", "limits": [1, 2.5, None]})
    closed = Project(project_id="closed", name="Zürich \u2603", description="it's over", is_active=False)
    session.add_all([orion, closed])
    session.flush()
    ann = User(username="ann", email="ann@example.com", full_name="Ann", role=Role.admin, project=orion,
               last_login_at=later, login_count=7)
    bob = User(username="bob", email="bob@example.com", project=orion)
    session.add_all([ann, bob])
    session.flush()
    session.add_all([
        UserProfile(user=ann, locale="de-CH", preferences={"columns": ["a", "b"]}),
        AppState(key="cursor", value={"page": 3}, version=5),
        AppState(key="lease", value="held", expires_at=T0),
        ModelConfig(name="ranker", version=1, provider="local", parameters={"alpha": 0.1}, is_default=True),
        ModelConfig(name="ranker", version=2, provider="local", parameters={"alpha": 0.2}),
        SystemHealth(component="api", status=Status.healthy, latency_ms=1.5, recorded_at=T0),
        SystemHealth(component="api", status=Status.degraded, message="slow", metrics={"p99": 250}, recorded_at=later),
        SystemHealth(component="db", status=Status.healthy, recorded_at=T0.replace(microsecond=0)),
    ])
    eve = Account(login="eve", mail_address=None, born=datetime.date(1969, 7, 20), balance=decimal.Decimal("-12.50"),
                  avatar=b"\x00\xff'", order=3)
    session.add(eve)
    session.flush()
    session.add_all([
        Usage(account_pk=eve.pk, day=datetime.date(2023, 3, 14), queries=2**40, share=0.25, settings={"k": "v"}),
        Usage(account_pk=eve.pk, day=datetime.date(2023, 3, 15), queries=0, settings=sa.null()),
    ])
    session.commit()


def ended(statements):
    return "".join("\n".join(line.rstrip() for line in s.strip().splitlines()) + ";\n\n" for s in statements)


def sqlite_script():
    # SQLite has no schemas: the application drops them there, and so does Tenon.
    raw = sqlite3.connect(":memory:", check_same_thread=False)
    engine = sa.create_engine("sqlite://", creator=lambda: raw, poolclass=sa.pool.StaticPool)
    engine = engine.execution_options(schema_translate_map={"legacy": None})
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        fill(session)
    dump = [s for s in raw.iterdump() if s not in ("BEGIN TRANSACTION;", "COMMIT;")]
    return ended(s.rstrip(";") for s in dump)


def postgresql_script():
    env = {name: os.environ["POSTGRES_" + name] for name in ("HOST", "PORT", "USER", "PASSWORD", "DATABASE")}
    url = sa.engine.URL.create("postgresql+psycopg2", env["USER"], env["PASSWORD"], env["HOST"], int(env["PORT"]),
                               env["DATABASE"])
    engine = sa.create_engine(url, executemany_mode="values_only")
    statements = ["CREATE SCHEMA legacy"]
    with engine.begin() as connection:
        connection.exec_driver_sql(statements[0])

    def note(_, cursor, statement, parameters, context, many):
        for one in parameters if many else [parameters]:
            text = cursor.mogrify(statement, one or None).decode()
            if text.strip().upper().startswith(("CREATE", "INSERT")):
                statements.append(text)

    sa.event.listen(engine, "before_cursor_execute", note)
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        fill(session)
    return ended(statements)


if __name__ == "__main__":
    folder = pathlib.Path(__file__).parent
    head = f"-- Written by application.py with SQLAlchemy {sa.__version__}.\n\n"
    (folder / "sqlite.sql").write_text(head + sqlite_script(), encoding="utf-8")
    (folder / "postgresql.sql").write_text(head + postgresql_script(), encoding="utf-8")
