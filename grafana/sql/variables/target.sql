SELECT name AS __text, name AS __value
FROM (SELECT name FROM target UNION ALL SELECT '–') t
ORDER BY name
