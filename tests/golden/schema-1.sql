
CREATE TABLE subject (
  id INTEGER PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL,
  counted INTEGER NOT NULL DEFAULT 0, uplink INTEGER NOT NULL DEFAULT 0,
  first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL, UNIQUE (kind, name)
) STRICT;
CREATE TABLE checkpoint (
  subject INTEGER PRIMARY KEY REFERENCES subject (id), epoch TEXT NOT NULL, counter_bits INTEGER NOT NULL,
  receive_bytes INTEGER NOT NULL DEFAULT 0, transmit_bytes INTEGER NOT NULL DEFAULT 0, receive_packets INTEGER NOT NULL DEFAULT 0, transmit_packets INTEGER NOT NULL DEFAULT 0, receive_errors INTEGER NOT NULL DEFAULT 0, transmit_errors INTEGER NOT NULL DEFAULT 0, receive_drops INTEGER NOT NULL DEFAULT 0, transmit_drops INTEGER NOT NULL DEFAULT 0,
  began_at INTEGER NOT NULL, base_receive_bytes INTEGER NOT NULL, base_transmit_bytes INTEGER NOT NULL,
  ledger_receive_bytes INTEGER NOT NULL, ledger_transmit_bytes INTEGER NOT NULL,
  discarded_receive_bytes INTEGER NOT NULL DEFAULT 0, discarded_transmit_bytes INTEGER NOT NULL DEFAULT 0,
  read_at INTEGER NOT NULL
) STRICT;
CREATE TABLE meter (
  name TEXT PRIMARY KEY, posting INTEGER NOT NULL, boot_id TEXT NOT NULL, namespace INTEGER NOT NULL,
  wall INTEGER NOT NULL, elapsed INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE slot (
  slot INTEGER NOT NULL, subject INTEGER NOT NULL REFERENCES subject (id),
  receive_bytes INTEGER NOT NULL DEFAULT 0, transmit_bytes INTEGER NOT NULL DEFAULT 0, receive_packets INTEGER NOT NULL DEFAULT 0, transmit_packets INTEGER NOT NULL DEFAULT 0, receive_errors INTEGER NOT NULL DEFAULT 0, transmit_errors INTEGER NOT NULL DEFAULT 0, receive_drops INTEGER NOT NULL DEFAULT 0, transmit_drops INTEGER NOT NULL DEFAULT 0, estimated_bytes INTEGER NOT NULL DEFAULT 0, peak_receive_speed INTEGER NOT NULL DEFAULT 0, peak_transmit_speed INTEGER NOT NULL DEFAULT 0, peak_speed INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (slot, subject)
) STRICT, WITHOUT ROWID;
CREATE TABLE minute (
  minute INTEGER NOT NULL, subject INTEGER NOT NULL REFERENCES subject (id),
  receive_bytes INTEGER NOT NULL DEFAULT 0, transmit_bytes INTEGER NOT NULL DEFAULT 0, peak_receive_speed INTEGER NOT NULL DEFAULT 0, peak_transmit_speed INTEGER NOT NULL DEFAULT 0, peak_speed INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (minute, subject)
) STRICT, WITHOUT ROWID;
CREATE TABLE day (
  day INTEGER NOT NULL, subject INTEGER NOT NULL REFERENCES subject (id),
  receive_bytes INTEGER NOT NULL DEFAULT 0, transmit_bytes INTEGER NOT NULL DEFAULT 0, receive_packets INTEGER NOT NULL DEFAULT 0, transmit_packets INTEGER NOT NULL DEFAULT 0, receive_errors INTEGER NOT NULL DEFAULT 0, transmit_errors INTEGER NOT NULL DEFAULT 0, receive_drops INTEGER NOT NULL DEFAULT 0, transmit_drops INTEGER NOT NULL DEFAULT 0, estimated_bytes INTEGER NOT NULL DEFAULT 0, peak_receive_speed INTEGER NOT NULL DEFAULT 0, peak_transmit_speed INTEGER NOT NULL DEFAULT 0, peak_speed INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (day, subject)
) STRICT, WITHOUT ROWID;
CREATE TABLE gap (
  id INTEGER PRIMARY KEY, meter TEXT NOT NULL, began INTEGER NOT NULL, ended INTEGER NOT NULL,
  cause TEXT NOT NULL, bytes INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX gap_by_end ON gap (ended);
CREATE TABLE incident (
  id INTEGER PRIMARY KEY, at INTEGER NOT NULL, subject TEXT NOT NULL DEFAULT '', what TEXT NOT NULL,
  bytes INTEGER NOT NULL DEFAULT 0, detail TEXT NOT NULL DEFAULT '', seen INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE TABLE state (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE VIEW usage_by_slot AS
  SELECT u.slot AS started, datetime(u.slot, 'unixepoch') AS started_utc, s.kind, s.name AS device, s.counted,
         receive_bytes, transmit_bytes, receive_packets, transmit_packets, receive_errors, transmit_errors, receive_drops, transmit_drops, estimated_bytes, peak_receive_speed, peak_transmit_speed, peak_speed
  FROM slot AS u JOIN subject AS s ON s.id = u.subject;
CREATE VIEW usage_by_minute AS
  SELECT u.minute AS started, datetime(u.minute, 'unixepoch') AS started_utc, s.kind, s.name AS device, s.counted,
         receive_bytes, transmit_bytes, peak_receive_speed, peak_transmit_speed, peak_speed
  FROM minute AS u JOIN subject AS s ON s.id = u.subject;
CREATE VIEW usage_by_day AS
  SELECT u.day, date(u.day * 86400, 'unixepoch') AS date, s.kind, s.name AS device, s.counted,
         receive_bytes, transmit_bytes, receive_packets, transmit_packets, receive_errors, transmit_errors, receive_drops, transmit_drops, estimated_bytes, peak_receive_speed, peak_transmit_speed, peak_speed
  FROM day AS u JOIN subject AS s ON s.id = u.subject;
CREATE VIEW usage_by_month AS
  SELECT strftime('%Y-%m', u.day * 86400, 'unixepoch') AS month, s.kind, s.name AS device, s.counted,
         sum(u.receive_bytes) AS receive_bytes, sum(u.transmit_bytes) AS transmit_bytes, sum(u.receive_packets) AS receive_packets, sum(u.transmit_packets) AS transmit_packets, sum(u.receive_errors) AS receive_errors, sum(u.transmit_errors) AS transmit_errors, sum(u.receive_drops) AS receive_drops, sum(u.transmit_drops) AS transmit_drops, sum(estimated_bytes) AS estimated_bytes, max(peak_speed) AS peak_speed, count(*) AS days
  FROM day AS u JOIN subject AS s ON s.id = u.subject GROUP BY month, s.id;
CREATE VIEW interface AS
  SELECT s.name AS device, s.counted, s.uplink, s.first_seen, s.last_seen, ifnull(receive_bytes, 0) AS receive_bytes, ifnull(transmit_bytes, 0) AS transmit_bytes, ifnull(receive_packets, 0) AS receive_packets, ifnull(transmit_packets, 0) AS transmit_packets, ifnull(receive_errors, 0) AS receive_errors, ifnull(transmit_errors, 0) AS transmit_errors, ifnull(receive_drops, 0) AS receive_drops, ifnull(transmit_drops, 0) AS transmit_drops,
         ifnull(estimated_bytes, 0) AS estimated_bytes, ifnull(peak_receive_speed, 0) AS peak_receive_speed, ifnull(peak_transmit_speed, 0) AS peak_transmit_speed, ifnull(peak_speed, 0) AS peak_speed
  FROM subject AS s LEFT JOIN (
    SELECT u.subject, sum(u.receive_bytes) AS receive_bytes, sum(u.transmit_bytes) AS transmit_bytes, sum(u.receive_packets) AS receive_packets, sum(u.transmit_packets) AS transmit_packets, sum(u.receive_errors) AS receive_errors, sum(u.transmit_errors) AS transmit_errors, sum(u.receive_drops) AS receive_drops, sum(u.transmit_drops) AS transmit_drops, sum(estimated_bytes) AS estimated_bytes, max(u.peak_receive_speed) AS peak_receive_speed, max(u.peak_transmit_speed) AS peak_transmit_speed, max(u.peak_speed) AS peak_speed FROM day AS u GROUP BY u.subject
  ) AS ever ON ever.subject = s.id
  WHERE s.kind = 'interface';
CREATE VIEW epoch AS
  SELECT s.name AS device, s.kind, s.counted, c.epoch, c.began_at, c.read_at,
         c.receive_bytes, c.transmit_bytes, c.base_receive_bytes, c.base_transmit_bytes,
         c.ledger_receive_bytes, c.ledger_transmit_bytes, c.discarded_receive_bytes, c.discarded_transmit_bytes
  FROM checkpoint AS c JOIN subject AS s ON s.id = c.subject;
