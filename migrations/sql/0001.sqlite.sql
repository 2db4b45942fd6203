CREATE TABLE changes (
    platform VARCHAR(255) NOT NULL,
    generation INTEGER NOT NULL,
    seq BIGINT NOT NULL,
    ordinal INTEGER NOT NULL,
    entity VARCHAR(16) NOT NULL,
    "key" VARCHAR(255) NOT NULL,
    op VARCHAR(8) NOT NULL,
    "before" TEXT,
    "after" TEXT,
    CONSTRAINT pk_changes PRIMARY KEY (platform, generation, seq, ordinal)
) WITHOUT ROWID;

CREATE INDEX ix_changes_platform_generation_entity_key_seq ON changes (platform, generation, entity, "key", seq);

CREATE TABLE checkpoints (
    platform VARCHAR(255) NOT NULL,
    generation INTEGER NOT NULL,
    seq BIGINT NOT NULL,
    epoch BIGINT NOT NULL,
    logical_at BIGINT NOT NULL,
    next_class_id BIGINT NOT NULL,
    rules TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    CONSTRAINT pk_checkpoints PRIMARY KEY (platform, generation)
) WITHOUT ROWID;

CREATE TABLE classes (
    platform VARCHAR(255) NOT NULL,
    generation INTEGER NOT NULL,
    class_id BIGINT NOT NULL,
    owner_type VARCHAR(255) NOT NULL,
    owner_id VARCHAR(255) NOT NULL,
    path VARCHAR(2001) NOT NULL,
    parent_id BIGINT,
    origin VARCHAR(16) NOT NULL,
    created_at BIGINT NOT NULL,
    created_seq BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    changed_seq BIGINT NOT NULL,
    in_doubt BOOLEAN NOT NULL,
    CONSTRAINT pk_classes PRIMARY KEY (platform, generation, class_id)
) WITHOUT ROWID;

CREATE UNIQUE INDEX ix_classes_platform_generation_owner_type_owner_id_path ON classes (platform, generation, owner_type, owner_id, path);

CREATE INDEX ix_classes_platform_generation_parent_id ON classes (platform, generation, parent_id);

CREATE INDEX ix_classes_platform_path_generation ON classes (platform, path, generation);

CREATE TABLE corrections (
    platform VARCHAR(255) NOT NULL,
    generation INTEGER NOT NULL,
    seq BIGINT NOT NULL,
    ordinal INTEGER NOT NULL,
    label VARCHAR(32) NOT NULL,
    entity VARCHAR(16) NOT NULL,
    "key" VARCHAR(2600) NOT NULL,
    event_type TEXT,
    detail TEXT NOT NULL,
    CONSTRAINT pk_corrections PRIMARY KEY (platform, generation, seq, ordinal)
) WITHOUT ROWID;

CREATE TABLE deletions (
    platform VARCHAR(255) NOT NULL,
    generation INTEGER NOT NULL,
    owner_type VARCHAR(255) NOT NULL,
    owner_id VARCHAR(255) NOT NULL,
    path VARCHAR(2001) NOT NULL,
    at BIGINT NOT NULL,
    CONSTRAINT pk_deletions PRIMARY KEY (platform, generation, owner_type, owner_id, path)
) WITHOUT ROWID;

CREATE TABLE departures (
    platform VARCHAR(255) NOT NULL,
    generation INTEGER NOT NULL,
    owner_type VARCHAR(255) NOT NULL,
    owner_id VARCHAR(255) NOT NULL,
    path VARCHAR(2001) NOT NULL,
    class_id BIGINT NOT NULL,
    at BIGINT NOT NULL,
    destination_owner_type VARCHAR(255) NOT NULL,
    destination_owner_id VARCHAR(255) NOT NULL,
    destination_path VARCHAR(2001) NOT NULL,
    pending BOOLEAN NOT NULL,
    used BOOLEAN NOT NULL,
    CONSTRAINT pk_departures PRIMARY KEY (platform, generation, owner_type, owner_id, path)
) WITHOUT ROWID;

