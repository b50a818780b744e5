CREATE TABLE invitations (
    email {key} NOT NULL,
    organization {key} NOT NULL REFERENCES organizations (name) ON DELETE CASCADE,
    role TEXT NOT NULL,
    name TEXT NOT NULL,
    invited_by TEXT NOT NULL,
    created_at {int} NOT NULL,
    expires_at {int} NOT NULL,
    PRIMARY KEY (email, organization)
){strict};

CREATE INDEX invitations_by_organization ON invitations (organization, email);
