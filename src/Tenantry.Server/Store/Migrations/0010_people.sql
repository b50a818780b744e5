CREATE TABLE people (
    email {key} PRIMARY KEY,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    password TEXT,
    issuer {key} NOT NULL DEFAULT '',
    subject {key} NOT NULL DEFAULT '',
    version {int} NOT NULL,
    created_at {int} NOT NULL,
    signed_in_at {int}
){strict};

CREATE UNIQUE INDEX people_by_subject ON people (issuer, subject) WHERE issuer <> '';

CREATE TABLE members (
    organization {key} NOT NULL REFERENCES organizations (name) ON DELETE CASCADE,
    email {key} NOT NULL REFERENCES people (email) ON DELETE CASCADE,
    role TEXT NOT NULL,
    created_at {int} NOT NULL,
    PRIMARY KEY (organization, email)
){strict};

CREATE INDEX members_by_person ON members (email, organization);

CREATE TABLE sessions (
    hash {key} PRIMARY KEY,
    email {key} NOT NULL REFERENCES people (email) ON DELETE CASCADE,
    method TEXT NOT NULL,
    issuer {key} NOT NULL,
    provider_session {key} NOT NULL,
    created_at {int} NOT NULL,
    expires_at {int} NOT NULL,
    used_at {int} NOT NULL
){strict};

CREATE INDEX sessions_by_person ON sessions (email);
CREATE INDEX sessions_by_provider ON sessions (issuer, provider_session);

CREATE TABLE signin_links (
    hash {key} PRIMARY KEY,
    email {key} NOT NULL REFERENCES people (email) ON DELETE CASCADE,
    expires_at {int} NOT NULL
){strict};