CREATE TABLE doubts (
    platform VARCHAR(255) NOT NULL,
    generation INTEGER NOT NULL,
    kind VARCHAR(16) NOT NULL,
    "key" VARCHAR(255) NOT NULL,
    reason VARCHAR(64) NOT NULL,
    since_at BIGINT NOT NULL,
    since_seq BIGINT NOT NULL,
    last_seq BIGINT NOT NULL,
    CONSTRAINT pk_doubts PRIMARY KEY (platform, generation, kind, "key", reason)
) WITHOUT ROWID;

CREATE INDEX ix_doubts_platform_since_seq_generation ON doubts (platform, since_seq, generation);

CREATE TABLE files (
    platform VARCHAR(255) NOT NULL,
    generation INTEGER NOT NULL,
    file_id VARCHAR(255) NOT NULL,
    changed_at BIGINT NOT NULL,
    changed_seq BIGINT NOT NULL,
    operation_type TEXT,
    task_id VARCHAR(255),
    project_id VARCHAR(255),
    source TEXT,
    url TEXT,
    cover_url TEXT,
    size_bytes BIGINT,
    duration_seconds FLOAT,
    width BIGINT,
    height BIGINT,
    container TEXT,
    bitrate BIGINT,
    CONSTRAINT pk_files PRIMARY KEY (platform, generation, file_id)
) WITHOUT ROWID;

CREATE TABLE heads (
    platform VARCHAR(255) NOT NULL,
    head_seq BIGINT NOT NULL,
    head_digest BLOB NOT NULL,
    last_received_at BIGINT,
    last_reconciled_at BIGINT,
    confirmed_seq BIGINT NOT NULL,
    CONSTRAINT pk_heads PRIMARY KEY (platform)
) WITHOUT ROWID;

CREATE TABLE heard (
    platform VARCHAR(255) NOT NULL,
    generation INTEGER NOT NULL,
    digest VARCHAR(64) NOT NULL,
    at BIGINT NOT NULL,
    CONSTRAINT pk_heard PRIMARY KEY (platform, generation, digest)
) WITHOUT ROWID;

CREATE TABLE imports (
    platform VARCHAR(255) NOT NULL,
    fingerprint BLOB NOT NULL,
    file_name TEXT NOT NULL,
    lines BIGINT NOT NULL,
    bytes BIGINT NOT NULL,
    started_seq BIGINT NOT NULL,
    finished BOOLEAN NOT NULL,
    updated_at BIGINT NOT NULL,
    CONSTRAINT pk_imports PRIMARY KEY (platform, fingerprint)
) WITHOUT ROWID;

CREATE TABLE journal (
    platform VARCHAR(255) NOT NULL,
    seq BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    source VARCHAR(16) NOT NULL,
    body BLOB NOT NULL,
    digest BLOB NOT NULL,
    redelivery_of BIGINT,
    CONSTRAINT pk_journal PRIMARY KEY (platform, seq),
    CONSTRAINT ck_journal_seq_positive CHECK (seq > 0)
) WITHOUT ROWID;

CREATE TABLE links (
    platform VARCHAR(255) NOT NULL,
    generation INTEGER NOT NULL,
    material_id VARCHAR(255) NOT NULL,
    kind VARCHAR(16) NOT NULL,
    class_key BIGINT NOT NULL,
    target_material_id VARCHAR(255),
    target_owner_type VARCHAR(255),
    target_owner_id VARCHAR(255),
    target_path VARCHAR(2001),
    status TEXT,
    CONSTRAINT pk_links PRIMARY KEY (platform, generation, material_id, kind, class_key)
) WITHOUT ROWID;

CREATE INDEX ix_links_platform_generation_class_key ON links (platform, generation, class_key);

CREATE INDEX ix_links_platform_generation_target_material_id ON links (platform, generation, target_material_id);

