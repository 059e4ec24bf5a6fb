-- Written by application.py with SQLAlchemy 1.4.46.

CREATE SCHEMA legacy;

CREATE TYPE role AS ENUM ('viewer', 'analyst', 'admin');

CREATE TABLE projects (
	id SERIAL NOT NULL,
	is_active BOOLEAN NOT NULL,
	created_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
	updated_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
	project_id VARCHAR(64) NOT NULL,
	name VARCHAR(200) NOT NULL,
	description TEXT,
	owner VARCHAR(200),
	settings JSON NOT NULL,
	PRIMARY KEY (id),
	UNIQUE (project_id)
);

CREATE TABLE app_states (
	id SERIAL NOT NULL,
	is_active BOOLEAN NOT NULL,
	created_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
	updated_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
	key VARCHAR(255) NOT NULL,
	value JSON NOT NULL,
	version INTEGER NOT NULL,
	expires_at TIMESTAMP WITHOUT TIME ZONE,
	PRIMARY KEY (id),
	UNIQUE (key)
);

CREATE INDEX ix_app_states_expires_at ON app_states (expires_at);

CREATE TABLE model_configs (
	id SERIAL NOT NULL,
	is_active BOOLEAN NOT NULL,
	created_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
	updated_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
	name VARCHAR(128) NOT NULL,
	version INTEGER NOT NULL,
	provider VARCHAR(64) NOT NULL,
	parameters JSON NOT NULL,
	is_default BOOLEAN NOT NULL,
	PRIMARY KEY (id),
	UNIQUE (name, version)
);

CREATE TABLE system_health (
	id SERIAL NOT NULL,
	is_active BOOLEAN NOT NULL,
	created_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
	updated_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
	component VARCHAR(128) NOT NULL,
	status VARCHAR(9) NOT NULL,
	message TEXT,
	latency_ms FLOAT,
	metrics JSON NOT NULL,
	recorded_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
	PRIMARY KEY (id)
);

CREATE INDEX ix_system_health_recorded_at ON system_health (recorded_at);

CREATE TABLE legacy.tbl_account (
	pk SERIAL NOT NULL,
	active BOOLEAN NOT NULL,
	date_created TIMESTAMP WITHOUT TIME ZONE NOT NULL,
	date_modified TIMESTAMP WITH TIME ZONE NOT NULL,
	login VARCHAR(40) NOT NULL,
	mail_address VARCHAR(254),
	born DATE,
	balance NUMERIC(12, 2) NOT NULL,
	avatar BYTEA,
	"order" SMALLINT NOT NULL,
	PRIMARY KEY (pk),
	UNIQUE (login)
);

CREATE TABLE users (
	id SERIAL NOT NULL,
	is_active BOOLEAN NOT NULL,
	created_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
	updated_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
	username VARCHAR(64) NOT NULL,
	email VARCHAR(254) NOT NULL,
	full_name VARCHAR(200),
	role role NOT NULL,
	project_id INTEGER NOT NULL,
	last_login_at TIMESTAMP WITHOUT TIME ZONE,
	login_count INTEGER NOT NULL,
	PRIMARY KEY (id),
	UNIQUE (username),
	UNIQUE (email),
	FOREIGN KEY(project_id) REFERENCES projects (id)
);

CREATE INDEX ix_users_project_id ON users (project_id);

CREATE TABLE legacy."Usage per day" (
	account_pk INTEGER NOT NULL,
	day DATE NOT NULL,
	queries BIGINT NOT NULL,
	share FLOAT,
	settings JSON,
	PRIMARY KEY (account_pk, day),
	FOREIGN KEY(account_pk) REFERENCES legacy.tbl_account (pk)
);

CREATE TABLE user_profiles (
	id SERIAL NOT NULL,
	is_active BOOLEAN NOT NULL,
	created_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
	updated_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
	user_id INTEGER NOT NULL,
	display_name VARCHAR(200),
	locale VARCHAR(35) NOT NULL,
	timezone VARCHAR(64) NOT NULL,
	preferences JSON NOT NULL,
	PRIMARY KEY (id),
	UNIQUE (user_id),
	FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE
);

INSERT INTO projects (is_active, created_at, updated_at, project_id, name, description, owner, settings) VALUES (true, '2023-03-14T15:09:26.535897'::timestamp, '2023-03-14T15:09:26.535897'::timestamp, 'orion', 'Orion', NULL, 'ann', '{"theme": "dark", "limits": [1, 2.5, null]}') RETURNING projects.id;

