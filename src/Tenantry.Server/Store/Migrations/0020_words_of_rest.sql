ALTER TABLE instances ADD COLUMN said_at {int};

UPDATE instances SET said_at = (SELECT s.changed_at FROM statuses s WHERE s.instance_id = instances.id) WHERE desired IN ('Asleep', 'Frozen');