CREATE TABLE materials (
    platform VARCHAR(255) NOT NULL,
    generation INTEGER NOT NULL,
    material_id VARCHAR(255) NOT NULL,
    state VARCHAR(16) NOT NULL,
    class_id BIGINT,
    origin VARCHAR(16) NOT NULL,
    created_at BIGINT NOT NULL,
    created_seq BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    changed_seq BIGINT NOT NULL,
    name TEXT,
    material_type TEXT,
    file_id VARCHAR(255),
    operation_type TEXT,
    task_id VARCHAR(255),
    source TEXT,
    preset_tags TEXT NOT NULL,
    tags TEXT NOT NULL,
    created_owner_type VARCHAR(255),
    created_owner_id VARCHAR(255),
    created_path VARCHAR(2001),
    last_owner_type VARCHAR(255),
    last_owner_id VARCHAR(255),
    last_path VARCHAR(2001),
    confirmed_at BIGINT,
    named_seq BIGINT NOT NULL,
    name_at BIGINT,
    preset_tags_at BIGINT,
    tags_at BIGINT,
    moves TEXT NOT NULL,
    repeatable BOOLEAN NOT NULL,
    CONSTRAINT pk_materials PRIMARY KEY (platform, generation, material_id)
) WITHOUT ROWID;

CREATE INDEX ix_materials_detached ON materials (platform, generation, material_id) WHERE state = 'detached';

CREATE INDEX ix_materials_gone ON materials (platform, material_id, generation) WHERE state != 'live';

CREATE INDEX ix_materials_gone_changed_seq ON materials (platform, changed_seq, generation) WHERE state != 'live';

CREATE INDEX ix_materials_platform_created_seq_generation ON materials (platform, created_seq, generation);

CREATE INDEX ix_materials_platform_generation_class_id_material_id ON materials (platform, generation, class_id, material_id);

CREATE INDEX ix_materials_platform_generation_file_id ON materials (platform, generation, file_id);

CREATE INDEX ix_materials_unconfirmed ON materials (platform, generation, created_seq) WHERE confirmed_at IS NULL;

CREATE TABLE outcomes (
    platform VARCHAR(255) NOT NULL,
    generation INTEGER NOT NULL,
    seq BIGINT NOT NULL,
    event_type TEXT,
    outcome VARCHAR(16) NOT NULL,
    detail TEXT,
    change_count INTEGER NOT NULL,
    CONSTRAINT pk_outcomes PRIMARY KEY (platform, generation, seq)
) WITHOUT ROWID;

CREATE INDEX ix_outcomes_notable ON outcomes (platform, outcome, seq, generation) WHERE outcome = 'quarantined' OR outcome = 'unrecognised' OR outcome = 'redelivery' OR outcome = 'unchanged' OR outcome = 'pending';

CREATE INDEX ix_outcomes_platform_event_type_seq_generation ON outcomes (platform, event_type, seq, generation);

CREATE TABLE owners (
    platform VARCHAR(255) NOT NULL,
    generation INTEGER NOT NULL,
    owner_type VARCHAR(255) NOT NULL,
    owner_id VARCHAR(255) NOT NULL,
    structure_seq BIGINT NOT NULL,
    observed_seq BIGINT,
    last_class_event TEXT,
    last_class_event_at BIGINT NOT NULL,
    lost_presets TEXT NOT NULL,
    CONSTRAINT pk_owners PRIMARY KEY (platform, generation, owner_type, owner_id)
) WITHOUT ROWID;

CREATE TABLE platforms (
    platform VARCHAR(255) NOT NULL,
    platform_id VARCHAR(255) NOT NULL,
    generation INTEGER NOT NULL,
    feed_generation INTEGER NOT NULL,
    created_at BIGINT NOT NULL,
    removed_at BIGINT,
    CONSTRAINT pk_platforms PRIMARY KEY (platform)
) WITHOUT ROWID;

