ALTER TABLE audit ADD COLUMN organization {key} NOT NULL DEFAULT '';

CREATE INDEX audit_by_organization ON audit (organization, sequence);
