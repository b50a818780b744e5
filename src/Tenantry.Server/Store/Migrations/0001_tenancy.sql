CREATE TABLE meta (
    name {key} PRIMARY KEY,
    value TEXT NOT NULL
){strict};

CREATE TABLE organizations (
    name {key} PRIMARY KEY,
    created_at {int} NOT NULL
){strict};

CREATE TABLE apps (
    name {key} PRIMARY KEY,
    release {key} NOT NULL,
    version {int} NOT NULL,
    created_at {int} NOT NULL,
    updated_at {int} NOT NULL
){strict};

CREATE TABLE releases (
    id {key} PRIMARY KEY,
    app {key} NOT NULL REFERENCES apps (name) ON DELETE CASCADE,
    version TEXT NOT NULL,
    manifest_digest TEXT NOT NULL,
    inputs_digest TEXT NOT NULL,
    manifest TEXT NOT NULL,
    created_at {int} NOT NULL,
    CONSTRAINT releases_of_app UNIQUE (app, id)
){strict};

CREATE TABLE tenants (
    name {key} PRIMARY KEY,
    display_name TEXT NOT NULL,
    organization {key} NOT NULL REFERENCES organizations (name),
    owner TEXT NOT NULL,
    cost_centre TEXT NOT NULL,
    version {int} NOT NULL,
    created_at {int} NOT NULL,
    deleting {int} NOT NULL DEFAULT 0
){strict};

CREATE TABLE targets (
    name {key} PRIMARY KEY,
    kind TEXT NOT NULL,
    options TEXT NOT NULL,
    repair_drift {int} NOT NULL,
    parallel {int} NOT NULL,
    version {int} NOT NULL,
    created_at {int} NOT NULL
){strict};

CREATE TABLE instances (
    id {key} PRIMARY KEY,
    slug {key} NOT NULL,
    tenant {key} NOT NULL REFERENCES tenants (name),
    organization {key} NOT NULL REFERENCES organizations (name),
    app {key} NOT NULL REFERENCES apps (name),
    environment {key} NOT NULL,
    target {key} NOT NULL REFERENCES targets (name),
    tier {key} NOT NULL,
    release {key} NOT NULL,
    hosts TEXT NOT NULL,
    features TEXT NOT NULL,
    desired TEXT NOT NULL,
    restart_nonce {int} NOT NULL,
    generation {int} NOT NULL,
    created_at {int} NOT NULL,
    CONSTRAINT instances_slug UNIQUE (slug),
    CONSTRAINT instances_place UNIQUE (tenant, app, environment),
    CONSTRAINT instances_release FOREIGN KEY (app, release) REFERENCES releases (app, id)
){strict};

CREATE INDEX instances_by_tenant ON instances (tenant, slug);
CREATE INDEX instances_by_app ON instances (app, slug);
CREATE INDEX instances_by_target ON instances (target, slug);
CREATE INDEX instances_by_organization ON instances (organization, slug);

CREATE TABLE hosts (
    host {key} PRIMARY KEY,
    instance_id {key} NOT NULL REFERENCES instances (id) ON DELETE CASCADE
){strict};

CREATE INDEX hosts_by_instance ON hosts (instance_id);

CREATE TABLE secrets (
    instance_id {key} NOT NULL REFERENCES instances (id) ON DELETE CASCADE,
    name {key} NOT NULL,
    value {blob} NOT NULL,
    version {int} NOT NULL,
    generated {int} NOT NULL,
    created_at {int} NOT NULL,
    PRIMARY KEY (instance_id, name)
){strict};
