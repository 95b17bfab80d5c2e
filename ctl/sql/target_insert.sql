INSERT INTO target (
    name, machine_group, support, rated_power_kw, speed_rpm, shaft_height_mm, bearing, latitude, longitude, description
) VALUES (
    %(name)s, %(machine_group)s, %(support)s, %(rated_power_kw)s, %(speed_rpm)s, %(shaft_height_mm)s, %(bearing)s,
    %(latitude)s, %(longitude)s, %(description)s
)
RETURNING id