CREATE TABLE project_statuses (
    platform VARCHAR(255) NOT NULL,
    generation INTEGER NOT NULL,
    project_id VARCHAR(255) NOT NULL,
    seq BIGINT NOT NULL,
    status TEXT NOT NULL,
    detail TEXT,
    at BIGINT NOT NULL,
    CONSTRAINT pk_project_statuses PRIMARY KEY (platform, generation, project_id, seq)
) WITHOUT ROWID;

CREATE INDEX ix_project_statuses_platform_seq_generation ON project_statuses (platform, seq, generation);

CREATE TABLE projects (
    platform VARCHAR(255) NOT NULL,
    generation INTEGER NOT NULL,
    project_id VARCHAR(255) NOT NULL,
    changed_at BIGINT NOT NULL,
    changed_seq BIGINT NOT NULL,
    category TEXT,
    name TEXT,
    status TEXT,
    running BOOLEAN,
    pvw_on BOOLEAN,
    pgm_on BOOLEAN,
    interrupted_inputs TEXT NOT NULL,
    interrupted_outputs TEXT NOT NULL,
    status_at BIGINT,
    gone BOOLEAN NOT NULL,
    confirmed_at BIGINT,
    named_seq BIGINT NOT NULL,
    CONSTRAINT pk_projects PRIMARY KEY (platform, generation, project_id)
) WITHOUT ROWID;

CREATE TABLE reading_tokens (
    name VARCHAR(64) NOT NULL,
    digest BLOB NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT,
    expires_at BIGINT,
    CONSTRAINT pk_reading_tokens PRIMARY KEY (name)
) WITHOUT ROWID;

CREATE TABLE samples (
    platform VARCHAR(255) NOT NULL,
    generation INTEGER NOT NULL,
    seq BIGINT NOT NULL,
    drawn INTEGER NOT NULL,
    wrong INTEGER NOT NULL,
    wrong_undoubted INTEGER NOT NULL,
    CONSTRAINT pk_samples PRIMARY KEY (platform, generation, seq)
) WITHOUT ROWID;

CREATE TABLE sweeps (
    platform VARCHAR(255) NOT NULL,
    owner_type VARCHAR(255) NOT NULL,
    owner_id VARCHAR(255) NOT NULL,
    started_at BIGINT NOT NULL,
    finished_at BIGINT,
    CONSTRAINT pk_sweeps PRIMARY KEY (platform, owner_type, owner_id)
);

CREATE TABLE tags (
    platform VARCHAR(255) NOT NULL,
    generation INTEGER NOT NULL,
    kind VARCHAR(16) NOT NULL,
    tag TEXT NOT NULL,
    material_id VARCHAR(255) NOT NULL,
    CONSTRAINT pk_tags PRIMARY KEY (platform, generation, kind, tag, material_id)
) WITHOUT ROWID;

CREATE INDEX ix_tags_platform_generation_material_id ON tags (platform, generation, material_id);

CREATE TABLE tangles (
    platform VARCHAR(255) NOT NULL,
    generation INTEGER NOT NULL,
    material_id VARCHAR(255) NOT NULL,
    opened_at BIGINT NOT NULL,
    start_owner_type VARCHAR(255),
    start_owner_id VARCHAR(255),
    start_path VARCHAR(2001),
    steps TEXT NOT NULL,
    CONSTRAINT pk_tangles PRIMARY KEY (platform, generation, material_id)
) WITHOUT ROWID;

CREATE TABLE tasks (
    platform VARCHAR(255) NOT NULL,
    generation INTEGER NOT NULL,
    task_id VARCHAR(255) NOT NULL,
    changed_at BIGINT NOT NULL,
    changed_seq BIGINT NOT NULL,
    status TEXT,
    err_code BIGINT,
    err_msg TEXT,
    material_id VARCHAR(255),
    file_id VARCHAR(255),
    url TEXT,
    completed_at BIGINT,
    confirmed_at BIGINT,
    named_seq BIGINT NOT NULL,
    CONSTRAINT pk_tasks PRIMARY KEY (platform, generation, task_id)
) WITHOUT ROWID;

