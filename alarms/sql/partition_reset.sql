-- The stream was deleted and made again.
UPDATE alarm_partition SET next_offset = 0, rewind_offset = 0, updated_at = now() WHERE stream = %(stream)s
