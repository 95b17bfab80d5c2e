SELECT CASE current_setting('timescaledb.license') WHEN 'timescale' THEN 'community' ELSE 'apache' END