CREATE INDEX ix_tasks_platform_changed_seq_generation ON tasks (platform, changed_seq, generation);

CREATE TABLE unconfirmed (
    platform VARCHAR(255) NOT NULL,
    seq BIGINT NOT NULL,
    body_digest BLOB NOT NULL,
    received_at BIGINT NOT NULL,
    repeats INTEGER NOT NULL,
    CONSTRAINT pk_unconfirmed PRIMARY KEY (platform, seq)
) WITHOUT ROWID;

CREATE TABLE callback_tokens (
    platform VARCHAR(255) NOT NULL,
    digest BLOB NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT,
    CONSTRAINT pk_callback_tokens PRIMARY KEY (platform, digest),
    CONSTRAINT fk_callback_tokens_platform_platforms FOREIGN KEY(platform) REFERENCES platforms (platform)
) WITHOUT ROWID;

ANALYZE sqlite_schema;

INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
('changes', 'changes', '1000000 100000 50000 224 1'),
('changes', 'ix_changes_platform_generation_entity_key_seq', '1000000 100000 50000 1357 37 1'),
('checkpoints', 'checkpoints', '20 2 1'),
('classes', 'classes', '10000 1000 500 1'),
('classes', 'ix_classes_platform_generation_owner_type_owner_id_path', '10000 1000 500 63 8 1'),
('classes', 'ix_classes_platform_generation_parent_id', '10000 1000 500 1'),
('classes', 'ix_classes_platform_path_generation', '10000 1000 1 1'),
('corrections', 'corrections', '1000 100 50 7 1'),
('deletions', 'deletions', '1000 100 50 14 4 1'),
('departures', 'departures', '1000 100 50 14 4 1'),
('doubts', 'doubts', '1000 100 50 14 4 1'),
('doubts', 'ix_doubts_platform_since_seq_generation', '1000 100 1 1'),
('files', 'files', '1000000 100000 50000 1'),
('heads', 'heads', '10 1'),
('heard', 'heard', '1000 100 50 1'),
('imports', 'imports', '1000 100 1'),
('journal', 'journal', '1000000 100000 1'),
('links', 'links', '10000 1000 500 63 8 1'),
('links', 'ix_links_platform_generation_class_key', '10000 1000 500 1'),
('links', 'ix_links_platform_generation_target_material_id', '10000 1000 500 1'),
('materials', 'materials', '1000000 100000 50000 1'),
('materials', 'ix_materials_detached', '1000 100 50 1'),
('materials', 'ix_materials_gone', '1000 100 1 1'),
('materials', 'ix_materials_gone_changed_seq', '1000 100 1 1'),
('materials', 'ix_materials_platform_created_seq_generation', '1000000 100000 1 1'),
('materials', 'ix_materials_platform_generation_class_id_material_id', '1000000 100000 50000 224 1'),
('materials', 'ix_materials_platform_generation_file_id', '1000000 100000 50000 1'),
('materials', 'ix_materials_unconfirmed', '1000 100 50 1'),
('outcomes', 'outcomes', '1000000 100000 50000 1'),
('outcomes', 'ix_outcomes_notable', '1000 100 10 1 1'),
('outcomes', 'ix_outcomes_platform_event_type_seq_generation', '1000000 100000 316 1 1'),
('owners', 'owners', '1000 100 50 7 1'),
('platforms', 'platforms', '10 1'),
('project_statuses', 'project_statuses', '10000 1000 500 22 1'),
('project_statuses', 'ix_project_statuses_platform_seq_generation', '10000 1000 1 1'),
('projects', 'projects', '1000 100 50 1'),
('reading_tokens', 'reading_tokens', '1000 1'),
('samples', 'samples', '1000 100 50 1'),
('sweeps', 'sweeps', '1000 100 10 1'),
('tags', 'tags', '1000000 100000 50000 1357 37 1'),
('tags', 'ix_tags_platform_generation_material_id', '1000000 100000 50000 1'),
('tangles', 'tangles', '1000 100 50 1'),
('tasks', 'tasks', '1000 100 50 1'),
('tasks', 'ix_tasks_platform_changed_seq_generation', '1000 100 1 1'),
('unconfirmed', 'unconfirmed', '1000 100 1'),
('callback_tokens', 'callback_tokens', '20 2 1');

