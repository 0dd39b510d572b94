CREATE TABLE "interface_checkpoint" (
  subject INTEGER PRIMARY KEY REFERENCES subject (id), epoch TEXT NOT NULL, counter_bits INTEGER NOT NULL,
  receive_bytes INTEGER NOT NULL DEFAULT 0, transmit_bytes INTEGER NOT NULL DEFAULT 0, receive_packets INTEGER NOT NULL DEFAULT 0, transmit_packets INTEGER NOT NULL DEFAULT 0, receive_errors INTEGER NOT NULL DEFAULT 0, transmit_errors INTEGER NOT NULL DEFAULT 0, receive_drops INTEGER NOT NULL DEFAULT 0, transmit_drops INTEGER NOT NULL DEFAULT 0,
  began_at INTEGER NOT NULL, base_receive_bytes INTEGER NOT NULL, base_transmit_bytes INTEGER NOT NULL,
  ledger_receive_bytes INTEGER NOT NULL, ledger_transmit_bytes INTEGER NOT NULL,
  discarded_receive_bytes INTEGER NOT NULL DEFAULT 0, discarded_transmit_bytes INTEGER NOT NULL DEFAULT 0,
  read_at INTEGER NOT NULL
) STRICT;
CREATE TABLE meter (
  name TEXT PRIMARY KEY, posting INTEGER NOT NULL, boot_id TEXT NOT NULL, wall INTEGER NOT NULL, elapsed INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE "interface_slot" (
  slot INTEGER NOT NULL, subject INTEGER NOT NULL REFERENCES subject (id),
  receive_bytes INTEGER NOT NULL DEFAULT 0, transmit_bytes INTEGER NOT NULL DEFAULT 0, receive_packets INTEGER NOT NULL DEFAULT 0, transmit_packets INTEGER NOT NULL DEFAULT 0, receive_errors INTEGER NOT NULL DEFAULT 0, transmit_errors INTEGER NOT NULL DEFAULT 0, receive_drops INTEGER NOT NULL DEFAULT 0, transmit_drops INTEGER NOT NULL DEFAULT 0, estimated_bytes INTEGER NOT NULL DEFAULT 0, peak_receive_speed INTEGER NOT NULL DEFAULT 0, peak_transmit_speed INTEGER NOT NULL DEFAULT 0, peak_speed INTEGER NOT NULL DEFAULT 0, posting INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (slot, subject)
) STRICT, WITHOUT ROWID;
CREATE TABLE "interface_minute" (
  minute INTEGER NOT NULL, subject INTEGER NOT NULL REFERENCES subject (id),
  receive_bytes INTEGER NOT NULL DEFAULT 0, transmit_bytes INTEGER NOT NULL DEFAULT 0, peak_receive_speed INTEGER NOT NULL DEFAULT 0, peak_transmit_speed INTEGER NOT NULL DEFAULT 0, peak_speed INTEGER NOT NULL DEFAULT 0, posting INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (minute, subject)
) STRICT, WITHOUT ROWID;
CREATE TABLE "interface_day" (
  day INTEGER NOT NULL, subject INTEGER NOT NULL REFERENCES subject (id),
  receive_bytes INTEGER NOT NULL DEFAULT 0, transmit_bytes INTEGER NOT NULL DEFAULT 0, receive_packets INTEGER NOT NULL DEFAULT 0, transmit_packets INTEGER NOT NULL DEFAULT 0, receive_errors INTEGER NOT NULL DEFAULT 0, transmit_errors INTEGER NOT NULL DEFAULT 0, receive_drops INTEGER NOT NULL DEFAULT 0, transmit_drops INTEGER NOT NULL DEFAULT 0, estimated_bytes INTEGER NOT NULL DEFAULT 0, peak_receive_speed INTEGER NOT NULL DEFAULT 0, peak_transmit_speed INTEGER NOT NULL DEFAULT 0, peak_speed INTEGER NOT NULL DEFAULT 0, posting INTEGER NOT NULL DEFAULT 0,
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
, meter TEXT NOT NULL DEFAULT '') STRICT;
CREATE TABLE state (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE subject (
  id INTEGER PRIMARY KEY AUTOINCREMENT, meter TEXT NOT NULL, key TEXT NOT NULL,
  first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL, UNIQUE (meter, key)
) STRICT
;
CREATE TABLE interface_subject (
  subject INTEGER PRIMARY KEY REFERENCES subject (id), device TEXT NOT NULL, counted INTEGER NOT NULL DEFAULT 0, uplink INTEGER NOT NULL DEFAULT 0,
  UNIQUE (device)
) STRICT;
CREATE TABLE interface_movable (
  grain TEXT NOT NULL, subject INTEGER NOT NULL, began INTEGER NOT NULL, ended INTEGER NOT NULL,
  back INTEGER NOT NULL DEFAULT 0, is_moved INTEGER NOT NULL DEFAULT 1, receive_bytes INTEGER NOT NULL DEFAULT 0, transmit_bytes INTEGER NOT NULL DEFAULT 0, receive_packets INTEGER NOT NULL DEFAULT 0, transmit_packets INTEGER NOT NULL DEFAULT 0, receive_errors INTEGER NOT NULL DEFAULT 0, transmit_errors INTEGER NOT NULL DEFAULT 0, receive_drops INTEGER NOT NULL DEFAULT 0, transmit_drops INTEGER NOT NULL DEFAULT 0, estimated_bytes INTEGER NOT NULL DEFAULT 0, peak_receive_speed INTEGER NOT NULL DEFAULT 0, peak_transmit_speed INTEGER NOT NULL DEFAULT 0, peak_speed INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE host (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, system TEXT NOT NULL, zone TEXT NOT NULL
) STRICT, WITHOUT ROWID
;
CREATE TABLE imported (
  source TEXT NOT NULL, subject INTEGER NOT NULL REFERENCES subject (id),
  first_day INTEGER NOT NULL, last_day INTEGER NOT NULL,
  receive_bytes INTEGER NOT NULL DEFAULT 0, transmit_bytes INTEGER NOT NULL DEFAULT 0, receive_packets INTEGER NOT NULL DEFAULT 0, transmit_packets INTEGER NOT NULL DEFAULT 0, receive_errors INTEGER NOT NULL DEFAULT 0, transmit_errors INTEGER NOT NULL DEFAULT 0, receive_drops INTEGER NOT NULL DEFAULT 0, transmit_drops INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (source, subject, first_day)
) STRICT, WITHOUT ROWID
;
CREATE VIEW interface_by_minute AS
  SELECT u.minute AS started, datetime(u.minute, 'unixepoch') AS started_utc, k.device, k.counted, k.uplink, u.receive_bytes, u.transmit_bytes, u.peak_receive_speed, u.peak_transmit_speed, u.peak_speed
  FROM interface_minute AS u JOIN interface_subject AS k ON k.subject = u.subject;
CREATE VIEW interface_by_slot AS
  SELECT u.slot AS started, datetime(u.slot, 'unixepoch') AS started_utc, k.device, k.counted, k.uplink, u.receive_bytes, u.transmit_bytes, u.receive_packets, u.transmit_packets, u.receive_errors, u.transmit_errors, u.receive_drops, u.transmit_drops, u.estimated_bytes, u.peak_receive_speed, u.peak_transmit_speed, u.peak_speed
  FROM interface_slot AS u JOIN interface_subject AS k ON k.subject = u.subject;
CREATE VIEW interface_by_day AS
  SELECT u.day, date(u.day * 86400, 'unixepoch') AS date, k.device, k.counted, k.uplink, u.receive_bytes, u.transmit_bytes, u.receive_packets, u.transmit_packets, u.receive_errors, u.transmit_errors, u.receive_drops, u.transmit_drops, u.estimated_bytes, u.peak_receive_speed, u.peak_transmit_speed, u.peak_speed
  FROM interface_day AS u JOIN interface_subject AS k ON k.subject = u.subject;
CREATE VIEW interface_by_month AS
  SELECT strftime('%Y-%m', u.day * 86400, 'unixepoch') AS month, k.device, k.counted, k.uplink, sum(receive_bytes) AS receive_bytes, sum(transmit_bytes) AS transmit_bytes, sum(receive_packets) AS receive_packets, sum(transmit_packets) AS transmit_packets, sum(receive_errors) AS receive_errors, sum(transmit_errors) AS transmit_errors, sum(receive_drops) AS receive_drops, sum(transmit_drops) AS transmit_drops, sum(estimated_bytes) AS estimated_bytes, max(peak_receive_speed) AS peak_receive_speed, max(peak_transmit_speed) AS peak_transmit_speed, max(peak_speed) AS peak_speed,
         count(*) AS days
  FROM interface_day AS u JOIN interface_subject AS k ON k.subject = u.subject
  GROUP BY month, u.subject;
CREATE VIEW usage_by_slot AS
  SELECT started, started_utc, 'interface' AS kind, device, counted, receive_bytes, transmit_bytes, receive_packets, transmit_packets, receive_errors, transmit_errors, receive_drops, transmit_drops, estimated_bytes, peak_receive_speed, peak_transmit_speed, peak_speed FROM interface_by_slot;
CREATE VIEW usage_by_minute AS
  SELECT started, started_utc, 'interface' AS kind, device, counted, receive_bytes, transmit_bytes, peak_receive_speed, peak_transmit_speed, peak_speed FROM interface_by_minute;
CREATE VIEW usage_by_day AS
  SELECT day, date, 'interface' AS kind, device, counted, receive_bytes, transmit_bytes, receive_packets, transmit_packets, receive_errors, transmit_errors, receive_drops, transmit_drops, estimated_bytes, peak_receive_speed, peak_transmit_speed, peak_speed FROM interface_by_day;
CREATE VIEW usage_by_month AS
  SELECT month, 'interface' AS kind, device, counted, receive_bytes, transmit_bytes, receive_packets, transmit_packets, receive_errors, transmit_errors, receive_drops, transmit_drops, estimated_bytes, peak_speed, days
  FROM interface_by_month;
CREATE VIEW interface AS
  SELECT k.device, k.counted, k.uplink, s.first_seen, s.last_seen, ifnull(receive_bytes, 0) AS receive_bytes, ifnull(transmit_bytes, 0) AS transmit_bytes, ifnull(receive_packets, 0) AS receive_packets, ifnull(transmit_packets, 0) AS transmit_packets, ifnull(receive_errors, 0) AS receive_errors, ifnull(transmit_errors, 0) AS transmit_errors, ifnull(receive_drops, 0) AS receive_drops, ifnull(transmit_drops, 0) AS transmit_drops, ifnull(estimated_bytes, 0) AS estimated_bytes, ifnull(peak_receive_speed, 0) AS peak_receive_speed, ifnull(peak_transmit_speed, 0) AS peak_transmit_speed, ifnull(peak_speed, 0) AS peak_speed
  FROM subject AS s JOIN interface_subject AS k ON k.subject = s.id LEFT JOIN (
    SELECT subject, sum(receive_bytes) AS receive_bytes, sum(transmit_bytes) AS transmit_bytes, sum(receive_packets) AS receive_packets, sum(transmit_packets) AS transmit_packets, sum(receive_errors) AS receive_errors, sum(transmit_errors) AS transmit_errors, sum(receive_drops) AS receive_drops, sum(transmit_drops) AS transmit_drops, sum(estimated_bytes) AS estimated_bytes, max(peak_receive_speed) AS peak_receive_speed, max(peak_transmit_speed) AS peak_transmit_speed, max(peak_speed) AS peak_speed FROM interface_day GROUP BY subject
  ) AS ever ON ever.subject = s.id;
CREATE VIEW epoch AS
  SELECT k.device, 'interface' AS kind, k.counted, c.epoch, c.began_at, c.read_at,
         c.receive_bytes, c.transmit_bytes, c.base_receive_bytes, c.base_transmit_bytes,
         c.ledger_receive_bytes, c.ledger_transmit_bytes, c.discarded_receive_bytes, c.discarded_transmit_bytes
  FROM interface_checkpoint AS c JOIN interface_subject AS k ON k.subject = c.subject;
