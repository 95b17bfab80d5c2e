SELECT DISTINCT role_name AS __text, role_name AS __value
FROM statement
ORDER BY role_name