CREATE TRIGGER journal_refuses_update BEFORE UPDATE ON journal
BEGIN
    SELECT RAISE(ABORT, 'the journal is append-only: no UPDATE');
END;

CREATE TRIGGER journal_refuses_delete BEFORE DELETE ON journal
BEGIN
    SELECT RAISE(ABORT, 'the journal is append-only: no DELETE');
END;

CREATE TRIGGER journal_takes_the_next_seq_only BEFORE INSERT ON journal
WHEN NEW.seq IS NOT
    (SELECT coalesce(max(seq), 0) + 1 FROM journal WHERE platform = NEW.platform)
BEGIN
    SELECT RAISE(ABORT, 'the journal has no gaps: only the next seq can be appended');
END;

CREATE VIEW class_tree AS
SELECT classes.platform, classes.class_id, classes.owner_type, classes.owner_id, classes.path AS class_path, above.path AS parent_path, CASE WHEN (classes.parent_id IS NULL) THEN '' ELSE substr(classes.path, length(above.path) + CASE WHEN (above.path = '/') THEN 1 ELSE 2 END) END AS name, CASE WHEN (classes.parent_id IS NULL) THEN 0 ELSE length(classes.path) - length(replace(classes.path, '/', '')) END AS depth, classes.origin, (SELECT count(*) AS count_1
FROM materials
WHERE materials.platform = classes.platform AND materials.generation = classes.generation AND materials.class_id = classes.class_id) AS material_count, classes.changed_seq
FROM platforms JOIN classes ON classes.platform = platforms.platform AND classes.generation = platforms.generation LEFT OUTER JOIN classes AS above ON above.platform = classes.platform AND above.generation = classes.generation AND above.class_id = classes.parent_id;

CREATE VIEW media_tree AS
SELECT materials.platform, classes.owner_type, classes.owner_id, materials.class_id, classes.path AS class_path, materials.material_id, materials.name, materials.material_type, materials.file_id, materials.origin, materials.preset_tags, materials.tags, classes.in_doubt = 1 OR (EXISTS (SELECT doubts.reason
FROM doubts
WHERE doubts.platform = materials.platform AND doubts.generation = materials.generation AND doubts."key" = materials.material_id AND doubts.kind = 'material'
 LIMIT 1 OFFSET 0)) AS in_doubt, (strftime('%Y-%m-%d %H:%M:%S', materials.created_at / 1000000, 'unixepoch') || printf('.%06d', materials.created_at % 1000000)) AS created_at, (strftime('%Y-%m-%d %H:%M:%S', materials.changed_at / 1000000, 'unixepoch') || printf('.%06d', materials.changed_at % 1000000)) AS changed_at, (strftime('%Y-%m-%d %H:%M:%S', materials.confirmed_at / 1000000, 'unixepoch') || printf('.%06d', materials.confirmed_at % 1000000)) AS confirmed_at, materials.created_seq, materials.changed_seq
FROM platforms JOIN materials ON materials.platform = platforms.platform AND materials.generation = platforms.generation JOIN classes ON classes.platform = materials.platform AND classes.generation = materials.generation AND classes.class_id = materials.class_id;

CREATE VIEW media_gone AS
SELECT materials.platform, materials.material_id, materials.state, materials.name, materials.file_id, materials.last_owner_type, materials.last_owner_id, materials.last_path AS last_class_path, (strftime('%Y-%m-%d %H:%M:%S', materials.changed_at / 1000000, 'unixepoch') || printf('.%06d', materials.changed_at % 1000000)) AS changed_at, materials.changed_seq
FROM platforms JOIN materials ON materials.platform = platforms.platform AND materials.generation = platforms.generation
WHERE materials.state != 'live';

