ALTER TABLE tokens ADD COLUMN role TEXT NOT NULL DEFAULT 'Admin';
ALTER TABLE tokens ADD COLUMN organization TEXT NOT NULL DEFAULT '';
ALTER TABLE tokens ADD COLUMN last_used_at {int};
ALTER TABLE operations ADD COLUMN organization TEXT NOT NULL DEFAULT '';
UPDATE operations SET organization = COALESCE((SELECT organization FROM instances WHERE instances.id = operations.instance_id), '');
CREATE INDEX operations_by_organization ON operations (organization, id);
