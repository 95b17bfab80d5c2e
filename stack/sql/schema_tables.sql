-- Tables and views of this schema that belong to no extension, with what they mean. Hypertables without their chunks.
SELECT c.relname AS name,
       CASE WHEN c.relkind = 'v' THEN 'view'
            WHEN h.hypertable_name IS NOT NULL THEN 'hypertable'
            ELSE 'table' END AS kind,
       coalesce(obj_description(c.oid, 'pg_class'), '') AS meaning
FROM pg_class c
LEFT JOIN timescaledb_information.hypertables h ON h.hypertable_schema = 'public' AND h.hypertable_name = c.relname
WHERE c.relnamespace = 'public'::regnamespace
  AND c.relkind IN ('r', 'p', 'v')
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY c.relname;