CREATE VIEW media_files AS
SELECT files.platform, files.file_id, files.operation_type, files.task_id, files.project_id, files.size_bytes, files.duration_seconds, files.width, files.height, files.container, files.bitrate, (SELECT count(materials.class_id) AS count_1
FROM materials
WHERE materials.platform = files.platform AND materials.generation = files.generation AND materials.file_id = files.file_id) AS live_materials
FROM platforms JOIN files ON files.platform = platforms.platform AND files.generation = platforms.generation;

CREATE VIEW media_links AS
SELECT links.platform, links.material_id, links.kind, classes.owner_type, classes.owner_id, classes.class_id, classes.path AS class_path, links.target_material_id, links.target_owner_type, links.target_owner_id, links.target_path AS target_class_path, links.status
FROM platforms JOIN links ON links.platform = platforms.platform AND links.generation = platforms.generation JOIN classes ON classes.platform = links.platform AND classes.generation = links.generation AND classes.class_id = links.class_key
WHERE links.kind = 'placement' UNION ALL SELECT links.platform, links.material_id, links.kind, classes.owner_type, classes.owner_id, classes.class_id, classes.path AS class_path, links.target_material_id, links.target_owner_type, links.target_owner_id, links.target_path AS target_class_path, links.status
FROM platforms JOIN links ON links.platform = platforms.platform AND links.generation = platforms.generation JOIN materials ON materials.platform = links.platform AND materials.generation = links.generation AND materials.material_id = links.material_id JOIN classes ON classes.platform = materials.platform AND classes.generation = materials.generation AND classes.class_id = materials.class_id
WHERE links.kind != 'placement';

CREATE VIEW material_tags AS
SELECT tags.platform, tags.material_id, tags.kind, tags.tag
FROM platforms JOIN tags ON tags.platform = platforms.platform AND tags.generation = platforms.generation JOIN materials ON materials.platform = tags.platform AND materials.generation = tags.generation AND materials.material_id = tags.material_id
WHERE materials.state = 'live';

CREATE VIEW project_board AS
SELECT projects.platform, projects.project_id, projects.category, projects.name, projects.status, projects.running, projects.pvw_on, projects.pgm_on, projects.interrupted_inputs, projects.interrupted_outputs, (strftime('%Y-%m-%d %H:%M:%S', projects.status_at / 1000000, 'unixepoch') || printf('.%06d', projects.status_at % 1000000)) AS status_at, projects.changed_seq
FROM platforms JOIN projects ON projects.platform = platforms.platform AND projects.generation = platforms.generation
WHERE projects.gone = 0;

CREATE VIEW project_timeline AS
SELECT project_statuses.platform, project_statuses.project_id, project_statuses.status, project_statuses.detail, (strftime('%Y-%m-%d %H:%M:%S', project_statuses.at / 1000000, 'unixepoch') || printf('.%06d', project_statuses.at % 1000000)) AS from_at, (strftime('%Y-%m-%d %H:%M:%S', (SELECT later.at
FROM project_statuses AS later
WHERE later.platform = project_statuses.platform AND later.generation = project_statuses.generation AND later.project_id = project_statuses.project_id AND later.seq > project_statuses.seq ORDER BY later.seq
 LIMIT 1 OFFSET 0) / 1000000, 'unixepoch') || printf('.%06d', (SELECT later.at
FROM project_statuses AS later
WHERE later.platform = project_statuses.platform AND later.generation = project_statuses.generation AND later.project_id = project_statuses.project_id AND later.seq > project_statuses.seq ORDER BY later.seq
 LIMIT 1 OFFSET 0) % 1000000)) AS to_at, project_statuses.seq
FROM platforms JOIN project_statuses ON project_statuses.platform = platforms.platform AND project_statuses.generation = platforms.generation;