INSERT INTO projects (is_active, created_at, updated_at, project_id, name, description, owner, settings) VALUES (false, '2023-03-14T15:09:26.535897'::timestamp, '2023-03-14T15:09:26.535897'::timestamp, 'closed', 'Zürich ☃', 'it''s over', NULL, '{}') RETURNING projects.id;

INSERT INTO users (is_active, created_at, updated_at, username, email, full_name, role, project_id, last_login_at, login_count) VALUES (true, '2023-03-14T15:09:26.535897'::timestamp, '2023-03-14T15:09:26.535897'::timestamp, 'ann', 'ann@example.com', 'Ann', 'admin', 1, '2023-03-15T15:09:26.535897'::timestamp, 7) RETURNING users.id;

INSERT INTO users (is_active, created_at, updated_at, username, email, full_name, role, project_id, last_login_at, login_count) VALUES (true, '2023-03-14T15:09:26.535897'::timestamp, '2023-03-14T15:09:26.535897'::timestamp, 'bob', 'bob@example.com', NULL, 'viewer', 1, NULL, 0) RETURNING users.id;

INSERT INTO legacy.tbl_account (active, date_created, date_modified, login, mail_address, born, balance, avatar, "order") VALUES (true, '2023-03-14T15:09:26.535897'::timestamp, '2023-03-14T15:09:26.535897+00:00'::timestamptz, 'eve', NULL, '1969-07-20'::date,  -12.50, '\x00ff27'::bytea, 3) RETURNING legacy.tbl_account.pk;

INSERT INTO app_states (is_active, created_at, updated_at, key, value, version, expires_at) VALUES (true, '2023-03-14T15:09:26.535897'::timestamp, '2023-03-14T15:09:26.535897'::timestamp, 'cursor', '{"page": 3}', 5, NULL) RETURNING app_states.id;

INSERT INTO app_states (is_active, created_at, updated_at, key, value, version, expires_at) VALUES (true, '2023-03-14T15:09:26.535897'::timestamp, '2023-03-14T15:09:26.535897'::timestamp, 'lease', '"held"', 1, '2023-03-14T15:09:26.535897'::timestamp) RETURNING app_states.id;

INSERT INTO model_configs (is_active, created_at, updated_at, name, version, provider, parameters, is_default) VALUES (true, '2023-03-14T15:09:26.535897'::timestamp, '2023-03-14T15:09:26.535897'::timestamp, 'ranker', 1, 'local', '{"alpha": 0.1}', true) RETURNING model_configs.id;

INSERT INTO model_configs (is_active, created_at, updated_at, name, version, provider, parameters, is_default) VALUES (true, '2023-03-14T15:09:26.535897'::timestamp, '2023-03-14T15:09:26.535897'::timestamp, 'ranker', 2, 'local', '{"alpha": 0.2}', false) RETURNING model_configs.id;

INSERT INTO system_health (is_active, created_at, updated_at, component, status, message, latency_ms, metrics, recorded_at) VALUES (true, '2023-03-14T15:09:26.535897'::timestamp, '2023-03-14T15:09:26.535897'::timestamp, 'api', 'healthy', NULL, 1.5, '{}', '2023-03-14T15:09:26.535897'::timestamp) RETURNING system_health.id;

INSERT INTO system_health (is_active, created_at, updated_at, component, status, message, latency_ms, metrics, recorded_at) VALUES (true, '2023-03-14T15:09:26.535897'::timestamp, '2023-03-14T15:09:26.535897'::timestamp, 'api', 'degraded', 'slow', NULL, '{"p99": 250}', '2023-03-15T15:09:26.535897'::timestamp) RETURNING system_health.id;

INSERT INTO system_health (is_active, created_at, updated_at, component, status, message, latency_ms, metrics, recorded_at) VALUES (true, '2023-03-14T15:09:26.535897'::timestamp, '2023-03-14T15:09:26.535897'::timestamp, 'db', 'healthy', NULL, NULL, '{}', '2023-03-14T15:09:26'::timestamp) RETURNING system_health.id;

INSERT INTO user_profiles (is_active, created_at, updated_at, user_id, display_name, locale, timezone, preferences) VALUES (true, '2023-03-14T15:09:26.535897'::timestamp, '2023-03-14T15:09:26.535897'::timestamp, 1, NULL, 'de-CH', 'UTC', '{"columns": ["a", "b"]}') RETURNING user_profiles.id;

INSERT INTO legacy."Usage per day" (account_pk, day, queries, share, settings) VALUES (1, '2023-03-14'::date, 1099511627776, 0.25, '{"k": "v"}');

INSERT INTO legacy."Usage per day" (account_pk, day, queries, share, settings) VALUES (1, '2023-03-15'::date, 0, NULL, NULL);

