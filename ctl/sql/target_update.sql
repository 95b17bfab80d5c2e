UPDATE target SET
    name = %(name)s, machine_group = %(machine_group)s, support = %(support)s, rated_power_kw = %(rated_power_kw)s,
    speed_rpm = %(speed_rpm)s, shaft_height_mm = %(shaft_height_mm)s, bearing = %(bearing)s, latitude = %(latitude)s,
    longitude = %(longitude)s, description = %(description)s
WHERE id = %(id)s