CREATE VIEW export_tasks AS
SELECT tasks.platform, tasks.task_id, tasks.status, tasks.err_code, tasks.err_msg, tasks.material_id, tasks.file_id, (strftime('%Y-%m-%d %H:%M:%S', tasks.completed_at / 1000000, 'unixepoch') || printf('.%06d', tasks.completed_at % 1000000)) AS completed_at, tasks.changed_seq AS seq
FROM platforms JOIN tasks ON tasks.platform = platforms.platform AND tasks.generation = platforms.generation;

CREATE VIEW delivery_log AS
SELECT outcomes.platform, outcomes.seq, (strftime('%Y-%m-%d %H:%M:%S', journal.received_at / 1000000, 'unixepoch') || printf('.%06d', journal.received_at % 1000000)) AS received_at, journal.source, outcomes.event_type, outcomes.outcome, outcomes.detail, outcomes.change_count, journal.redelivery_of
FROM platforms JOIN outcomes ON outcomes.platform = platforms.platform AND outcomes.generation = platforms.generation JOIN journal ON journal.platform = outcomes.platform AND journal.seq = outcomes.seq UNION ALL SELECT journal.platform, journal.seq, (strftime('%Y-%m-%d %H:%M:%S', journal.received_at / 1000000, 'unixepoch') || printf('.%06d', journal.received_at % 1000000)) AS received_at, journal.source, CAST(NULL AS TEXT) AS event_type, CAST('pending' AS VARCHAR(16)) AS outcome, CAST(NULL AS TEXT) AS detail, CAST(0 AS INTEGER) AS change_count, journal.redelivery_of
FROM platforms LEFT OUTER JOIN checkpoints ON checkpoints.platform = platforms.platform AND checkpoints.generation = platforms.generation JOIN journal ON journal.platform = platforms.platform AND journal.seq > coalesce(checkpoints.seq, 0)
WHERE NOT (EXISTS (SELECT *
FROM outcomes
WHERE outcomes.platform = platforms.platform AND outcomes.generation = platforms.generation AND outcomes.seq = journal.seq));

CREATE VIEW change_log AS
SELECT changes.platform, changes.seq, changes.ordinal, changes.entity, changes."key", changes.op, changes."before", changes."after"
FROM platforms JOIN changes ON changes.platform = platforms.platform AND changes.generation = platforms.generation;

CREATE VIEW open_doubts AS
SELECT doubts.platform, doubts.kind, doubts."key", doubts.reason, (strftime('%Y-%m-%d %H:%M:%S', doubts.since_at / 1000000, 'unixepoch') || printf('.%06d', doubts.since_at % 1000000)) AS since_at, doubts.since_seq
FROM platforms JOIN doubts ON doubts.platform = platforms.platform AND doubts.generation = platforms.generation;

CREATE VIEW mirror_status AS
SELECT platforms.platform, heads.head_seq, coalesce(checkpoints.seq, 0) AS applied_seq, heads.head_seq - coalesce(checkpoints.seq, 0) AS lag, (strftime('%Y-%m-%d %H:%M:%S', heads.last_received_at / 1000000, 'unixepoch') || printf('.%06d', heads.last_received_at % 1000000)) AS last_received_at, (SELECT count(*) AS count_1
FROM outcomes
WHERE outcomes.platform = platforms.platform AND outcomes.generation = platforms.generation AND outcomes.outcome = 'quarantined') AS quarantined, (SELECT count(*) AS count_2
FROM outcomes
WHERE outcomes.platform = platforms.platform AND outcomes.generation = platforms.generation AND outcomes.outcome = 'unrecognised') AS unrecognised, (SELECT count(*) AS count_3
FROM doubts
WHERE doubts.platform = platforms.platform AND doubts.generation = platforms.generation) AS open_doubts, (strftime('%Y-%m-%d %H:%M:%S', heads.last_reconciled_at / 1000000, 'unixepoch') || printf('.%06d', heads.last_reconciled_at % 1000000)) AS last_reconciled_at
FROM platforms JOIN heads ON heads.platform = platforms.platform LEFT OUTER JOIN checkpoints ON checkpoints.platform = platforms.platform AND checkpoints.generation = platforms.generation;
