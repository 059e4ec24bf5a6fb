-- Written by application.py with SQLAlchemy 1.4.46.

CREATE TABLE "Usage per day" (
	account_pk INTEGER NOT NULL,
	day DATE NOT NULL,
	queries BIGINT NOT NULL,
	share FLOAT,
	settings JSON,
	PRIMARY KEY (account_pk, day),
	FOREIGN KEY(account_pk) REFERENCES tbl_account (pk)
);

INSERT INTO "Usage per day" VALUES(1,'2023-03-14',1099511627776,0.25,'{"k": "v"}');

INSERT INTO "Usage per day" VALUES(1,'2023-03-15',0,NULL,NULL);

CREATE TABLE app_states (
	id INTEGER NOT NULL,
	is_active BOOLEAN NOT NULL,
	created_at DATETIME NOT NULL,
	updated_at DATETIME NOT NULL,
	"key" VARCHAR(255) NOT NULL,
	value JSON NOT NULL,
	version INTEGER NOT NULL,
	expires_at DATETIME,
	PRIMARY KEY (id),
	UNIQUE ("key")
);

INSERT INTO "app_states" VALUES(1,1,'2023-03-14 15:09:26.535897','2023-03-14 15:09:26.535897','cursor','{"page": 3}',5,NULL);

INSERT INTO "app_states" VALUES(2,1,'2023-03-14 15:09:26.535897','2023-03-14 15:09:26.535897','lease','"held"',1,'2023-03-14 15:09:26.535897');

CREATE TABLE model_configs (
	id INTEGER NOT NULL,
	is_active BOOLEAN NOT NULL,
	created_at DATETIME NOT NULL,
	updated_at DATETIME NOT NULL,
	name VARCHAR(128) NOT NULL,
	version INTEGER NOT NULL,
	provider VARCHAR(64) NOT NULL,
	parameters JSON NOT NULL,
	is_default BOOLEAN NOT NULL,
	PRIMARY KEY (id),
	UNIQUE (name, version)
);

INSERT INTO "model_configs" VALUES(1,1,'2023-03-14 15:09:26.535897','2023-03-14 15:09:26.535897','ranker',1,'local','{"alpha": 0.1}',1);

INSERT INTO "model_configs" VALUES(2,1,'2023-03-14 15:09:26.535897','2023-03-14 15:09:26.535897','ranker',2,'local','{"alpha": 0.2}',0);

CREATE TABLE projects (
	id INTEGER NOT NULL,
	is_active BOOLEAN NOT NULL,
	created_at DATETIME NOT NULL,
	updated_at DATETIME NOT NULL,
	project_id VARCHAR(64) NOT NULL,
	name VARCHAR(200) NOT NULL,
	description TEXT,
	owner VARCHAR(200),
	settings JSON NOT NULL,
	PRIMARY KEY (id),
	UNIQUE (project_id)
);

INSERT INTO "projects" VALUES(1,1,'2023-03-14 15:09:26.535897','2023-03-14 15:09:26.535897','orion','Orion',NULL,'ann','{"theme": "dark", "limits": [1, 2.5, null]}');

INSERT INTO "projects" VALUES(2,0,'2023-03-14 15:09:26.535897','2023-03-14 15:09:26.535897','closed','Zürich ☃','it''s over',NULL,'{}');

CREATE TABLE system_health (
	id INTEGER NOT NULL,
	is_active BOOLEAN NOT NULL,
	created_at DATETIME NOT NULL,
	updated_at DATETIME NOT NULL,
	component VARCHAR(128) NOT NULL,
	status VARCHAR(9) NOT NULL,
	message TEXT,
	latency_ms FLOAT,
	metrics JSON NOT NULL,
	recorded_at DATETIME NOT NULL,
	PRIMARY KEY (id)
);

INSERT INTO "system_health" VALUES(1,1,'2023-03-14 15:09:26.535897','2023-03-14 15:09:26.535897','api','healthy',NULL,1.5,'{}','2023-03-14 15:09:26.535897');

INSERT INTO "system_health" VALUES(2,1,'2023-03-14 15:09:26.535897','2023-03-14 15:09:26.535897','api','degraded','slow',NULL,'{"p99": 250}','2023-03-15 15:09:26.535897');

INSERT INTO "system_health" VALUES(3,1,'2023-03-14 15:09:26.535897','2023-03-14 15:09:26.535897','db','healthy',NULL,NULL,'{}','2023-03-14 15:09:26.000000');

CREATE TABLE tbl_account (
	pk INTEGER NOT NULL,
	active BOOLEAN NOT NULL,
	date_created DATETIME NOT NULL,
	date_modified DATETIME NOT NULL,
	login VARCHAR(40) NOT NULL,
	mail_address VARCHAR(254),
	born DATE,
	balance NUMERIC(12, 2) NOT NULL,
	avatar BLOB,
	"order" SMALLINT NOT NULL,
	PRIMARY KEY (pk),
	UNIQUE (login)
);

INSERT INTO "tbl_account" VALUES(1,1,'2023-03-14 15:09:26.535897','2023-03-14 15:09:26.535897','eve',NULL,'1969-07-20',-12.5,X'00FF27',3);

CREATE TABLE user_profiles (
	id INTEGER NOT NULL,
	is_active BOOLEAN NOT NULL,
	created_at DATETIME NOT NULL,
	updated_at DATETIME NOT NULL,
	user_id INTEGER NOT NULL,
	display_name VARCHAR(200),
	locale VARCHAR(35) NOT NULL,
	timezone VARCHAR(64) NOT NULL,
	preferences JSON NOT NULL,
	PRIMARY KEY (id),
	UNIQUE (user_id),
	FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE
);

INSERT INTO "user_profiles" VALUES(1,1,'2023-03-14 15:09:26.535897','2023-03-14 15:09:26.535897',1,NULL,'de-CH','UTC','{"columns": ["a", "b"]}');

CREATE TABLE users (
	id INTEGER NOT NULL,
	is_active BOOLEAN NOT NULL,
	created_at DATETIME NOT NULL,
	updated_at DATETIME NOT NULL,
	username VARCHAR(64) NOT NULL,
	email VARCHAR(254) NOT NULL,
	full_name VARCHAR(200),
	role VARCHAR(7) NOT NULL,
	project_id INTEGER NOT NULL,
	last_login_at DATETIME,
	login_count INTEGER NOT NULL,
	PRIMARY KEY (id),
	UNIQUE (username),
	UNIQUE (email),
	FOREIGN KEY(project_id) REFERENCES projects (id)
);

INSERT INTO "users" VALUES(1,1,'2023-03-14 15:09:26.535897','2023-03-14 15:09:26.535897','ann','ann@example.com','Ann','admin',1,'2023-03-15 15:09:26.535897',7);

INSERT INTO "users" VALUES(2,1,'2023-03-14 15:09:26.535897','2023-03-14 15:09:26.535897','bob','bob@example.com',NULL,'viewer',1,NULL,0);

CREATE INDEX ix_app_states_expires_at ON app_states (expires_at);

CREATE INDEX ix_system_health_recorded_at ON system_health (recorded_at);

CREATE INDEX ix_users_project_id ON users (project_id);

